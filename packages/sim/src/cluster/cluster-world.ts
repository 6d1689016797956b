// The machines of a simulated cluster, the processes on them, and a diary of what happened.

import { WeirNode } from '@weir/broker'
import type { MetadataImage } from '@weir/controller'
import { AssertionError, errorMessage } from '@weir/core'
import { SimRandom, Simulation } from '@weir/core/sim'
import { loadSettings } from '@weir/settings'
import type { ClusterSimOptions } from './cluster-options.ts'

export const CLIENT_PORT = 9092
export const CONTROLLER_PORT = 9093
export const MAX_MESSAGE_BYTES = 20_000
/** A supervisor starts a process that ended again after up to this. */
const RESTART_MS = 1500
const STOP_LIMIT_MS = 15_000
const RIVAL_LOOK_MS = 2
const FIRST_VOTERS = 3

interface NodeShape {
  readonly id: number
  readonly name: string
  readonly isController: boolean
  readonly isBroker: boolean
  /** It was one of the first voters, and its disk still is that one. */
  isVoterAtFirst: boolean
}

export interface Machine extends NodeShape {
  /** Null while it starts or is down. */
  node: WeirNode | null
  isRunning: boolean
  isStopping: boolean
  /** When it began to stop it knew of others that may take over. */
  hasSuccessors: boolean
  isPaused: boolean
  pausedAtMs: number
  /** Counts starts and ends of the process. */
  life: number
  /** Its broker epoch when its process last ended without a leave; what comes later is another life. */
  endedEpoch: number
  /** Its broker epoch when it last lost what it had not synced. */
  lostEpoch: number
  /** When its power failed last. */
  lostAtMs: number
  /** What it has written may not be on the disk, though it was synced later. */
  hasFailedSync: boolean
  /** A call of its disk was made to fail, now or later. */
  hasDiskFault: boolean
  /** Bits of its disk have flipped, and nobody knows whether that is mended. */
  isDamaged: boolean
  /** What happens to its disk while it is down. */
  beforeStart: (() => void) | null
}

export class ClusterWorld {
  readonly sim: Simulation
  readonly random: SimRandom
  readonly options: ClusterSimOptions
  readonly machines: readonly Machine[]
  readonly violations: string[] = []
  restarts = 0
  diskExits = 0
  /** Of the node that knows most. */
  metadata: () => MetadataImage | null = () => null
  /** Hears of processes that stand still, and that go on again. */
  onPause: (machine: Machine) => void = () => {}
  onResume: (machine: Machine, pausedMs: number) => void = () => {}
  readonly #rivalLives = new Map<string, object>()
  #isHealed = false

  constructor(options: ClusterSimOptions) {
    this.options = options
    const seed = `cluster ${options.seed}`
    this.random = new SimRandom(seed)
    this.sim = new Simulation({ seed, diskFaults: options.disk, netFaults: options.net })
    this.machines = machinesOf(options)
  }

  get nowMs(): number {
    return this.sim.nowMs
  }

  get brokers(): readonly Machine[] {
    return this.machines.filter(machine => machine.isBroker)
  }

  get bootstrap(): { host: string; port: number }[] {
    return this.brokers.map(({ name }) => ({ host: name, port: CLIENT_PORT }))
  }

  /** Processes that serve. */
  get running(): Machine[] {
    return this.machines.filter(machine => machine.node !== null)
  }

  /** As the newest metadata say; -1 before the first registration. */
  epochOf(machine: Machine): number {
    return this.metadata()?.brokers.get(machine.id)?.brokerEpoch ?? -1
  }

  /** As the newest metadata say; null if there is none, or it is not up. */
  leaderOf(target: { readonly topic: string; readonly partition: number }): Machine | null {
    const leader = this.metadata()?.topic(target.topic)?.partitions[target.partition]?.leader
    return this.machines.find(({ id, node }) => id === leader && node !== null) ?? null
  }

  /** Whether somebody believes to lead a partition of that topic that others lead by now. */
  hasDeposedLeader(topic: string): boolean {
    const partitions = this.metadata()?.topic(topic)?.partitions ?? []
    return this.running.some(({ id, node }) =>
      partitions.some(({ partitionIndex, leader }) => {
        const believed = node?.controlServices.metadata.topic(topic)?.partitions[partitionIndex]
        return believed?.leader === id && leader !== id
      }),
    )
  }

  fail(message: string): void {
    this.note(`VIOLATION ${message}`)
    this.violations.push(`${message} (at ${this.nowMs.toFixed(1)} ms)`)
  }

  /** Whether the machine has logged this at some time. */
  hasSaid(name: string, text: string): boolean {
    return this.sim.logs.some(({ machine, message }) => machine === name && message.includes(text))
  }

  note(message: string): void {
    const line = { machine: '-', atMs: this.nowMs, level: 'info' as const, message, fields: {} }
    this.sim.logs.push(line)
  }

