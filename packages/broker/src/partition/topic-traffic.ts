// Bytes in and out by topic, for metrics. Bounded: topics beyond the first so many are counted
// together, under a name that no topic can have.

const MAX_TOPICS = 500
/** Not a legal name of a topic. */
const OTHERS = '(others)'

export interface TopicCounts {
  receivedBytes: number
  receivedBatches: number
  /** To consumers. */
  sentBytes: number
}

export class TopicTraffic {
  readonly #byTopic = new Map<string, TopicCounts>()
  /** To followers, of all topics. */
  replicatedBytes = 0

  received(topic: string, bytes: number): void {
    const counts = this.#countsOf(topic)
    counts.receivedBytes += bytes
    counts.receivedBatches++
  }

  sent(topic: string, bytes: number): void {
    this.#countsOf(topic).sentBytes += bytes
  }

  /** The topic is gone from this broker. */
  forget(topic: string): void {
    this.#byTopic.delete(topic)
  }

  all(): IterableIterator<[string, TopicCounts]> {
    return this.#byTopic.entries()
  }

  #countsOf(topic: string): TopicCounts {
    const known = this.#byTopic.get(topic)
    if (known !== undefined) return known
    if (topic !== OTHERS && this.#byTopic.size >= MAX_TOPICS) return this.#countsOf(OTHERS)
    const counts = { receivedBytes: 0, receivedBatches: 0, sentBytes: 0 }
    this.#byTopic.set(topic, counts)
    return counts
  }
}
