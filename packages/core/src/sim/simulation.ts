// A deterministic world: machines with disks, a network, one virtual clock. The next event is taken,
// run, all microtasks are drained, then the next one: same seed, same trace.
//
// Code under test must not wait for anything real (a file, a socket, a thread): it would come back
// at a moment that no seed decides.

import { assert } from '../assert.ts'
import type { Env } from '../env.ts'
import { type Life, Schedule } from './schedule.ts'
import { SimClock, type WallClock } from './sim-clock.ts'
import { type DiskFaults, NO_DISK_FAULTS, SimDisk } from './sim-disk.ts'
import { SimDiskAccess } from './sim-disk-access.ts'
import { type LogLine, SimLogger } from './sim-logger.ts'
import { type MachinePower, type NetFaults, NO_NET_FAULTS, SimNet, SimNetwork } from './sim-net.ts'
import { hashText, SimRandom } from './sim-random.ts'
import { SimWorkers } from './sim-workers.ts'

/** 2026-01-01T00:00:00Z: where the wall clock of every machine starts. */
const SIM_START_MS = 1_767_225_600_000

const DEFAULT_LIMIT_MS = 600_000

export interface SimulationOptions {
  readonly seed: number | string
  readonly diskFaults?: Partial<DiskFaults>
  readonly netFaults?: Partial<NetFaults>
  /**
   * Disk calls are done at once and their promises are resolved: `await` works in a test without
   * running the simulation.
   */
  readonly instantDisk?: boolean
}

/** How long to go on: to a moment, for a while, or until something is true. */
export type RunUntil = { readonly untilMs: number } | { readonly forMs: number } | (() => boolean)

interface Machine {
  readonly name: string
  readonly disk: SimDisk
  readonly wall: WallClock
  isOn: boolean
  life: Life | null
  env: Env | null
  lifeCount: number
}

export class Simulation {
  readonly seed: number | string
  readonly random: SimRandom
  readonly network: SimNetwork
  /** Everything that was logged, in order. */
  readonly logs: LogLine[] = []
  readonly #options: SimulationOptions
  readonly #schedule = new Schedule()
  readonly #machines = new Map<string, Machine>()
  #eventCount = 0
  #hashLow = 0x811c9dc5
  #hashHigh = 0x1b873593
  #isRunning = false

