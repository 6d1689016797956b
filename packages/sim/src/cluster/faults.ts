// What goes wrong with machines and links, at random times, as long as faults are on.

import { flipBits } from './bit-flips.ts'
import { ADDED_KINDS, FAULT_KINDS, type FaultKind } from './cluster-options.ts'
import type { ClusterWorld, Machine } from './cluster-world.ts'
import { LossRule } from './loss-rule.ts'
import type { Operator } from './operator.ts'
import { type SceneParts, Scenes } from './scenes.ts'

export interface FaultClients {
  /** The machines of the clients. */
  readonly clients: readonly string[]
  readonly write: SceneParts['write']
}

export class Faults {
  readonly #world: ClusterWorld
  readonly #lossRule: LossRule
  readonly #operator: Operator
  readonly #clients: readonly string[]
  readonly #scenes: Scenes
  readonly #kinds: readonly FaultKind[]
  readonly #skews = new Map<string, number>()
  #isOn = true

  /** `write` sends a record of a client without patience. */
  constructor(world: ClusterWorld, operator: Operator, { clients, write }: FaultClients) {
    this.#world = world
    this.#lossRule = new LossRule(world)
    this.#operator = operator
    this.#clients = clients
    const { faults } = world.options
    this.#kinds = [...FAULT_KINDS, ...ADDED_KINDS].filter(kind => faults.includes(kind))
    this.#scenes = new Scenes(world, {
      operator,
      lossRule: this.#lossRule,
      write,
      losePower: machine => this.#losePower(machine),
    })
  }

  /** Scenes are played beside what else strikes. */
  begin(): void {
    void this.#scenes.begin()
  }

  /** One fault of those that the seed has. */
  strike(): void {
    const kind = this.#kinds[this.#world.random.below(this.#kinds.length)]
    if (kind !== undefined) this.#cause(kind)
  }

  /** Everything is mended; processes that are down come up. */
  heal(): void {
    const { sim, machines } = this.#world
    this.#isOn = false
    this.#scenes.end()
    this.#world.endRivals()
    this.#world.note('faults end')
    sim.network.healAll()
    Object.assign(sim.network.faults, this.#world.options.net)
    for (const [name, byMs] of this.#skews) sim.skewWallClock(name, -byMs)
    for (const machine of machines) {
      sim.disk(machine.name).heal()
      this.#world.resume(machine)
    }
    this.#world.heal()
  }

  #cause(kind: FaultKind): void {
    const { random } = this.#world
    const machine = this.#victim()
    this.#world.endRival(machine)
    switch (kind) {
      case 'kill':
        if (this.#lossRule.mayEnd(machine)) this.#world.end(machine, 'kill')
        return
      case 'powerLoss':
        this.#losePower(machine)
        return
      case 'pause':
        if (this.#lossRule.mayDisturb(machine))
          this.#world.pause(machine, random.chance(0.5) ? random.below(1000) : random.below(6000))
        return
      case 'cut':
        this.#cutOne(machine)
        return
      case 'isolate':
        this.#isolate(machine)
        return
      case 'reset':
        if (!this.#lossRule.mayDisturb(machine)) return
        this.#world.endRivals()
        this.#world.note(`connections of ${machine.name} are reset`)
        for (const other of this.#peers(machine)) this.#world.sim.network.reset(machine.name, other)
        return
      case 'slowNetwork':
        this.#slowNetwork()
        return
      case 'clockJump':
        this.#jump(machine)
        return
      case 'diskError':
        this.#diskError(machine)
        return
      case 'diskFull':
        this.#fillDisk(machine)
        return
      case 'slowDisk':
        this.#slowDisk(machine)
        return
      case 'controlledShutdown':
        if (this.#lossRule.mayEnd(machine)) this.#world.shutDown(machine)
        return
      case 'rollingRestart':
        this.#rollingRestart()
        return
      case 'flippedBits':
        flipBits(this.#world, this.#lossRule, machine)
        return
      default:
        this.#operator.act(kind)
    }
  }

  /** Any machine; often one that leads a partition. */
  #victim(): Machine {
    const { random, machines } = this.#world
    const partitions = this.#world.metadata()?.topic('main')?.partitions ?? []
    const led = partitions[random.below(partitions.length)]?.leader
    const leader = machines.find(({ id }) => id === led)
    if (leader !== undefined && random.chance(0.3)) return leader
    const machine = machines[random.below(machines.length)]
    if (machine === undefined) throw new Error('no machines')
    return machine
  }

  #peers(machine: Machine): string[] {
    const others = this.#world.machines.filter(other => other !== machine)
    return [...others.map(({ name }) => name), ...this.#clients]
  }

  #later(limitMs: number, act: () => void): void {
    this.#world.sim.after(this.#world.random.fraction() * limitMs, () => {
      if (this.#isOn) act()
    })
  }

  #losePower(machine: Machine): void {
    const { options } = this.#world
    if (!this.#lossRule.mayEnd(machine)) return
    // The quorum counts on what was synced.
    const isSafe = machine.hasFailedSync
      ? !machine.isController && this.#lossRule.tryToLose(machine)
      : options.isSynced || !machine.isBroker || this.#lossRule.tryToLose(machine)
    this.#world.end(machine, isSafe ? 'crash' : 'kill')
  }

  #cutOne(machine: Machine): void {
    if (!this.#lossRule.mayDisturb(machine)) return
    const { random, sim } = this.#world
    const peers = this.#peers(machine)
    const other = peers[random.below(peers.length)] ?? ''
    const isOneWay = random.chance(0.5)
    this.#world.note(`cut ${machine.name} ${isOneWay ? '->' : '<->'} ${other}`)
    if (isOneWay) sim.network.cutOneWay(machine.name, other)
    else sim.network.cut(machine.name, other)
    this.#later(4000, () => sim.network.heal(machine.name, other))
  }

  /** From all, or from all but the clients, so that it goes on alone. */
  #isolate(machine: Machine): void {
    if (!this.#lossRule.mayDisturb(machine)) return
    const { random, sim, machines } = this.#world
    const peers = random.chance(0.5)
      ? this.#peers(machine)
      : machines.filter(other => other !== machine).map(({ name }) => name)
    const style = random.below(3)
    this.#world.note(`isolate ${machine.name} style ${style} from ${peers}`)
    for (const other of peers) {
      if (style !== 1) sim.network.cutOneWay(machine.name, other)
      if (style !== 2) sim.network.cutOneWay(other, machine.name)
    }
    this.#later(5000, () => {
      this.#world.note(`${machine.name} is connected again`)
      for (const other of peers) sim.network.heal(machine.name, other)
    })
  }

  #slowNetwork(): void {
    const { sim, random, options } = this.#world
    sim.network.faults.maxLatencyMs = random.between(50, 400)
    this.#world.note(`latency up to ${sim.network.faults.maxLatencyMs.toFixed(0)} ms`)
    this.#later(2000, () => Object.assign(sim.network.faults, options.net))
  }

  #jump(machine: Machine): void {
    const { sim, random } = this.#world
    const byMs = Math.round((random.fraction() - 0.5) * (random.chance(0.2) ? 7_200_000 : 60_000))
    this.#world.note(`clock of ${machine.name} jumps by ${byMs} ms`)
    this.#skews.set(machine.name, (this.#skews.get(machine.name) ?? 0) + byMs)
    sim.skewWallClock(machine.name, byMs)
  }

  /** A write, read or sync fails; a failed sync loses what it was for. */
  #diskError(machine: Machine): void {
    const { sim, random } = this.#world
    const calls = ['write', 'read', 'sync'] as const
    const call = calls[random.below(3)] ?? 'read'
    if (call === 'sync') {
      if (machine.isBroker && !this.#lossRule.tryToLose(machine)) return
      machine.hasFailedSync = true
    }
    if (!this.#lossRule.mayEnd(machine)) return
    const inCalls = 1 + random.below(20)
    this.#world.note(`${call} ${inCalls} of ${machine.name} fails`)
    machine.hasDiskFault = true
    sim.disk(machine.name).fail(call, inCalls)
  }

  #fillDisk(machine: Machine): void {
    if (!this.#lossRule.mayEnd(machine)) return
    const disk = this.#world.sim.disk(machine.name)
    this.#world.note(`disk of ${machine.name} is full soon`)
    machine.hasDiskFault = true
    disk.faults.capacityBytes = disk.usedBytes + this.#world.random.below(2000)
    this.#later(3000, () => {
      this.#world.note(`disk of ${machine.name} has room again`)
      disk.faults.capacityBytes = Number.POSITIVE_INFINITY
    })
  }

  #slowDisk(machine: Machine): void {
    const disk = this.#world.sim.disk(machine.name)
    const before = { ...disk.faults }
    disk.faults.maxDelayMs = this.#world.random.between(20, 600)
    disk.faults.syncWriteChance = 0
    this.#world.note(`disk of ${machine.name} takes up to ${disk.faults.maxDelayMs.toFixed(0)} ms`)
    this.#later(3000, () => {
      disk.faults.maxDelayMs = before.maxDelayMs
      disk.faults.syncWriteChance = before.syncWriteChance
    })
  }

  #rollingRestart(): void {
    this.#world.note('rolling restart')
    this.#world.machines.forEach((machine, index) => {
      this.#world.sim.after(index * 1500, () => {
        if (this.#isOn && this.#lossRule.mayEnd(machine)) this.#world.shutDown(machine)
      })
    })
  }
}
