// A producer without any state: each record is sent once, to whom the metadata name as the leader, many
// requests at a time. Who is told "not here" may believe it: the record was not appended (R18).

import { Connection } from '@weir/client'
import { buildRecordBatch, type ErrorName, errorName, produceApi } from '@weir/protocol'
import { checkAcked } from './ack-check.ts'
import { CLIENT_PORT, type ClusterWorld, type Machine } from './cluster-world.ts'
import { partitionKey, type RecordHistory } from './record-history.ts'
import type { TopicPartitionName } from './workload-topics.ts'

const PRODUCE_VERSION = 12
const ACK_TIMEOUT_MS = 1500
const REQUEST_TIMEOUT_MS = 3000

/** The record is not there, and never will be. */
const REFUSALS: ReadonlySet<ErrorName> = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_ENOUGH_REPLICAS',
])

export class OnceSending {
  readonly #world: ClusterWorld
  readonly #history: RecordHistory
  readonly #name: string
  readonly #partitions: readonly TopicPartitionName[]
  readonly #connections = new Map<Machine, Promise<Connection>>()
  #number = 0
  #isOn = true

  constructor(
    world: ClusterWorld,
    history: RecordHistory,
    name: string,
    partitions: readonly TopicPartitionName[],
  ) {
    this.#world = world
    this.#history = history
    this.#name = name
    this.#partitions = partitions
    if (partitions.length > 0) this.#next()
  }

  stop(): void {
    this.#isOn = false
  }

  #next(): void {
    if (!this.#isOn) return
    const { random, sim, options } = this.#world
    const target = this.#partitions[random.below(this.#partitions.length)]
    const leader = target === undefined ? null : this.#world.leaderOf(target)
    if (target !== undefined && leader !== null) this.send(leader, target, -1)
    sim.after(random.fraction() * 2 * options.recordEveryMs, () => this.#next())
  }

  /** To this machine, whether it leads the partition or not. */
  send(machine: Machine, { topic, partition }: TopicPartitionName, acks: -1 | 1): void {
    const value = `${this.#name}-${++this.#number}`
    const key = partitionKey(topic, partition)
    this.#history.sent(value, key, 'once')
    this.#deliver(machine, { topic, partition }, { value, acks }).catch((error: unknown) => {
      // Nobody knows what became of it.
      this.#world.note(`${value} to ${machine.name}: ${String(error)}`)
    })
  }

  async #deliver(
    machine: Machine,
    { topic, partition }: TopicPartitionName,
    { value, acks }: { readonly value: string; readonly acks: -1 | 1 },
  ): Promise<void> {
    const sentMs = this.#world.nowMs
    const connection = await this.#connectionTo(machine)
    const nowMs = this.#world.sim.env(this.#name).clock.nowMs()
    const records = buildRecordBatch([{ key: null, value, timestamp: nowMs }])
    const body = {
      acks,
      timeoutMs: ACK_TIMEOUT_MS,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    }
    const answer = await connection.requestAt(produceApi, PRODUCE_VERSION, body)
    const outcome = answer.responses[0]?.partitionResponses[0]
    if (outcome === undefined) throw new Error('an answer without the partition')
    const error = errorName(outcome.errorCode)
    if (error === 'NONE') {
      const { baseOffset: offset } = outcome
      this.#history.acked(value, offset, acks === -1)
      if (acks === -1) checkAcked(this.#world, { value, topic, partition, offset, sentMs })
    } else if (REFUSALS.has(error)) this.#history.failed(value)
    else this.#world.note(`${value} to ${machine.name}: ${error}`)
  }

  async #connectionTo(machine: Machine): Promise<Connection> {
    const known = this.#connections.get(machine)
    if (known !== undefined && (await known.catch(() => null))?.isOpen === true) return await known
    // Somebody else may have opened another one meanwhile.
    const latest = this.#connections.get(machine)
    if (latest !== known && latest !== undefined) return await latest
    const opening = Connection.open(
      this.#world.sim.env(this.#name),
      { host: machine.name, port: CLIENT_PORT },
      { clientId: this.#name, connectTimeoutMs: 500, requestTimeoutMs: REQUEST_TIMEOUT_MS },
    )
    this.#connections.set(machine, opening)
    return await opening
  }
}
