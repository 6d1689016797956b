// A compacted topic under the faults: whatever the cleaner dropped, the latest acknowledged value of a key stays.
import { Producer } from '../../packages/client/dist/index.js'

const SEND_EVERY_MS = 10
const DELIVERY_TIMEOUT_MS = 120_000
const KEY_COUNT = 200
const TOMBSTONE_EVERY = 20
const PADDING = 'x'.repeat(3_000)

export const COMPACTED_CONFIGS = new Map([
  ['min.insync.replicas', '2'],
  ['segment.bytes', String(1024 * 1024)],
  ['cleanup.policy', 'compact'],
  ['min.cleanable.dirty.ratio', '0.01'],
  ['max.compaction.lag.ms', '20000'],
  ['delete.retention.ms', '5000'],
])

/** Values are `number:padding`, numbered over all keys; now and then a key is deleted. */
export class KeyedWriter {
  constructor(cluster, { topic, random }) {
    this.topic = topic
    this.random = random
    this.producer = new Producer(cluster, { lingerMs: 5, deliveryTimeoutMs: DELIVERY_TIMEOUT_MS })
    this.sent = 0
    this.ackedCount = 0
    /** By key: what was acknowledged last, as {offset, number, isTombstone}. */
    this.latest = new Map()
    this.failures = []
    this.timer = setInterval(() => this.send(), SEND_EVERY_MS)
  }

  send() {
    const number = this.sent++
    const key = `k${this.random.below(KEY_COUNT)}`
    const isTombstone = this.random.below(TOMBSTONE_EVERY) === 0
    const value = `${number}:${PADDING.slice(0, this.random.below(PADDING.length))}`
    const onDone = (error, metadata) => {
      if (error !== null) this.failures.push(error.message)
      else this.#note(key, { offset: metadata.offset, number, isTombstone })
    }
    const record = { topic: this.topic, key, value: isTombstone ? null : value }
    this.producer.enqueue(record, onDone).catch(error => onDone(error, null))
  }

  #note(key, acked) {
    this.ackedCount += 1
    // Without an offset it is known as a copy that the broker had already, and where is not known.
    if (acked.offset < 0) this.latest.delete(key)
    else this.latest.set(key, acked)
  }

  async stop() {
    clearInterval(this.timer)
    await this.producer.flush().catch(() => {}) // Each record's own fate is known already.
  }
}

/** `records`: what is there in the end, in the order of their offsets by partition. Returns sentences. */
export function judgeKeyed(writer, records) {
  const there = new Map()
  for (const { key, value, offset } of records) {
    there.set(key.toString(), { offset, number: value === null ? null : numberOf(value) })
  }
  const violations = []
  for (const [key, { offset, number, isTombstone }] of writer.latest) {
    const found = there.get(key)
    const name = `${writer.topic}, key ${key}: ${isTombstone ? 'deletion' : 'value'} ${number}`
    if (found === undefined) {
      if (!isTombstone) violations.push(`${name} was acknowledged at ${offset} and is not there`)
    } else if (found.offset < offset) {
      violations.push(`${name} was acknowledged at ${offset}, the latest is at ${found.offset}`)
    } else if (found.offset === offset && found.number !== (isTombstone ? null : number)) {
      violations.push(`${name} was acknowledged at ${offset}, there is ${found.number}`)
    }
  }
  return violations
}

const numberOf = value => Number(value.subarray(0, value.indexOf(':')).toString())
