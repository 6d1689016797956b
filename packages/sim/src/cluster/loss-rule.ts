// Which machines may lose what they have not synced, without anything being lost that was promised.
//
// With min.insync.replicas 2 one replica may lose its tail (P1) if another in ISR or ELR keeps it. Nobody
// can tell a process that was killed from a machine that lost power: the controller trusts neither when it
// returns. So as long as one has lost writes and has not registered again nobody else may end without a
// leave, and nobody may lose writes while another one is away.
//
// Where no topic has less than 2, whoever is only fenced still has what is committed, and returns with it.
//
// With 1 nothing is promised. Still nothing is lost if all others are well meanwhile; but whoever is
// fenced then leaves the ISR, and the one that lost its writes is the last of it.

import type { ClusterWorld, Machine } from './cluster-world.ts'

export class LossRule {
  readonly #world: ClusterWorld

  constructor(world: ClusterWorld) {
    this.#world = world
  }

  /** Whether its process may be ended. */
  mayEnd(machine: Machine): boolean {
    return !this.#others(machine).some(other => this.#hasLostWrites(other))
  }

  /** Whether it may be disturbed so that it is fenced. */
  mayDisturb(machine: Machine): boolean {
    return this.#world.options.isStrict || this.mayEnd(machine)
  }

  /** True: it may lose writes now, and is known to have done so. */
  tryToLose(machine: Machine): boolean {
    const image = this.#world.metadata()
    const others = this.#others(machine)
    const isUnsound = (other: Machine) => other.hasDiskFault || other.isDamaged
    if (image === null || others.some(other => isUnsound(other) || this.#isAway(other)))
      return false
    if (!this.#world.options.isStrict && others.some(other => this.#isDisturbed(other)))
      return false
    for (const topic of image.topics)
      for (const { isr, elr } of topic.partitions) {
        const holders = [...isr, ...elr]
        if (holders.includes(machine.id) && !holders.some(id => id !== machine.id)) return false
      }
    machine.lostEpoch = this.#world.epochOf(machine)
    return true
  }

  #others(machine: Machine): Machine[] {
    return this.#world.brokers.filter(other => other !== machine)
  }

  /** Until its next registration, which takes it out of all ISRs and ELRs. */
  #hasLostWrites(machine: Machine): boolean {
    return machine.lostEpoch >= 0 && this.#isSince(machine, machine.lostEpoch)
  }

  #isAway(machine: Machine): boolean {
    if (machine.node === null || machine.isStopping) return true
    if (!this.#world.options.isStrict) return this.#isSince(machine, machine.endedEpoch)
    return this.#world.epochOf(machine) <= machine.endedEpoch
  }

  #isDisturbed(machine: Machine): boolean {
    const { machines, sim } = this.#world
    const isCut = ({ name }: Machine) =>
      sim.network.isCut(name, machine.name) || sim.network.isCut(machine.name, name)
    return machine.isPaused || machines.some(isCut)
  }

  /** It has not registered and been let in since it had that epoch. */
  #isSince(machine: Machine, epoch: number): boolean {
    const broker = this.#world.metadata()?.brokers.get(machine.id)
    return broker === undefined || broker.brokerEpoch <= epoch || broker.fenced
  }
}
