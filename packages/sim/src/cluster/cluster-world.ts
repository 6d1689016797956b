// The machines of a simulated cluster, the processes on them, and a diary of what happened.

import { WeirNode } from '@weir/broker'
import type { MetadataImage } from '@weir/controller'
import { AssertionError, errorMessage } from '@weir/core'
import { SimRandom, Simulation } from '@weir/core/sim'
import { loadSettings } from '@weir/settings'
import type { ClusterSimOptions } from './cluster-options.ts'

export const CLIENT_PORT = 9092
const CONTROLLER_PORT = 9093
/** A supervisor starts a process that ended again after up to this. */
export const MAX_MESSAGE_BYTES = 20_000
const RESTART_MS = 1500
const STOP_LIMIT_MS = 15_000

export interface Machine {
  readonly id: number
  readonly name: string
  readonly isController: boolean
  readonly isBroker: boolean
  /** Null while it starts or is down. */
  node: WeirNode | null
  isRunning: boolean
  isStopping: boolean
  isPaused: boolean
  /** Counts starts and ends of the process. */
  life: number
  /** Its broker epoch when its process last ended without a leave; what comes later is another life. */
  endedEpoch: number
  /** Its broker epoch when it last lost what it had not synced. */
  lostEpoch: number
  /** What it has written may not be on the disk, though it was synced later. */
  hasFailedSync: boolean
  /** A call of its disk was made to fail, now or later. */
  hasDiskFault: boolean
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
    this.note(`${how} ${machine.name}`)
    machine.life++
    machine.node = null
    machine.isRunning = false
    machine.isPaused = false
    machine.endedEpoch = Math.max(machine.endedEpoch, this.epochOf(machine))
    this.restarts++
    const silent = this.random.chance(0.5)
    if (how === 'crash') this.sim.crash(machine.name, { silent })
    else this.sim.kill(machine.name)
    this.sim.after(this.#isHealed ? 0 : downMs, () => this.start(machine))
  }

  pause(machine: Machine, forMs: number): void {
    if (!machine.isRunning || machine.isPaused) return
    this.note(`pause ${machine.name} for ${forMs.toFixed(0)} ms`)
    machine.isPaused = true
    this.sim.pause(machine.name)
    const { life } = machine
    this.sim.after(forMs, () => {
      if (machine.life === life) this.resume(machine)
    })
  }

  resume(machine: Machine): void {
    if (!machine.isPaused) return
    this.note(`resume ${machine.name}`)
    machine.isPaused = false
    this.sim.resume(machine.name)
  }

  /** Controlled shutdown; killed if it takes too long. Comes back by itself. */
  shutDown(machine: Machine): void {
    const { node, life } = machine
    if (node === null || machine.isStopping) return
    this.note(`stop ${machine.name}`)
    machine.isStopping = true
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

  #assignments({ id, name, isController, isBroker }: Machine): string[] {
    const { options } = this
    const controllers = this.machines.filter(machine => machine.isController)
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
      `metadata.log.max.record.bytes.between.snapshots=${options.snapshotBytes}`,
      ...SETTINGS,
    ]
  }
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

function machinesOf({ shape }: ClusterSimOptions): Machine[] {
  const machine = (id: number, isController: boolean, isBroker: boolean): Machine => ({
    id,
    name: isBroker ? `b${id}` : `k${id}`,
    isController,
    isBroker,
    node: null,
    isRunning: false,
    isStopping: false,
    isPaused: false,
    life: 0,
    endedEpoch: -1,
    lostEpoch: -1,
    hasFailedSync: false,
    hasDiskFault: false,
  })
  if (shape === 'single') return [machine(1, true, true)]
  if (shape === 'combined') return [1, 2, 3].map(id => machine(id, true, true))
  return [
    ...[1, 2, 3].map(id => machine(id, true, false)),
    ...[4, 5, 6].map(id => machine(id, false, true)),
  ]
}
