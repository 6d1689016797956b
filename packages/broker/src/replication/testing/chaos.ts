// For tests only: brokers that are killed, crash, stand still, lose links and leaders by a seed, while
// records are produced; and what must hold all the time and afterwards.

import { batchBaseOffset, batchLastOffset, batchSizeInBytes } from '@weir/protocol'
import type { Partition } from '../../partition/partition.ts'
import { type Produced, ReplicaCluster } from './replica-cluster.ts'

const TOPIC = 'a'
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const PARTITIONS = 2
const FENCE_AFTER_MS = 250

export interface ChaosReport {
  readonly acked: number
  readonly faults: number
}

export class Chaos {
  readonly #cluster: ReplicaCluster
  readonly #produced: { readonly index: number; readonly record: Produced }[] = []
  /** By partition: what a consumer could have read at an offset. */
  readonly #committed: Map<number, string>[] = []
  #faults = 0
  #count = 0

  private constructor(cluster: ReplicaCluster) {
    this.#cluster = cluster
  }

  static async run(seed: number, steps: number): Promise<ChaosReport> {
    const cluster = await ReplicaCluster.start({
      seed,
      minInsyncReplicas: 2,
      netFaults: { minLatencyMs: 0.05, maxLatencyMs: 2, splitChance: 0.3 },
      settings: ['replica.lag.time.max.ms=1500', 'replica.socket.timeout.ms=1000'],
    })
    const chaos = new Chaos(cluster)
    const replicas = Array.from({ length: PARTITIONS }, (_, index) =>
      [0, 1, 2].map(of => ((index + of) % 3) + 1),
    )
    await cluster.createTopic(TOPIC, TOPIC_ID, replicas)
    for (let index = 0; index < PARTITIONS; index++) chaos.#committed.push(new Map())
    for (let step = 0; step < steps; step++) await chaos.#step()
    await chaos.#heal()
    return { acked: await chaos.#check(), faults: chaos.#faults }
  }

  async #step(): Promise<void> {
    const { sim } = this.#cluster
    const until = sim.nowMs + sim.random.below(400)
    while (sim.nowMs < until) {
      this.#produce()
      await this.#cluster.run(1 + sim.random.below(8))
    }
    await this.#look()
    await this.#fault()
  }

