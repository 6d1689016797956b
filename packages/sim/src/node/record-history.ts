// What producers were told and consumers read, and what must hold of it: acknowledged records are
// read, at the offset that was told; an offset holds one record for everybody and for ever; nothing
// is there twice; the records of a producer are in order (docs/traps.md P1-P4).

interface Ack {
  readonly partition: number
  readonly offset: number
}

export class RecordHistory {
  readonly #acked = new Map<string, Ack>()
  /** By partition: offset -> value. */
  readonly #read = new Map<number, Map<number, string>>()
  /** Values that were read, with their place. */
  readonly #places = new Map<string, string>()
  readonly violations: string[] = []

  get ackedCount(): number {
    return this.#acked.size
  }

  get readCount(): number {
    return this.#places.size
  }

  acked(value: string, partition: number, offset: number): void {
    this.#acked.set(value, { partition, offset })
    const there = this.#read.get(partition)?.get(offset)
    if (there !== undefined && there !== value)
      this.violations.push(`${value} was acknowledged at ${partition}/${offset}, where ${there} is`)
  }

  read(partition: number, offset: number, value: string): void {
    const records = this.#read.get(partition) ?? new Map<number, string>()
    this.#read.set(partition, records)
    const before = records.get(offset)
    if (before !== undefined && before !== value)
      this.violations.push(`${partition}/${offset} held ${before}, now ${value}`)
    records.set(offset, value)
    const place = `${partition}/${offset}`
    const other = this.#places.get(value)
    if (other !== undefined && other !== place)
      this.violations.push(`${value} is there twice: ${other} and ${place}`)
    this.#places.set(value, place)
  }

  /** Everything was read up to the end. */
  finish(): void {
    for (const [value, { partition, offset }] of this.#acked)
      if (this.#read.get(partition)?.get(offset) !== value)
        this.violations.push(`${value} was acknowledged at ${partition}/${offset} and is not there`)
    for (const [partition, records] of this.#read) this.#checkOrder(partition, records)
  }

  /** Values are `producer-number`, sent in the order of the numbers. */
  #checkOrder(partition: number, records: ReadonlyMap<number, string>): void {
    const last = new Map<string, number>()
    for (const [, value] of [...records].sort(([a], [b]) => a - b)) {
      const [producer = '', number = ''] = value.split('-')
      if (Number(number) <= (last.get(producer) ?? -1))
        this.violations.push(`${value} comes late in partition ${partition}`)
      last.set(producer, Number(number))
    }
  }
}