  constructor(options: SimulationOptions) {
    this.seed = options.seed
    this.#options = options
    this.random = this.#stream('harness')
    const power = (name: string): MachinePower => {
      const machine = this.#machines.get(name)
      return { isOn: machine?.isOn === true, life: machine?.life ?? null }
    }
    const netFaults = { ...NO_NET_FAULTS, ...options.netFaults }
    this.network = new SimNetwork(this.#schedule, this.#stream('net'), netFaults, power)
  }

  /** Virtual milliseconds since the start. */
  get nowMs(): number {
    return this.#schedule.nowMs
  }

  get eventCount(): number {
    return this.#eventCount
  }

  /** A fingerprint of all events so far: when, where, what. */
  get traceHash(): string {
    const hex = (half: number) => (half >>> 0).toString(16).padStart(8, '0')
    return hex(this.#hashHigh) + hex(this.#hashLow)
  }

  /** The world of a machine. One that is off (new, or crashed) is switched on, with its old disk. */
  env(name: string): Env {
    const machine = this.#machine(name)
    if (machine.env === null) machine.env = this.#start(machine)
    return machine.env
  }

  isAlive(name: string): boolean {
    return this.#machines.get(name)?.life?.isAlive === true
  }

  /** The machine's disk with its faults; it outlives crashes. */
  disk(name: string): SimDisk {
    return this.#machine(name).disk
  }

  /**
   * Power failure: timers and sockets are gone, what was not synced is lost, torn or kept by seed.
   * Peers are told by a reset unless `silent`: then they find out when they send after the restart.
   */
  crash(name: string, options: { readonly silent?: boolean } = {}): void {
    const machine = this.#stop(name, options.silent === true)
    machine.isOn = false
    machine.disk.crash()
  }

  /** kill -9: the process is gone, what it wrote is in the page cache and stays. */
  kill(name: string): void {
    this.#stop(name, false).disk.finishInFlight()
  }

  /** SIGSTOP: nothing happens on the machine until `resume`; then all of it at once. */
  pause(name: string): void {
    const life = this.#machine(name).life
    if (life !== null) life.isPaused = true
  }

  resume(name: string): void {
    const life = this.#machine(name).life
    if (life === null || !life.isPaused) return
    life.isPaused = false
    this.#schedule.release(life)
  }

  /** Moves the wall clock of a machine; the monotonic one is not touched. */
  skewWallClock(name: string, byMs: number): void {
    this.#machine(name).wall.startMs += byMs
  }

  /** Calls `fn` after virtual time, on behalf of the test. */
  after(delayMs: number, fn: () => void): void {
    this.#schedule.add(null, delayMs, 'harness', fn)
  }

  /**
   * Runs events. To a moment or for a while: the clock is there afterwards. Until a condition holds:
   * rejects when nothing is left to happen, or after `limitMs` of virtual time (10 minutes).
   * Rejects with whatever an event throws.
   */
  async run(until: RunUntil, limitMs = DEFAULT_LIMIT_MS): Promise<void> {
    assert(!this.#isRunning, 'the simulation is already running')
    this.#isRunning = true
    try {
      await drainMicrotasks()
      if (typeof until === 'function') await this.#runUntilTrue(until, this.nowMs + limitMs)
      else await this.#runTo('untilMs' in until ? until.untilMs : this.nowMs + until.forMs)
    } finally {
      this.#isRunning = false
    }
  }

  /** Runs until the promise is settled and answers as it does. */
  async complete<T>(promise: Promise<T>, limitMs = DEFAULT_LIMIT_MS): Promise<T> {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    promise.then(settle, settle)
    await this.run(() => isSettled, limitMs)
    return promise
  }

  async #runUntilTrue(condition: () => boolean, limitMs: number): Promise<void> {
    while (!condition()) {
      if (await this.#step(limitMs)) continue
      const why = this.#schedule.size === 0 ? 'nothing is left to happen' : 'time is up'
      throw new Error(`${why} at ${this.nowMs.toFixed(1)} ms, seed ${this.seed}`)
    }
  }

  async #runTo(untilMs: number): Promise<void> {
    while (await this.#step(untilMs));
    this.#schedule.advanceTo(untilMs)
  }

  /** False: nothing happens at or before the limit. */
  async #step(limitMs: number): Promise<boolean> {
    const event = this.#schedule.takeUntil(limitMs)
    if (event === null) return false
    this.#eventCount++
    this.#mix(Math.floor(this.nowMs * 1000) | 0)
    this.#mix(hashText(event.label))
    if (event.life !== null) this.#mix(hashText(event.life.machine))
    event.run()
    await drainMicrotasks()
    return true
  }

  #mix(value: number): void {
    this.#hashLow = Math.imul(this.#hashLow ^ value, 0x01000193)
    this.#hashHigh = Math.imul((this.#hashHigh << 13) ^ (this.#hashHigh >>> 7) ^ value, 0x9e3779b1)
  }

  #machine(name: string): Machine {
    const known = this.#machines.get(name)
    if (known !== undefined) return known
    const faults = { ...NO_DISK_FAULTS, ...this.#options.diskFaults }
    const isInstant = this.#options.instantDisk === true
    const machine: Machine = {
      name,
      disk: new SimDisk(this.#schedule, this.#stream(`disk ${name}`), faults, isInstant),
      wall: { startMs: SIM_START_MS },
      isOn: false,
      life: null,
      env: null,
      lifeCount: 0,
    }
    this.#machines.set(name, machine)
    return machine
  }

  #start(machine: Machine): Env {
    const { name } = machine
    const number = ++machine.lifeCount
    const life: Life = { machine: name, number, isAlive: true, isPaused: false, held: [] }
    machine.life = life
    machine.isOn = true
    const clock = new SimClock(this.#schedule, life, machine.wall)
    const disk = new SimDiskAccess(machine.disk, life, () => clock.nowMs())
    const workerRandom = this.#stream(`workers ${name} ${number}`)
    return {
      clock,
      disk,
      random: this.#stream(`machine ${name} ${number}`),
      net: new SimNet(this.network, life),
      workers: new SimWorkers(this.#schedule, life, workerRandom, { disk, clock }),
      log: new SimLogger(name, {
        lines: this.logs,
        nowMs: () => this.nowMs,
        onBroken: error => this.after(0, () => fail(error)),
      }),
    }
  }

  #stop(name: string, isSilent: boolean): Machine {
    const machine = this.#machine(name)
    const { life } = machine
    if (life !== null) {
      for (const socket of [...this.network.sockets]) {
        if (socket.life === life) socket.die(isSilent)
      }
      life.isAlive = false
    }
    machine.life = null
    machine.env = null
    return machine
  }

  #stream(name: string): SimRandom {
    return new SimRandom(`${this.seed}/${name}`)
  }
}

/**
 * Lets every promise that is ready run, and those that become ready by it: a turn of the real event
 * loop begins only when no microtask is left. It waits for nothing outside.
 */
function drainMicrotasks(): Promise<void> {
  // biome-ignore lint/style/noRestrictedGlobals: the one place that drains the microtasks of a turn.
  return new Promise(resolve => setImmediate(resolve))
}

/** As an event of the harness it ends the run. */
function fail(error: Error): never {
  throw error
}
