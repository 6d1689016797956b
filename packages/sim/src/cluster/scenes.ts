// Faults that bite only in a certain order, which chance alone seldom finds. Each scene watches the cluster
// from outside and acts when the moment has come; when it does not come, the scene is over.
//
//   strandLeader  a new leader is cut off before anybody has a record of its epoch, and writes one alone;
//                 the next leader writes none (R4), and may even delete what was before (R2)
//   lateAnswers   what a leader sends to a follower arrives when somebody else leads (R5)
//   lostTail      a follower of a partition without news loses its tail, and does not reach its leader when
//                 it is back: what it fetched before must not count (R8)
//   lastReplica   of two replicas one stands still, and the last one loses its tail (R12)

import type { PartitionImage } from '@weir/controller'
import { errorMessage } from '@weir/core'
import type { ClusterWorld, Machine } from './cluster-world.ts'
import type { LossRule } from './loss-rule.ts'
import type { Operator } from './operator.ts'
import { QUIET_TOPIC, type TopicPartitionName, WORKLOAD_TOPICS } from './workload-topics.ts'

export type SceneKind = 'strandLeader' | 'lateAnswers' | 'lostTail' | 'lastReplica'

export interface SceneParts {
  readonly operator: Operator
  readonly lossRule: LossRule
  /** One record, once, to this machine. */
  readonly write: (machine: Machine, target: TopicPartitionName, acks: -1 | 1) => void
  /** A power failure, if nothing is lost by it that was promised. */
  readonly losePower: (machine: Machine) => void
}

const LOOK_MS = 2

export class Scenes {
  readonly #world: ClusterWorld
  readonly #parts: SceneParts
  #isPlaying = false
  #isOn = true

  constructor(world: ClusterWorld, parts: SceneParts) {
    this.#world = world
    this.#parts = parts
  }

  end(): void {
    this.#isOn = false
  }

  /** One at a time. */
  play(kind: SceneKind): void {
    if (this.#isPlaying || !this.#isOn) return
    this.#isPlaying = true
    this.#world.note(`scene ${kind}`)
    this.#scene(kind)
      .catch((error: unknown) => this.#world.note(`scene ${kind}: ${errorMessage(error)}`))
      .finally(() => {
        this.#isPlaying = false
        this.#world.note(`scene ${kind} is over`)
      })
  }

  #scene(kind: SceneKind): Promise<void> {
    switch (kind) {
      case 'strandLeader':
        return this.#strandLeader()
      case 'lateAnswers':
        return this.#lateAnswers()
      case 'lostTail':
        return this.#lostTail()
      case 'lastReplica':
        return this.#lastReplica()
    }
  }

  async #strandLeader(): Promise<void> {
    const { random, sim, machines } = this.#world
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
    const { random, sim } = this.#world
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
    const { random, sim } = this.#world
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
    if (await this.#until(isBack, 2500)) await this.#sleep(600)
    sim.network.heal(leader.name, follower.name)
  }

  async #lastReplica(): Promise<void> {
    const { random, options } = this.#world
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
      await this.#sleep(random.below(2500))
    }
    this.#world.resume(other)
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
