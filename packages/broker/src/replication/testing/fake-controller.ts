// For tests only: a controller that cannot fail, with the rules that replication relies on: compare-and-set
// of the ISR, broker epochs, elections out of the ISR. Its records reach each broker late, in order, and
// several at once.

import {
  MetadataDelta,
  MetadataImage,
  type MetadataRecord,
  type PartitionImage,
} from '@weir/controller'
import type { Simulation } from '@weir/core/sim'
import type { IsrChange, IsrChangeOutcome } from '../isr-channel.ts'

export interface MetadataReader {
  /** Replays records and publishes them as one change. */
  onRecords(records: readonly MetadataRecord[]): void
}

interface Reader {
  readonly reader: MetadataReader
  position: number
  isScheduled: boolean
}

/** Virtual milliseconds until a broker hears of a record. */
const MAX_DELAY_MS = 5

export class FakeController {
  readonly image = new MetadataImage()
  readonly #sim: Simulation
  readonly #log: MetadataRecord[] = []
  readonly #readers = new Map<number, Reader>()
  /** Brokers that hear nothing for now. */
  readonly deaf = new Set<number>()
  minInsyncReplicas = 1
  uncleanElections = false

  constructor(sim: Simulation) {
    this.#sim = sim
  }

  /** From the start of the log, at once up to its end, later by and by. */
  subscribe(brokerId: number, reader: MetadataReader): void {
    const entry = { reader, position: this.#log.length, isScheduled: false }
    this.#readers.set(brokerId, entry)
    reader.onRecords(this.#log)
  }

  unsubscribe(brokerId: number): void {
    this.#readers.delete(brokerId)
  }

  listen(brokerId: number): void {
    this.deaf.delete(brokerId)
    this.#deliver()
  }

  append(...records: readonly MetadataRecord[]): void {
    for (const record of records) {
      this.#log.push(record)
      this.image.replay(record, new MetadataDelta())
    }
    this.#deliver()
  }

  get nextOffset(): number {
    return this.#log.length
  }

  #deliver(): void {
    for (const [brokerId, entry] of this.#readers) {
      if (entry.isScheduled || this.deaf.has(brokerId)) continue
      entry.isScheduled = true
      this.#sim.after(this.#sim.random.fraction() * MAX_DELAY_MS, () => {
        entry.isScheduled = false
        if (this.#readers.get(brokerId) !== entry || this.deaf.has(brokerId)) return
        const records = this.#log.slice(entry.position)
        entry.position = this.#log.length
        if (records.length > 0) entry.reader.onRecords(records)
      })
    }
  }

  /** Answers the broker epoch. After a stop that was not clean it is no member of any ISR. */
  register(brokerId: number, host: string, isClean: boolean): number {
    const brokerEpoch = this.#log.length
    this.append({
      kind: 'registerBroker',
      brokerId,
      brokerEpoch,
      incarnationId: `incarnation-${brokerEpoch}`,
      endpoints: [{ name: 'PLAINTEXT', host, port: 9092, securityProtocol: 0 }],
      rack: `rack-${brokerId}`,
      directoryIds: [],
      fenced: false,
      inControlledShutdown: false,
      isSuspect: false,
    })
    for (const partition of this.#allPartitions()) {
      if (!partition.replicas.includes(brokerId)) continue
      if (!isClean) this.#leaveIsr(partition, brokerId)
      this.#electIfNone(this.#current(partition))
    }
    return brokerEpoch
  }