  /** To everybody who takes himself for the leader. */
  #produce(): void {
    for (const node of this.#cluster.nodes.values()) {
      for (let index = 0; index < PARTITIONS; index++) {
        if (node.find(TOPIC, index)?.isLeader !== true) continue
        const record = node.produce(TOPIC, [`record ${this.#count++};`], index)
        if (record.offset >= 0) this.#produced.push({ index, record })
      }
    }
  }

  async #fault(): Promise<void> {
    const { sim, controller, nodes } = this.#cluster
    const id = 1 + sim.random.below(nodes.size)
    const node = this.#cluster.node(id)
    this.#faults++
    switch (sim.random.below(8)) {
      case 0:
        if (node.isUp) await this.#down(id, 'kill')
        return
      case 1: {
        // A crash loses what was not synced: survived once at a time, with everybody in sync.
        if (node.isUp && this.#isAllInSync()) await this.#down(id, 'crash')
        return
      }
      case 2: {
        if (!node.isUp) return
        sim.pause(node.machine)
        if (sim.random.below(2) === 0) controller.fence(id)
        await this.#cluster.run(sim.random.below(3_000))
        sim.resume(node.machine)
        await this.#cluster.run(20)
        node.life.confirm()
        controller.unfence(id)
        return
      }
      case 3: {
        const index = sim.random.below(PARTITIONS)
        const { isr } = controller.partition(TOPIC, index)
        const leader = isr[sim.random.below(isr.length)] ?? -1
        if (this.#cluster.nodes.get(leader)?.isUp === true) controller.elect(TOPIC, index, leader)
        return
      }
      case 4: {
        const other = 1 + (id % nodes.size)
        const from = node.machine
        const to = this.#cluster.node(other).machine
        sim.network.cut(from, to)
        await this.#cluster.run(sim.random.below(2_500))
        sim.network.heal(from, to)
        return
      }
      case 5:
        controller.deaf.add(id)
        sim.after(sim.random.below(1_000), () => controller.listen(id))
        return
      case 6: {
        if (!node.isUp) return
        const kinds = ['lost', 'reply lost', null] as const
        node.life.isrFault = () => kinds[sim.random.below(3)] ?? null
        return
      }
      default:
        if (!node.isUp) await node.start(false)
    }
  }

  async #down(id: number, how: 'kill' | 'crash'): Promise<void> {
    const { sim, controller } = this.#cluster
    const node = this.#cluster.node(id)
    node.down(how)
    await this.#cluster.run(sim.random.below(FENCE_AFTER_MS))
    controller.fence(id)
    await this.#cluster.run(sim.random.below(1_000))
    // Now and then it stays away for some steps.
    if (sim.random.below(3) > 0) await node.start(false)
  }

  #isAllInSync(): boolean {
    for (let index = 0; index < PARTITIONS; index++) {
      if (!this.#cluster.hasConverged(TOPIC, index)) return false
    }
    return true
  }

  /** What was readable at an offset stays what it is, wherever it is read (P2, P3). */
  async #look(): Promise<void> {
    for (const node of this.#cluster.nodes.values()) {
      if (!node.isUp) continue
      for (let index = 0; index < PARTITIONS; index++) {
        const partition = node.find(TOPIC, index)
        if (partition === undefined) continue
        await this.#compare(partition, index, node.machine)
      }
    }
  }

  async #compare(partition: Partition, index: number, who: string): Promise<void> {
    const committed = this.#committed[index] as Map<number, string>
    const { log } = partition
    let offset = Math.max(log.logStartOffset, log.highWatermark - 50)
    const limitOffset = log.highWatermark
    while (offset < limitOffset) {
      const request = { fromOffset: offset, maxBytes: 1 << 20, limitOffset, minOneBatch: true }
      const outcome = await this.#cluster.sim.complete(Promise.resolve(log.read(request)))
      if (outcome.kind === 'failed') return
      const bytes = Buffer.concat(outcome.chunks)
      outcome.release()
      for (let at = 0; at < bytes.length; at += batchSizeInBytes(bytes, at)) {
        const text = bytes.subarray(at, at + batchSizeInBytes(bytes, at)).toString('latin1')
        const base = batchBaseOffset(bytes, at)
        const known = committed.get(base)
        if (known !== undefined && known !== text) {
          throw new Error(
            `${who}: another batch at ${index}/${base} (${batchLastOffset(bytes, at)})`,
          )
        }
        committed.set(base, text)
      }
      if (outcome.endOffset <= offset) return
      offset = outcome.endOffset
    }
  }

  async #heal(): Promise<void> {
    const { controller, nodes } = this.#cluster
    for (const node of nodes.values()) {
      controller.listen(node.id)
      if (!node.isUp) await node.start(false)
      node.life.isrFault = null
      node.life.confirm()
      controller.unfence(node.id)
    }
    await this.#cluster.run(100)
    for (const node of nodes.values()) node.life.confirm()
    for (let index = 0; index < PARTITIONS; index++) {
      await this.#cluster.converge(TOPIC, index, 30_000)
    }
    await this.#look()
  }

  /** Answers how many records were acknowledged; all of them are there, at their offsets (P1). */
  async #check(): Promise<number> {
    const { nodes } = this.#cluster
    const logs: string[] = []
    for (let index = 0; index < PARTITIONS; index++) {
      const texts: string[] = []
      for (const node of nodes.values()) texts.push(await node.batches(TOPIC, index))
      if (new Set(texts).size !== 1) throw new Error(`the logs of partition ${index} differ`)
      logs.push(Buffer.from(texts[0] ?? '', 'hex').toString('latin1'))
    }
    let acked = 0
    for (const { index, record } of this.#produced) {
      if (record.error !== null) continue
      acked++
      const at = logs[index]?.indexOf(record.values[0] ?? '') ?? -1
      if (at < 0) throw new Error(`${record.values[0]} was acknowledged and is lost`)
    }
    return acked
  }
}
