// The consequences of a broker's going, crash or return for its partitions. There may be a million, so
// they are decided in slices, each a decision of its own; in between the rest of the controller works.
//
// What is to be done follows from the image alone, so a new controller starts the same sweeps again
// (`resume`). A slice that the log refused is found not to have happened and is decided again.

import { type EffectiveSettings, UNCLEAN_ELECTION } from './effective-settings.ts'
import type { MetadataImage, PartitionImage } from './image.ts'
import { newLeaderEpoch, type PartitionRules, partitionChange } from './partition-change.ts'
import { type PartitionKey, PartitionSet } from './partition-set.ts'
import type { MetadataRecord, PartitionChangeRecord } from './records.ts'

/** Changes in one slice. */
export const MAX_CHANGES = 500
/** Partitions looked at in one slice, changed or not. */
const MAX_LOOKS = 10_000

type Cause = 'gone' | 'crashed' | 'elect' | 'preferred'

interface Sweep {
  readonly cause: Cause
  /** Of 'gone' and 'crashed'; -1 for the others, which concern no broker more than another. */
  readonly brokerId: number
  rest: Iterator<PartitionKey>
  /** The first of two walks: only what the broker leads. That is what clients wait for. */
  isLedOnly: boolean
  /** Met by the first walk. */
  readonly led: PartitionSet
  /** Changed by the last slice, at this partition epoch: whether that was accepted is not known yet. */
  unsure: { readonly key: PartitionKey; readonly partitionEpoch: number }[]
}

export interface Slice {
  readonly records: readonly PartitionChangeRecord[]
  /** With these records nothing is left to do. */
  readonly isLast: boolean
}

export class PartitionSweeps {
  readonly #image: MetadataImage
  readonly #settings: EffectiveSettings
  /** It is heard of: a broker that is fenced all the same has just registered, and is soon back. */
  readonly #isHeard: (brokerId: number) => boolean
  readonly #sweeps = new Map<string, Sweep>()
  #rules: (PartitionRules & { readonly topicName: string }) | null = null

  constructor(
    image: MetadataImage,
    settings: EffectiveSettings,
    isHeard: (brokerId: number) => boolean,
  ) {
    this.#image = image
    this.#settings = settings
    this.#isHeard = isHeard
  }

  get isBusy(): boolean {
    return this.#sweeps.size > 0
  }

