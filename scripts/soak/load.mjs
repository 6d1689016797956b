// The clients of the soak: writers that number their records, one reader without a group that remembers
// every record it was shown, and a group that commits.
import { Fetcher, GroupConsumer, Producer } from '../../packages/client/dist/index.js'

const SEND_EVERY_MS = 10
const DELIVERY_TIMEOUT_MS = 120_000
const COMMIT_EVERY_MS = 500
const PADDING = 'x'.repeat(3_000)

/** Writes to all partitions of a topic, in turn; a record is `number:padding`, numbered by partition. */
export class Writer {
  constructor(cluster, { topic, partitionCount, random, ...options }) {
    this.topic = topic
    this.cluster = cluster
    this.random = random
    this.producer = new Producer(cluster, {
      acks: -1,
      lingerMs: 5,
      ackTimeoutMs: 5_000,
      deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
      ...options,
    })
    this.sent = new Array(partitionCount).fill(0)
    /** By partition: what was acknowledged, as [number, offset]. */
    this.acked = this.sent.map(() => [])
    this.failures = []
    this.longestGapMs = 0
    this.lastAckMs = performance.now()
    this.timer = setInterval(() => this.send(), SEND_EVERY_MS)
  }

  send() {
    const partition = this.random.below(this.sent.length)
    const number = this.sent[partition]++
    const value = `${number}:${PADDING.slice(0, this.random.below(PADDING.length))}`
    const onDone = (error, metadata) => {
      if (error !== null) {
        this.failures.push(error.message)
        return
      }
      this.#note()
      this.acked[partition].push([number, metadata.offset])
    }
    const record = { topic: this.topic, partition, key: null, value }
    this.producer.enqueue(record, onDone).catch(error => onDone(error, null))
  }

  get ackedCount() {
    return this.acked.reduce((sum, acked) => sum + acked.length, 0)
  }

  /** From here on the time without an acknowledgement counts. */
  startClock() {
    this.longestGapMs = 0
    this.lastAckMs = performance.now()
  }

  get gapMs() {
    return Math.max(this.longestGapMs, performance.now() - this.lastAckMs)
  }

  #note() {
    this.longestGapMs = this.gapMs
    this.lastAckMs = performance.now()
  }

  async stop() {
    clearInterval(this.timer)
    await this.producer.flush().catch(() => {}) // Each record's own fate is known already.
  }
}

/** Reads partitions from their start, and keeps what it was shown, by offset: it must stay so. */
export class Reader {
  constructor(cluster, topics) {
    this.fetcher = new Fetcher(cluster)
    this.seen = new Map(
      topics.flatMap(({ topic, partitionCount }) =>
        Array.from({ length: partitionCount }, (_, index) => [`${topic}-${index}`, []]),
      ),
    )
    this.violations = []
    this.isRunning = true
    const partitions = topics.flatMap(({ topic, partitionCount }) =>
      Array.from({ length: partitionCount }, (_, partition) => ({ topic, partition, offset: 0 })),
    )
    this.fetcher.assign(partitions)
    this.ended = this.#run()
  }

  async #run() {
    while (this.isRunning) {
      try {
        for (const record of await this.fetcher.poll(500)) this.#take(record)
      } catch (error) {
        this.violations.push(`the reader: ${error.message}`)
        return
      }
    }
  }

  #take({ topic, partition, offset, value }) {
    const seen = this.seen.get(`${topic}-${partition}`)
    if (offset !== seen.length) {
      this.violations.push(`${topic}-${partition}: offset ${offset} came after ${seen.length - 1}`)
    }
    seen[offset] = value.toString()
  }

  position(topic, partition) {
    return this.seen.get(`${topic}-${partition}`).length
  }

  async stop() {
    this.isRunning = false
    await this.ended
    this.fetcher.close()
  }
}

/** Members of one group, each on connections of its own; they commit what they have read. */
export class Group {
  constructor(connect, { groupId, topic, partitionCount, members }) {
    this.topic = topic
    /** By partition: the offset after the last record that some member has read. */
    this.read = new Array(partitionCount).fill(0)
    this.errors = new Map()
    this.violations = []
    this.isRunning = true
    this.longestGapMs = 0
    this.lastRecordMs = performance.now()
    this.ended = Promise.all(
      Array.from({ length: members }, () => this.#member(connect, { groupId, topics: [topic] })),
    )
  }

  async #member(connect, options) {
    while (this.isRunning) {
      const cluster = connect()
      const consumer = new GroupConsumer(cluster, { ...options, startAt: 'earliest' })
      try {
        await this.#consume(consumer)
      } catch (error) {
        // It may be sent away; what counts is that the group goes on.
        this.errors.set(error.message, (this.errors.get(error.message) ?? 0) + 1)
      } finally {
        await consumer.close().catch(() => {})
        cluster.close()
      }
    }
  }

  async #consume(consumer) {
    let nextCommitMs = 0
    while (this.isRunning) {
      for (const record of await consumer.poll(500)) this.#take(record)
      if (performance.now() < nextCommitMs) continue
      nextCommitMs = performance.now() + COMMIT_EVERY_MS
      await consumer.commit()
    }
    await consumer.commit()
  }

  #take({ partition, offset }) {
    // Records may come twice, after a rebalance; none may be left out.
    if (offset > this.read[partition]) {
      this.violations.push(
        `the group skipped ${this.topic}-${partition} from ${this.read[partition]} to ${offset}`,
      )
    }
    const nowMs = performance.now()
    this.longestGapMs = Math.max(this.longestGapMs, nowMs - this.lastRecordMs)
    this.lastRecordMs = nowMs
    this.read[partition] = Math.max(this.read[partition], offset + 1)
  }

  async stop() {
    this.isRunning = false
    await this.ended
  }
}
