// Faults that bite only in a certain order, which chance alone seldom finds. Each scene watches the cluster
// from outside and acts when the moment has come; when it does not come, the scene is over.
//
//   strandLeader  a new leader is cut off before anybody has a record of its epoch, and writes one alone;
//                 the next leader writes none (R4), and may even delete what was before (R2)
//   lateAnswers   what a leader sends to a follower arrives when somebody else leads (R5)
//   lostTail      a follower of a partition without news loses its tail, and does not reach its leader when
//                 it is back: what it fetched before must not count (R8)
//   lastReplica   of two replicas one stands still, and the last one loses its tail (R12, R13)
//   rival         a second process under the id of one that is well (R14)

import type { PartitionImage } from '@weir/controller'
import { errorMessage } from '@weir/core'
import { SimRandom } from '@weir/core/sim'
import { type FaultKind, SCENE_KINDS, type SceneKind } from './cluster-options.ts'
import type { ClusterWorld, Machine } from './cluster-world.ts'
import type { LossRule } from './loss-rule.ts'
import type { Operator } from './operator.ts'
import { QUIET_TOPIC, type TopicPartitionName, WORKLOAD_TOPICS } from './workload-topics.ts'

export interface SceneParts {
  readonly operator: Operator
  readonly lossRule: LossRule
  /** One record, once, to this machine. */
  readonly write: (machine: Machine, target: TopicPartitionName, acks: -1 | 1) => void
  /** A power failure, if nothing is lost by it that was promised. */
  readonly losePower: (machine: Machine) => void
}

const LOOK_MS = 2
/** Less than a session, so that the first process keeps its own. */
const RIVAL_MS = 1300

export class Scenes {
  readonly #world: ClusterWorld
  readonly #parts: SceneParts
  readonly #kinds: readonly SceneKind[]
  /** Of its own, so that other faults come when they would without scenes. */
  readonly #random: SimRandom
  #isOn = true

  constructor(world: ClusterWorld, parts: SceneParts) {
    const { faults, seed } = world.options
    this.#world = world
    this.#parts = parts
    this.#kinds = SCENE_KINDS.filter((kind: FaultKind) => faults.includes(kind))
    this.#random = new SimRandom(`cluster scenes played ${seed}`)
  }

  /** One after the other. */
  async begin(): Promise<void> {
    while (this.#isOn && this.#kinds.length > 0) {
      await this.#sleep(this.#random.fraction() * 2 * this.#world.options.sceneEveryMs)
      const kind = this.#kinds[this.#random.below(this.#kinds.length)]
      if (kind === undefined || !this.#isOn) return
      this.#world.note(`scene ${kind}`)
      await this.#play(kind).catch((error: unknown) =>
        this.#world.note(`scene ${kind}: ${errorMessage(error)}`),
      )
      this.#world.note(`scene ${kind} is over`)
    }
  }

  end(): void {
    this.#isOn = false
  }

