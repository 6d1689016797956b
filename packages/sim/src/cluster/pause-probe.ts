// Asks brokers while they stand still for the ends of partitions that they lead. What they answer when
// they go on is from a time at which somebody else may lead: they have to ask first (R16, N2).

import { Connection, OFFSET_LATEST } from '@weir/client'
import { listOffsetsApi } from '@weir/protocol'
import { CLIENT_PORT, type ClusterWorld, type Machine } from './cluster-world.ts'

const NAME = 'probe'
const LIST_OFFSETS_VERSION = 7
const CONNECT_EVERY_MS = 400
/** Half a session: who stood still for less than this need not notice. */
const LEAST_PAUSE_MS = 1100
const PAUSE_LIMIT_MS = 20_000

interface Asked {
  readonly topic: string
  readonly partition: number
  readonly leaderEpoch: number
}

export class PauseProbe {
  readonly #world: ClusterWorld
  readonly #connections = new Map<Machine, Connection>()
  readonly #opening = new Set<Machine>()
  /** What others led when the machine went on, of what it led when it stood still. */
  readonly #lost = new Map<Machine, readonly Asked[]>()
  #isOn = true

  constructor(world: ClusterWorld) {
    this.#world = world
    world.onPause = machine => this.#ask(machine)
    world.onResume = (machine, pausedMs) => this.#onResume(machine, pausedMs)
    this.#connect()
  }

  stop(): void {
    this.#isOn = false
  }

  /** To those that serve: one that stands still takes no connection. */
  #connect(): void {
    if (!this.#isOn) return
    for (const machine of this.#world.brokers) {
      const isNeeded = this.#connections.get(machine)?.isOpen !== true
      if (isNeeded && machine.node !== null && !this.#opening.has(machine)) this.#open(machine)
    }
    this.#world.sim.after(CONNECT_EVERY_MS, () => this.#connect())
  }

  #open(machine: Machine): void {
    this.#opening.add(machine)
    const to = { host: machine.name, port: CLIENT_PORT }
    const options = { clientId: NAME, connectTimeoutMs: 300, requestTimeoutMs: PAUSE_LIMIT_MS }
    Connection.open(this.#world.sim.env(NAME), to, options).then(
      connection => {
        this.#opening.delete(machine)
        this.#connections.set(machine, connection)
      },
      () => this.#opening.delete(machine),
    )
  }

  #ask(machine: Machine): void {
    const connection = this.#connections.get(machine)
    const led = this.#ledBy(machine)
    if (connection?.isOpen !== true || led.length === 0) return
    const topics = led.map(({ topic, partition }) => ({
      name: topic,
      partitions: [{ partitionIndex: partition, timestamp: OFFSET_LATEST }],
    }))
    connection
      .requestAt(listOffsetsApi, LIST_OFFSETS_VERSION, {
        replicaId: -1,
        isolationLevel: 0,
        topics,
      })
      .then(
        answer => {
          for (const { name, partitions } of answer.topics)
            for (const { partitionIndex, errorCode } of partitions)
              if (errorCode === 0) this.#onServed(machine, name, partitionIndex)
        },
        () => {}, // It ended meanwhile.
      )
  }

  #ledBy({ id }: Machine): Asked[] {
    const topics = this.#world.metadata()?.topics ?? []
    return [...topics].flatMap(({ name, partitions }) =>
      partitions
        .filter(({ leader }) => leader === id)
        .map(({ partitionIndex, leaderEpoch }) => ({
          topic: name,
          partition: partitionIndex,
          leaderEpoch,
        })),
    )
  }

  #onResume(machine: Machine, pausedMs: number): void {
    const image = this.#world.metadata()
    const lost: Asked[] = []
    for (const { name, partitions } of image?.topics ?? [])
      for (const { partitionIndex, leader, leaderEpoch } of partitions)
        if (leader !== machine.id && leader >= 0)
          lost.push({ topic: name, partition: partitionIndex, leaderEpoch })
    this.#lost.set(machine, pausedMs < LEAST_PAUSE_MS ? [] : lost)
  }

  /** It answered as the leader: wrong, if another one had been elected and nothing has changed since. */
  #onServed(machine: Machine, topic: string, partition: number): void {
    const lost = this.#lost
      .get(machine)
      ?.find(each => each.topic === topic && each.partition === partition)
    if (lost === undefined || machine.isPaused) return
    const own = machine.node?.services.replicaManager.getPartition(topic, partition)
    if (own === undefined || own.leaderEpoch > lost.leaderEpoch) return
    this.#world.fail(
      `${machine.name} stood still and then served ${topic}-${partition}, ` +
        `which others led in epoch ${lost.leaderEpoch} by then`,
    )
  }
}