  isBusyWith(brokerId: number): boolean {
    for (const sweep of this.#sweeps.values()) if (sweep.brokerId === brokerId) return true
    return false
  }

  /** The broker is fenced, shutting down or gone: its partitions go on without it. */
  brokerGone(brokerId: number): void {
    if (this.#sweeps.has(`crashed ${brokerId}`)) return
    this.#start('gone', brokerId, this.#image.index.ofBroker(brokerId))
  }

  /** It has crashed, or is unknown, and may lack what it had: it leaves every ISR and ELR. */
  brokerCrashed(brokerId: number): void {
    this.#sweeps.delete(`gone ${brokerId}`)
    this.#start('crashed', brokerId, this.#image.index.ofBroker(brokerId))
  }

  /** A broker is back, or unclean elections were allowed: partitions may get a leader again. */
  electLeaders(): void {
    this.#start('elect', -1, this.#image.index.leaderless)
  }

  /** The lead goes back to preferred replicas that are in sync. */
  electPreferred(): void {
    this.#start('preferred', -1, this.#image.index.notPreferred)
  }

  /** Follows what the image has just replayed. */
  replay(record: MetadataRecord): void {
    const { kind } = record
    if (kind === 'registerBroker') {
      if (record.isSuspect) this.brokerCrashed(record.brokerId)
      else if (record.fenced) this.brokerGone(record.brokerId)
    } else if (kind === 'unregisterBroker') {
      this.brokerCrashed(record.brokerId)
    } else if (kind === 'brokerChange') {
      if (record.fenced === false) this.electLeaders()
      else this.brokerGone(record.brokerId)
    } else if (kind === 'config' && record.key === UNCLEAN_ELECTION) {
      this.electLeaders()
    }
  }

  /** After a change of the active controller: whatever was begun is done to its end. */
  resume(): void {
    for (const {
      brokerId,
      fenced,
      inControlledShutdown,
      isSuspect,
    } of this.#image.brokers.values()) {
      if (isSuspect) this.brokerCrashed(brokerId)
      else if (fenced || inControlledShutdown) this.brokerGone(brokerId)
    }
    for (const brokerId of this.#image.index.brokerIds) {
      if (!this.#image.brokers.has(brokerId)) this.brokerCrashed(brokerId)
    }
    this.electLeaders()
  }

  /**
   * The next changes; of one broker's sweeps only, if it is named. All of one sweep: another one may
   * want to change the same partitions, and has to see what this one made of them.
   */
  next(brokerId?: number): Slice {
    const records: PartitionChangeRecord[] = []
    this.#rules = null
    for (const [key, sweep] of this.#sweeps) {
      if (brokerId !== undefined && sweep.brokerId !== brokerId) continue
      if (records.length > 0) return { records, isLast: false }
      this.#again(sweep, records)
      if (!this.#goOn(sweep, records)) return { records, isLast: false }
      if (records.length === 0) this.#sweeps.delete(key)
    }
    return { records, isLast: true }
  }

  /** True if the sweep has come to its end. */
  #goOn(sweep: Sweep, records: PartitionChangeRecord[]): boolean {
    for (let looks = 0; looks < MAX_LOOKS && records.length < MAX_CHANGES; looks++) {
      const step = sweep.rest.next()
      if (step.done === true) {
        if (!sweep.isLedOnly) return true
        sweep.isLedOnly = false
        sweep.rest = this.#image.index.ofBroker(sweep.brokerId)[Symbol.iterator]()
      } else if (this.#isDue(sweep, step.value)) {
        this.#look(sweep, step.value, records)
      }
    }
    return false
  }

  /** Each partition once: in the first walk, or in the second. */
  #isDue({ isLedOnly, led, brokerId }: Sweep, { topicId, partitionIndex }: PartitionKey): boolean {
    if (!isLedOnly) return !led.has(topicId, partitionIndex)
    const isLed = this.#image.partitionById(topicId, partitionIndex)?.leader === brokerId
    if (isLed) led.add(topicId, partitionIndex)
    return isLed
  }

  #start(cause: Cause, brokerId: number, partitions: Iterable<PartitionKey>): void {
    const rest = partitions[Symbol.iterator]()
    const isLedOnly = brokerId >= 0
    const led = new PartitionSet()
    this.#sweeps.set(`${cause} ${brokerId}`, { cause, brokerId, rest, isLedOnly, led, unsure: [] })
  }

  /** What the last slice changed, if that did not happen. */
  #again(sweep: Sweep, records: PartitionChangeRecord[]): void {
    const { unsure } = sweep
    sweep.unsure = []
    for (const { key, partitionEpoch } of unsure) {
      const current = this.#image.partitionById(key.topicId, key.partitionIndex)
      if (current?.partitionEpoch === partitionEpoch) this.#look(sweep, key, records)
    }
  }

  #look(sweep: Sweep, key: PartitionKey, records: PartitionChangeRecord[]): void {
    const topic = this.#image.topicById(key.topicId)
    const partition = topic?.partitions[key.partitionIndex]
    if (topic === undefined || partition === undefined) return
    const record = this.#change(sweep, partition, topic.name)
    if (record === null) return
    records.push(record)
    sweep.unsure.push({ key, partitionEpoch: partition.partitionEpoch })
  }

  #change(
    { cause, brokerId }: Sweep,
    partition: PartitionImage,
    topicName: string,
  ): PartitionChangeRecord | null {
    const isOnlyReplica = partition.replicas.length === 1 && partition.leader === brokerId
    switch (cause) {
      case 'gone':
        // Nobody else could lead, and it will in a moment: two changes less.
        if (isOnlyReplica && this.#isComing(brokerId)) return null
        if (!partition.isr.includes(brokerId) && partition.leader !== brokerId) return null
        return partitionChange(partition, {}, this.#rulesOf(topicName))
      case 'crashed':
        // A new epoch tells clients and followers that a tail may be lost (KIP-320).
        if (isOnlyReplica && this.#isComing(brokerId)) return newLeaderEpoch(partition)
        return partitionChange(partition, {}, this.#rulesOf(topicName))
      case 'preferred': {
        const [preferred] = partition.replicas
        const mayLead = preferred !== undefined && this.#image.isActive(preferred)
        if (!mayLead || !partition.isr.includes(preferred)) return null
        return partitionChange(partition, { preferred: true }, this.#rulesOf(topicName))
      }
      case 'elect':
        return partitionChange(partition, {}, this.#rulesOf(topicName))
    }
  }

  /** Partitions of a topic follow each other, and settings do not change within a slice. */
  #rulesOf(topicName: string): PartitionRules {
    if (this.#rules?.topicName !== topicName) {
      this.#rules = { topicName, ...this.#settings.rulesOf(topicName) }
    }
    return this.#rules
  }

  #isComing(brokerId: number): boolean {
    return this.#image.brokers.get(brokerId)?.fenced === true && this.#isHeard(brokerId)
  }
}