  #play(kind: SceneKind): Promise<void> {
    switch (kind) {
      case 'strandLeader':
        return this.#strandLeader()
      case 'lateAnswers':
        return this.#lateAnswers()
      case 'lostTail':
        return this.#lostTail()
      case 'lastReplica':
        return this.#lastReplica()
      case 'rival':
        return this.#rival()
    }
  }

  async #strandLeader(): Promise<void> {
    const { sim, machines } = this.#world
    const random = this.#random
    const target = { topic: QUIET_TOPIC.name, partition: random.below(QUIET_TOPIC.partitionCount) }
    const before = this.#image(target)
    const next = this.#machine(before.isr.find(id => id !== before.leader))
    if (!this.#parts.lossRule.mayDisturb(next)) return
    await this.#parts.operator.lead(target, before.replicas, next.id)
    const leads = () => this.#leads(next, target, before.leaderEpoch)
    if (!(await this.#until(leads, 1000))) return
    const others = machines.filter(other => other !== next).map(({ name }) => name)
    this.#world.note(`${next.name} leads ${target.topic}-${target.partition} and is cut off`)
    for (const other of others) sim.network.cut(next.name, other)
    for (let count = 1 + random.below(3); count > 0; count--) this.#parts.write(next, target, 1)
    const isReplaced = () => {
      const { leader } = this.#image(target)
      return leader >= 0 && leader !== next.id
    }
    const mayDelete = random.chance(0.5)
    if ((await this.#until(isReplaced, 5000)) && mayDelete) {
      await this.#sleep(200)
      await this.#parts.operator.deleteAll(target)
    }
    await this.#sleep(random.below(500))
    for (const other of others) sim.network.heal(next.name, other)
  }

  async #lateAnswers(): Promise<void> {
    const { sim } = this.#world
    const random = this.#random
    const target = { topic: 'main', partition: random.below(3) }
    const before = this.#image(target)
    const leader = this.#machine(before.leader)
    const [follower, next] = before.isr
      .filter(id => id !== before.leader)
      .map(id => this.#machine(id))
    const { lossRule } = this.#parts
    if (follower === undefined || next === undefined) return
    if (!lossRule.mayDisturb(leader) || !lossRule.mayDisturb(follower)) return
    this.#world.note(`${leader.name} -> ${follower.name} is slow for ${target.partition}`)
    sim.network.cutOneWay(leader.name, follower.name)
    try {
      const isAhead = () => this.#endOf(leader, target) > this.#endOf(follower, target)
      if (!(await this.#until(isAhead, 1000))) return
      await this.#sleep(2)
      const moved = this.#parts.operator.lead(target, before.replicas, next.id)
      moved.catch((error: unknown) => this.#world.note(`scene: ${errorMessage(error)}`))
      const hasHeard = () =>
        (this.#partition(follower, target)?.leaderEpoch ?? -1) > before.leaderEpoch
      await this.#until(hasHeard, 1500)
    } finally {
      sim.network.heal(leader.name, follower.name)
    }
  }

  async #lostTail(): Promise<void> {
    const { sim } = this.#world
    const random = this.#random
    const target = { topic: QUIET_TOPIC.name, partition: random.below(QUIET_TOPIC.partitionCount) }
    const image = this.#image(target)
    const leader = this.#machine(image.leader)
    const follower = this.#machine(image.isr.find(id => id !== image.leader))
    for (let count = 1 + random.below(5); count > 0; count--) this.#parts.write(leader, target, -1)
    const hasAll = () => this.#endOf(follower, target) >= this.#endOf(leader, target)
    await this.#sleep(50)
    if (!(await this.#until(hasAll, 1000)) || follower.node === null) return
    const { life } = follower
    this.#parts.losePower(follower)
    if (follower.life === life) return
    sim.network.cut(leader.name, follower.name)
    const isBack = () => {
      const broker = this.#world.metadata()?.brokers.get(follower.id)
      return follower.node !== null && broker?.fenced === false
    }
    await this.#sleep(200)
    // Up to the leader's next look at who may join.
    if (await this.#until(isBack, 2500)) await this.#sleep(2000)
    sim.network.heal(leader.name, follower.name)
  }

  async #lastReplica(): Promise<void> {
    const { options } = this.#world
    const random = this.#random
    if (!options.isStrict) return
    const pair = WORKLOAD_TOPICS.find(({ name }) => name === 'pair')
    const target = { topic: 'pair', partition: random.below(pair?.partitionCount ?? 1) }
    const image = this.#image(target)
    const leader = this.#machine(image.leader)
    const other = this.#machine(image.isr.find(id => id !== image.leader))
    if (!this.#parts.lossRule.mayDisturb(other)) return
    this.#world.pause(other, 8000)
    const isAlone = () => this.#image(target).isr.length === 1
    if (await this.#until(isAlone, 4000)) {
      await this.#sleep(random.below(400))
      this.#parts.losePower(leader)
      // Often until it is there again, alone.
      const isBack = () =>
        leader.node !== null && this.#world.metadata()?.brokers.get(leader.id)?.fenced === false
      if (random.chance(0.6)) await this.#until(isBack, 3000)
      await this.#sleep(random.below(500))
    }
    this.#world.resume(other)
  }

  /** While nothing is wrong with the first process: then no other one may get in. */
  async #rival(): Promise<void> {
    const { brokers, machines, sim } = this.#world
    const machine = brokers[this.#random.below(brokers.length)]
    if (machine === undefined) return
    const isCut = machines.some(
      ({ name }) => sim.network.isCut(name, machine.name) || sim.network.isCut(machine.name, name),
    )
    const isWell = machine.node !== null && !machine.isStopping && !machine.isPaused && !isCut
    const isFenced = this.#world.metadata()?.brokers.get(machine.id)?.fenced !== false
    // A node in both roles is known by its id in the quorum, too: that is another matter.
    if (!isWell || isFenced || machine.isController) return
    this.#world.startRival(machine, RIVAL_MS)
    await this.#sleep(RIVAL_MS)
  }

  #image({ topic, partition }: TopicPartitionName): PartitionImage {
    const image = this.#world.metadata()?.topic(topic)?.partitions[partition]
    if (image === undefined) throw new Error(`${topic}-${partition} is not there`)
    return image
  }

  #machine(id: number | undefined): Machine {
    const machine = this.#world.machines.find(one => one.id === id && one.node !== null)
    if (machine === undefined) throw new Error(`broker ${id} is not up`)
    return machine
  }

  #partition({ node }: Machine, { topic, partition }: TopicPartitionName) {
    return node?.services.replicaManager.getPartition(topic, partition)
  }

  #endOf(machine: Machine, target: TopicPartitionName): number {
    return this.#partition(machine, target)?.log.writtenEndOffset ?? 0
  }

  #leads(machine: Machine, target: TopicPartitionName, epochBefore: number): boolean {
    const partition = this.#partition(machine, target)
    return partition?.isLeader === true && partition.leaderEpoch > epochBefore
  }

  /** False: it did not come about, or the faults have ended. */
  async #until(condition: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#world.nowMs + limitMs
    while (this.#isOn && this.#world.nowMs < endMs) {
      if (condition()) return true
      await this.#sleep(LOOK_MS)
    }
    return false
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.#world.sim.after(ms, resolve))
  }
}