  checkViolations(): void {
    const [first] = this.violations
    if (first !== undefined) throw new Error(first)
  }

  /** From now on a process that does not come up or ends by itself is wrong. */
  heal(): void {
    this.#isHealed = true
  }

  start(machine: Machine): void {
    if (machine.isRunning) return
    machine.isRunning = true
    machine.isStopping = false
    const life = ++machine.life
    machine.beforeStart?.()
    machine.beforeStart = null
    const { settings } = loadSettings({ assignments: this.#assignments(machine) })
    const onFatal = (error: Error) => {
      if (machine.life === life) this.#onFatal(machine, error)
    }
    this.note(`start ${machine.name}`)
    const env = this.sim.env(machine.name)
    WeirNode.start(env, { settings, hostName: machine.name, onFatal }).then(
      node => {
        if (machine.life !== life) return
        machine.node = node
        this.note(`${machine.name} serves`)
      },
      (error: unknown) => {
        if (machine.life !== life) return
        this.note(`${machine.name} does not start: ${errorMessage(error)}`)
        if (error instanceof AssertionError) this.fail(`${machine.name}: ${errorMessage(error)}`)
        this.end(machine, 'kill')
      },
    )
  }

  #onFatal(machine: Machine, error: Error): void {
    this.note(`${machine.name} ends itself: ${errorMessage(error)}`)
    if (machine.hasDiskFault && !(error instanceof AssertionError)) this.diskExits++
    else this.fail(`${machine.name} ends itself: ${errorMessage(error)}`)
    this.end(machine, 'kill')
  }

  /** The process ends, or its machine loses power, and comes back by itself. */
  end(machine: Machine, how: 'kill' | 'crash', downMs = this.random.fraction() * RESTART_MS): void {
    if (!machine.isRunning) return
    this.endRival(machine)
    this.note(`${how} ${machine.name}`)
    machine.life++
    machine.node = null
    machine.isRunning = false
    machine.isPaused = false
    machine.endedEpoch = Math.max(machine.endedEpoch, this.epochOf(machine))
    this.restarts++
    const silent = this.random.chance(0.5)
    if (how === 'crash') {
      machine.lostAtMs = this.nowMs
      this.sim.crash(machine.name, { silent })
    } else this.sim.kill(machine.name)
    this.sim.after(this.#isHealed ? 0 : downMs, () => this.start(machine))
  }

  /** Its disk is no voter's any more: it comes back with an empty one, as somebody new. */
  replaceDisk(machine: Machine): void {
    this.note(`${machine.name} gets another disk`)
    machine.isVoterAtFirst = false
    machine.beforeStart = () => this.sim.disk(machine.name).replace()
    this.end(machine, 'kill')
  }

  pause(machine: Machine, forMs: number): void {
    if (!machine.isRunning || machine.isPaused) return
    this.note(`pause ${machine.name} for ${forMs.toFixed(0)} ms`)
    machine.isPaused = true
    machine.pausedAtMs = this.nowMs
    this.sim.pause(machine.name)
    this.onPause(machine)
    const { life } = machine
    this.sim.after(forMs, () => {
      if (machine.life === life) this.resume(machine)
    })
  }

  resume(machine: Machine): void {
    if (!machine.isPaused) return
    this.note(`resume ${machine.name}`)
    machine.isPaused = false
    this.onResume(machine, this.nowMs - machine.pausedAtMs)
    this.sim.resume(machine.name)
  }

  /**
   * A second process of a broker, on another machine with a disk of its own (R14): it must not get in as
   * long as the first is well, which the caller sees to: whatever happens to a machine ends it. When the
   * session of the first ends all the same, as no controller hears of it, the second goes.
   */
  startRival(machine: Machine, forMs: number): void {
    const name = rivalOf(machine)
    if (this.#rivalLives.has(name)) return
    this.note(`start ${name}, a rival`)
    const { settings } = loadSettings({ assignments: this.#assignments({ ...machine, name }) })
    const env = this.sim.env(name)
    const life = {}
    this.#rivalLives.set(name, life)
    const brokerEpoch = this.epochOf(machine)
    const look = () => {
      if (this.#rivalLives.get(name) !== life) return
      const broker = this.metadata()?.brokers.get(machine.id)
      if (broker?.brokerEpoch === brokerEpoch && broker.fenced) this.#endRival(name)
      else this.sim.after(RIVAL_LOOK_MS, look)
    }
    look()
    WeirNode.start(env, { settings, hostName: name, onFatal: () => {} }).then(
      () => {
        if (this.#rivalLives.get(name) === life)
          this.fail(`${name}, a second process of ${machine.name}, serves beside the first`)
      },
      (error: unknown) => this.note(`${name} does not start: ${errorMessage(error)}`),
    )
    this.sim.after(forMs, () => {
      if (this.#rivalLives.get(name) === life) this.#endRival(name)
    })
  }

  endRivals(): void {
    for (const name of [...this.#rivalLives.keys()]) this.#endRival(name)
  }

  endRival(machine: Machine): void {
    const name = rivalOf(machine)
    if (this.#rivalLives.has(name)) this.#endRival(name)
  }

  #endRival(name: string): void {
    this.note(`end ${name}`)
    this.#rivalLives.delete(name)
    this.sim.kill(name)
  }

  /** Controlled shutdown; killed if it takes too long. Comes back by itself. */
  shutDown(machine: Machine): void {
    const { node, life } = machine
    if (node === null || machine.isStopping) return
    this.note(`stop ${machine.name}`)
    machine.isStopping = true
    const brokers = [...node.controlServices.metadata.brokers.values()]
    machine.hasSuccessors = brokers.some(
      ({ brokerId, fenced }) => brokerId !== machine.id && !fenced,
    )
    const end = () => {
      if (machine.life === life) this.end(machine, 'kill')
    }
    this.sim.after(STOP_LIMIT_MS, end)
    node.stop().then(end, (error: unknown) => {
      this.note(`${machine.name} stops badly: ${errorMessage(error)}`)
      if (error instanceof AssertionError) this.fail(`${machine.name}: ${errorMessage(error)}`)
      end()
    })
  }

  /** As its settings name them: the first voters; to who comes later, all the others. */
  #controllersFor({ id, isController, isVoterAtFirst }: NodeShape): Machine[] {
    const controllers = this.machines.filter(other => other.isController)
    if (isController && !isVoterAtFirst) return controllers.filter(other => other.id !== id)
    return controllers.slice(0, FIRST_VOTERS)
  }

  #assignments(machine: NodeShape): string[] {
    const { options } = this
    const { id, name, isController, isBroker } = machine
    const controllers = this.#controllersFor(machine)
    const voters = controllers.map(one => `${one.id}@${one.name}:${CONTROLLER_PORT}`)
    const listeners = [
      ...(isBroker ? [`PLAINTEXT://${name}:${CLIENT_PORT}`] : []),
      ...(isController ? [`CONTROLLER://${name}:${CONTROLLER_PORT}`] : []),
    ]
    const roles = [...(isBroker ? ['broker'] : []), ...(isController ? ['controller'] : [])]
    return [
      `node.id=${id}`,
      `process.roles=${roles}`,
      ...(controllers.length > 1 ? [`controller.quorum.voters=${voters}`] : []),
      `listeners=${options.shape === 'single' ? listeners[0] : listeners}`,
      'log.dirs=/data',
      `min.insync.replicas=${Math.min(options.minInsyncReplicas, this.brokers.length)}`,
      ...(options.isSynced ? ['log.flush.interval.messages=1'] : []),
      `replica.lag.time.max.ms=${options.lagTimeMaxMs}`,
      `metadata.log.max.record.bytes.between.snapshots=${options.snapshotBytes}`,
      ...SETTINGS,
    ]
  }
}

function rivalOf({ name }: Machine): string {
  return `${name}x`
}

const SETTINGS = [
  'offsets.topic.num.partitions=2',
  'offsets.topic.replication.factor=3',
  'auto.create.topics.enable=false',
  'log.segment.bytes=1048576',
  `message.max.bytes=${MAX_MESSAGE_BYTES}`,
  'group.initial.rebalance.delay.ms=100',
  'group.min.session.timeout.ms=1000',
  'group.consumer.min.session.timeout.ms=1000',
  'group.consumer.session.timeout.ms=3000',
  'group.consumer.min.heartbeat.interval.ms=100',
  'group.consumer.heartbeat.interval.ms=300',
]

function machinesOf({ shape, faults }: ClusterSimOptions): Machine[] {
  const machine = (id: number, isController: boolean, isBroker: boolean): Machine => ({
    id,
    name: isBroker ? `b${id}` : `k${id}`,
    isController,
    isBroker,
    isVoterAtFirst: isController,
    node: null,
    isRunning: false,
    isStopping: false,
    hasSuccessors: false,
    isPaused: false,
    pausedAtMs: 0,
    life: 0,
    endedEpoch: -1,
    lostEpoch: -1,
    lostAtMs: Number.NEGATIVE_INFINITY,
    hasFailedSync: false,
    hasDiskFault: false,
    isDamaged: false,
    beforeStart: null,
  })
  if (shape === 'single') return [machine(1, true, true)]
  const nodes =
    shape === 'combined'
      ? [1, 2, 3].map(id => machine(id, true, true))
      : [
          ...[1, 2, 3].map(id => machine(id, true, false)),
          ...[4, 5, 6].map(id => machine(id, false, true)),
        ]
  if (!faults.includes('changeVoters')) return nodes
  return [...nodes, { ...machine(nodes.length + 1, true, false), isVoterAtFirst: false }]
}
