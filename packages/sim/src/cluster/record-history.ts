// What producers were told and consumers read, and what must hold of it (P1-P4): acknowledged records
// are read, at the offset that was told; an offset holds one record for everybody and for ever; nothing
// of an idempotent producer is there twice; its records are in order; what failed for good is not there;
// a record that was sent after another was acknowledged lies behind it.

/**
 * What may be demanded of a record: `ordered`, of an idempotent producer: once at most, behind those sent
 * before it. `once`: it was sent once, so it is there once at most. `again`: it may be sent again.
 */
export type Delivery = 'ordered' | 'once' | 'again'

interface SentRecord {
  readonly partition: string
  /** The end of what was acknowledged in the partition when it was sent. */
  readonly ackedEndBefore: number
  readonly delivery: Delivery
  outcome: 'unknown' | 'acked' | 'failed'
  offset: number
  isDurable: boolean
}

interface PartitionRecords {
  readonly byOffset: Map<number, string>
  ackedEndOffset: number
}

export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

export class RecordHistory {
  readonly #sent = new Map<string, SentRecord>()
  readonly #partitions = new Map<string, PartitionRecords>()
  readonly #places = new Map<string, number>()
  readonly #fail: (message: string) => void
  ackedCount = 0
  readCount = 0

  constructor(fail: (message: string) => void) {
    this.#fail = fail
  }

  /** Values are `PRODUCER-NUMBER`, sent in the order of their numbers. */
  sent(value: string, partition: string, delivery: Delivery): void {
    const ackedEndBefore = this.#records(partition).ackedEndOffset
    const unknown = { outcome: 'unknown' as const, offset: -1, isDurable: false }
    this.#sent.set(value, { partition, ackedEndBefore, delivery, ...unknown })
  }

  /** `isDurable`: by all replicas in sync, so that it may not be lost. */
  acked(value: string, offset: number, isDurable: boolean): void {
    const sent = this.#sent.get(value)
    if (sent === undefined) throw new Error(`${value} was acknowledged and never sent`)
    Object.assign(sent, { outcome: 'acked', offset, isDurable })
    this.ackedCount++
    if (!isDurable) return
    const records = this.#records(sent.partition)
    if (offset < sent.ackedEndBefore)
      this.#fail(
        `${value} got ${sent.partition}/${offset}, and before it was sent ${sent.ackedEndBefore - 1} was acknowledged`,
      )
    records.ackedEndOffset = Math.max(records.ackedEndOffset, offset + 1)
    const there = records.byOffset.get(offset)
    if (there !== undefined && there !== value)
      this.#fail(`${value} was acknowledged at ${sent.partition}/${offset}, where ${there} is`)
  }

  /** Refused for good: it may never be read. */
  failed(value: string): void {
    const sent = this.#sent.get(value)
    if (sent === undefined) return
    sent.outcome = 'failed'
    if (this.#places.has(value)) this.#fail(`${value} was refused and is there`)
  }

  read(partition: string, offset: number, value: string): void {
    const records = this.#records(partition)
    const before = records.byOffset.get(offset)
    if (before === value) return
    if (before !== undefined) this.#fail(`${partition}/${offset} held ${before}, now ${value}`)
    records.byOffset.set(offset, value)
    this.readCount++
    this.#checkSent(partition, offset, value)
    const other = this.#places.get(value)
    if (other !== undefined && this.#sent.get(value)?.delivery !== 'again')
      this.#fail(`${value} is in ${partition} twice: at ${other} and ${offset}`)
    this.#places.set(value, offset)
  }

  #checkSent(partition: string, offset: number, value: string): void {
    const sent = this.#sent.get(value)
    if (sent?.partition !== partition) {
      this.#fail(`${partition}/${offset} holds ${value}, which nobody sent there`)
      return
    }
    if (sent.outcome === 'failed') this.#fail(`${value} was refused and is at ${offset}`)
    if (sent.outcome === 'acked' && sent.isDurable && sent.offset !== offset)
      this.#fail(`${value} was acknowledged at ${partition}/${sent.offset} and read at ${offset}`)
    if (sent.delivery !== 'again' && offset < sent.ackedEndBefore)
      this.#fail(
        `${value} is at ${partition}/${offset}, and before it was sent ${sent.ackedEndBefore - 1} was acknowledged`,
      )
  }

  /**
   * The partition as it is at the end, from its first offset on: nothing that was acknowledged or
   * read from there on is missing.
   */
  finish(partition: string, startOffset: number, final: ReadonlyMap<number, string>): void {
    for (const [value, sent] of this.#sent) {
      if (sent.partition !== partition || sent.outcome !== 'acked' || !sent.isDurable) continue
      if (sent.offset < startOffset || final.get(sent.offset) === value) continue
      const there = final.get(sent.offset) ?? 'nothing'
      this.#fail(`${value} was acknowledged at ${partition}/${sent.offset}, where ${there} is`)
    }
    for (const [offset, value] of this.#records(partition).byOffset)
      if (offset >= startOffset && final.get(offset) !== value)
        this.#fail(`${value} was read at ${partition}/${offset} and is not there any more`)
    this.#checkOrder(partition, final)
  }

  #checkOrder(partition: string, records: ReadonlyMap<number, string>): void {
    const last = new Map<string, number>()
    for (const [offset, value] of [...records].sort(([a], [b]) => a - b)) {
      if (this.#sent.get(value)?.delivery !== 'ordered') continue
      const [producer = '', number = ''] = value.split('-')
      if (Number(number) <= (last.get(producer) ?? -1))
        this.#fail(
          `${value} at ${partition}/${offset} comes after ${producer}-${last.get(producer)}`,
        )
      last.set(producer, Number(number))
    }
  }

  #records(partition: string): PartitionRecords {
    const existing = this.#partitions.get(partition)
    if (existing !== undefined) return existing
    const records = { byOffset: new Map<number, string>(), ackedEndOffset: 0 }
    this.#partitions.set(partition, records)
    return records
  }
}