  /** No leader any more, no member of an ISR. */
  fence(brokerId: number): void {
    this.#setFenced(brokerId, true)
    for (const partition of this.#allPartitions()) this.#leaveIsr(partition, brokerId)
  }

  unfence(brokerId: number): void {
    this.#setFenced(brokerId, false)
    for (const partition of this.#allPartitions()) this.#electIfNone(partition)
  }

  createTopic(
    name: string,
    topicId: string,
    replicas: readonly (readonly number[])[],
    changed: Partial<PartitionImage> = {},
  ): void {
    this.append(
      { kind: 'topic', name, topicId },
      ...replicas.map(
        (of, partitionIndex): MetadataRecord => ({
          kind: 'partition',
          topicId,
          partitionIndex,
          replicas: of,
          isr: of,
          addingReplicas: [],
          removingReplicas: [],
          elr: [],
          lastKnownElr: [],
          leader: of[0] ?? -1,
          leaderEpoch: 0,
          partitionEpoch: 0,
          leaderRecoveryState: 0,
          ...changed,
        }),
      ),
    )
  }

  deleteTopic(topicId: string): void {
    this.append({ kind: 'removeTopic', topicId })
  }

  partition(topic: string, partitionIndex = 0): PartitionImage {
    const partition = this.image.partition(topic, partitionIndex)
    if (partition === undefined) throw new Error(`no partition ${topic}-${partitionIndex}`)
    return partition
  }

  change(partition: PartitionImage, changed: Partial<PartitionImage>): void {
    const partitionEpoch = partition.partitionEpoch + 1
    this.append({ kind: 'partition', ...partition, partitionEpoch, ...changed })
  }

  /** Makes another replica the leader, in a new epoch. */
  elect(topic: string, partitionIndex: number, leader: number): void {
    const partition = this.partition(topic, partitionIndex)
    this.change(partition, { leader, leaderEpoch: partition.leaderEpoch + 1 })
  }

  alterPartition(brokerId: number, change: IsrChange): IsrChangeOutcome {
    const partition = this.image.topicById(change.topicId)?.partitions[change.partitionIndex]
    if (partition === undefined) return { error: 'UNKNOWN_TOPIC_ID' }
    if (partition.leader !== brokerId) return { error: 'FENCED_LEADER_EPOCH' }
    if (change.leaderEpoch !== partition.leaderEpoch) return { error: 'FENCED_LEADER_EPOCH' }
    if (change.partitionEpoch !== partition.partitionEpoch) {
      return { error: 'INVALID_UPDATE_VERSION' }
    }
    for (const member of change.newIsr) {
      const broker = this.image.brokers.get(member.brokerId)
      const isEligible =
        broker !== undefined &&
        !broker.fenced &&
        (member.brokerEpoch === -1 || member.brokerEpoch === broker.brokerEpoch)
      if (!isEligible) return { error: 'INELIGIBLE_REPLICA' }
    }
    this.change(partition, { isr: change.newIsr.map(member => member.brokerId) })
    const { leader: leaderId, leaderEpoch, isr, partitionEpoch } = this.#current(partition)
    return { error: 'NONE', partition: { leaderId, leaderEpoch, isr, partitionEpoch } }
  }

  *#allPartitions(): Generator<PartitionImage> {
    for (const topic of [...this.image.topics]) yield* [...topic.partitions]
  }

  #current({ topicId, partitionIndex }: PartitionImage): PartitionImage {
    const partition = this.image.topicById(topicId)?.partitions[partitionIndex]
    if (partition === undefined) throw new Error('a partition is gone')
    return partition
  }

  #setFenced(brokerId: number, fenced: boolean): void {
    const broker = this.image.brokers.get(brokerId)
    if (broker !== undefined) this.append({ kind: 'registerBroker', ...broker, fenced })
  }

  #leaveIsr(partition: PartitionImage, brokerId: number): void {
    const isMember = partition.isr.includes(brokerId)
    if (!isMember && partition.leader !== brokerId) return
    const others = partition.isr.filter(id => id !== brokerId)
    // The last one stays: what it has is all there is.
    const isr = others.length > 0 ? others : partition.isr
    const leader = isr.find(id => id !== brokerId && this.#isLive(id)) ?? -1
    const keepsLeader = partition.leader !== brokerId && this.#isLive(partition.leader)
    this.change(partition, {
      isr,
      leader: keepsLeader ? partition.leader : leader,
      leaderEpoch: partition.leaderEpoch + (keepsLeader ? 0 : 1),
    })
  }

  #electIfNone(partition: PartitionImage): void {
    if (partition.leader >= 0) return
    const leader = partition.isr.find(id => this.#isLive(id))
    const unclean = partition.replicas.find(id => this.#isLive(id))
    if (leader !== undefined) {
      this.change(partition, { leader, leaderEpoch: partition.leaderEpoch + 1 })
    } else if (this.uncleanElections && unclean !== undefined) {
      const isr = [unclean]
      this.change(partition, { leader: unclean, isr, leaderEpoch: partition.leaderEpoch + 1 })
    }
  }

  #isLive(brokerId: number): boolean {
    return this.image.brokers.get(brokerId)?.fenced === false
  }
}
