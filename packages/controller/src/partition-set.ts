// A set of partitions: for each topic the bits of its partition indexes. A million partitions take
// some hundred kilobytes, where a Set of objects would take a hundred megabytes.
//
// Walking it while it changes is legal: what is taken out ahead of the walk is not met any more, what
// is put in behind it is not met either.

const WORD_BITS = 32

export interface PartitionKey {
  readonly topicId: string
  readonly partitionIndex: number
}

export class PartitionSet implements Iterable<PartitionKey> {
  #topics = new Map<string, Uint32Array>()
  /** A copy has the same bits: whoever changes them first makes his own. */
  #isShared = false
  #size = 0

  get size(): number {
    return this.#size
  }

  copy(): PartitionSet {
    const copy = new PartitionSet()
    this.#isShared = true
    copy.#isShared = true
    copy.#topics = this.#topics
    copy.#size = this.#size
    return copy
  }

  #makeOwn(): void {
    if (!this.#isShared) return
    const own = new Map<string, Uint32Array>()
    for (const [topicId, words] of this.#topics) own.set(topicId, words.slice())
    this.#topics = own
    this.#isShared = false
  }

  has(topicId: string, partitionIndex: number): boolean {
    const word = this.#topics.get(topicId)?.[partitionIndex >>> 5] ?? 0
    return (word & bitOf(partitionIndex)) !== 0
  }

  set(topicId: string, partitionIndex: number, isMember: boolean): void {
    if (isMember) this.add(topicId, partitionIndex)
    else this.delete(topicId, partitionIndex)
  }

  add(topicId: string, partitionIndex: number): void {
    if (this.has(topicId, partitionIndex)) return
    this.#makeOwn()
    const at = partitionIndex >>> 5
    let words = this.#topics.get(topicId)
    if (words === undefined || at >= words.length) {
      words = grown(words, at + 1)
      this.#topics.set(topicId, words)
    }
    words[at] = (words[at] ?? 0) | bitOf(partitionIndex)
    this.#size++
  }

  delete(topicId: string, partitionIndex: number): void {
    if (!this.has(topicId, partitionIndex)) return
    this.#makeOwn()
    const words = this.#topics.get(topicId)
    const at = partitionIndex >>> 5
    if (words === undefined) return
    words[at] = (words[at] ?? 0) & ~bitOf(partitionIndex)
    this.#size--
    if (words[at] === 0 && words.every(each => each === 0)) this.#topics.delete(topicId)
  }

  describe(): string {
    return [...this]
      .map(({ topicId, partitionIndex }) => `${topicId}-${partitionIndex}`)
      .sort()
      .join(' ')
  }

  *[Symbol.iterator](): Generator<PartitionKey> {
    for (const topicId of this.#topics.keys()) {
      // Looked up again at each word: the bits may have moved to a larger array meanwhile.
      for (let at = 0; at < (this.#topics.get(topicId)?.length ?? 0); at++) {
        for (let bit = 0; bit < WORD_BITS; bit++) {
          const word = this.#topics.get(topicId)?.[at] ?? 0
          if (word >>> bit === 0) break
          if (((word >>> bit) & 1) === 1) {
            yield { topicId, partitionIndex: at * WORD_BITS + bit }
          }
        }
      }
    }
  }
}

function bitOf(partitionIndex: number): number {
  return 1 << (partitionIndex & (WORD_BITS - 1))
}

function grown(words: Uint32Array | undefined, length: number): Uint32Array {
  const larger = new Uint32Array(words === undefined ? length : Math.max(length, words.length * 2))
  if (words !== undefined) larger.set(words)
  return larger
}
