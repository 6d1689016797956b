// Sends records: collects them into batches a partition, one request in flight a partition, so that
// they stay in order also when a request is sent again; idempotent unless told otherwise.
//
// Invariants: a partition's batches are sent in the order in which they were filled, the next one only
// after the one before is acknowledged or failed; #bufferedBytes counts the records of all batches
// that are not yet done; within a producer id, sequences of a partition are consecutive. A batch that
// failed leaves a gap in them: only its own partition goes on with another id, since what others have
// on its way must keep theirs to be recognised.
import { type Codec, initProducerIdApi, KafkaError } from '@weir/protocol'
import type { Cluster, TopicInfo } from './cluster.ts'
import { ClientError, checkCode, isPassing } from './errors.ts'
import { partitionOfKey } from './murmur2.ts'
import {
  PartitionQueue,
  type PendingRecord,
  type ProducerBatch,
  type ProducerIdentity,
  type RecordMetadata,
} from './partition-queue.ts'
import { sendProduce } from './produce-request.ts'
import { partitionKey } from './topic-partition.ts'

export interface ProducerOptions {
  /** -1 (all), 0 or 1. */
  readonly acks?: -1 | 0 | 1
  /** On by default with acks -1. */
  readonly isIdempotent?: boolean
  readonly compression?: Codec
  /** How long an incomplete batch waits for more records. */
  readonly lingerMs?: number
  readonly batchBytes?: number
  /** How much may wait in memory before `send` has to be awaited. */
  readonly bufferBytes?: number
  /** How long a record is tried. */
  readonly deliveryTimeoutMs?: number
  /** How long the broker may wait for replicas. */
  readonly ackTimeoutMs?: number
  readonly allowAutoTopicCreation?: boolean
}

export interface ProducerRecord {
  readonly topic: string
  /** Chosen by the key's hash, or at random for records without a key. */
  readonly partition?: number
  readonly key: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers?: readonly { readonly key: string; readonly value: Buffer | string | null }[]
  /** Now, if left out. */
  readonly timestamp?: number
}

type Settings = Required<ProducerOptions>

export class Producer {
  readonly #cluster: Cluster
  readonly #settings: Settings
  readonly #queues = new Map<string, PartitionQueue>()
  /** The partition that records without a key go to, until a batch is full. */
  readonly #stickyPartitions = new Map<string, number>()
  /** The newest, for partitions that have none or must not go on with theirs. */
  #identity: ProducerIdentity | null = null
  #bufferedBytes = 0
  #isLingering = false
  readonly #roomWaiters: (() => void)[] = []
  readonly #idleWaiters: (() => void)[] = []
  #identifying: Promise<void> | null = null
  #failure: Error | null = null

  constructor(cluster: Cluster, options: ProducerOptions = {}) {
    const acks = options.acks ?? -1
    this.#cluster = cluster
    this.#settings = {
      acks,
      isIdempotent: options.isIdempotent ?? acks === -1,
      compression: 'none',
      lingerMs: 5,
      batchBytes: 256 * 1024,
      bufferBytes: 32 * 1024 * 1024,
      deliveryTimeoutMs: 120_000,
      ackTimeoutMs: 30_000,
      allowAutoTopicCreation: false,
      ...options,
    }
  }

  /** Resolves when the record is as safe as `acks` asks. Throws KafkaError, ClientError. */
  async send(record: ProducerRecord): Promise<RecordMetadata> {
    return await new Promise((resolve, reject) => {
      this.enqueue(record, (error, metadata) => {
        if (error === null && metadata !== null) resolve(metadata)
        else reject(error ?? new ClientError('ended', 'the record was not sent'))
      }).catch(reject)
    })
  }

  /**
   * Takes a record; resolves when there is room for another. `onDone` hears its fate; without it,
   * `flush` throws the first failure. Throws for a topic or partition that does not exist.
   */
  async enqueue(
    record: ProducerRecord,
    onDone?: (error: Error | null, metadata: RecordMetadata | null) => void,
  ): Promise<void> {
    while (this.#bufferedBytes >= this.#settings.bufferBytes) {
      await new Promise<void>(resolve => this.#roomWaiters.push(resolve))
    }
    const { allowAutoTopicCreation, batchBytes } = this.#settings
    const topic =
      this.#cluster.cachedTopic(record.topic) ??
      (await this.#cluster.topic(record.topic, { allowAutoTopicCreation }))
    const queue = this.#queueOf(topic, this.#choosePartition(topic, record))
    const pending: PendingRecord = {
      timestamp: record.timestamp ?? this.#cluster.env.clock.nowMs(),
      key: record.key,
      value: record.value,
      headers: record.headers ?? [],
      onDone: onDone ?? null,
    }
    const { addedBytes, isBatchFull } = queue.append(pending, batchBytes)
    this.#bufferedBytes += addedBytes
    if (isBatchFull) this.#stickyPartitions.delete(topic.name)
    this.#sendNext(queue)
    this.#linger()
  }

  /** Resolves when everything enqueued so far is done; throws the first failure nobody heard of. */
  async flush(): Promise<void> {
    this.#sendAll()
    if (this.#bufferedBytes > 0) {
      await new Promise<void>(resolve => this.#idleWaiters.push(resolve))
    }
    const failure = this.#failure
    this.#failure = null
    if (failure !== null) throw failure
  }

  #queueOf(topic: TopicInfo, partition: number): PartitionQueue {
    const key = partitionKey({ topic: topic.name, partition })
    const existing = this.#queues.get(key)
    if (existing !== undefined) return existing
    const queue = new PartitionQueue(topic.name, partition, this.#settings.compression)
    this.#queues.set(key, queue)
    return queue
  }

  #choosePartition(topic: TopicInfo, record: ProducerRecord): number {
    const count = topic.partitions.length
    if (record.partition !== undefined) {
      if (record.partition >= 0 && record.partition < count) return record.partition
      throw new KafkaError(
        'UNKNOWN_TOPIC_OR_PARTITION',
        `topic '${topic.name}' has partitions 0 to ${count - 1}, not ${record.partition}`,
      )
    }
    if (record.key !== null) {
      const key = typeof record.key === 'string' ? Buffer.from(record.key) : record.key
      return partitionOfKey(key, count)
    }
    const sticky = this.#stickyPartitions.get(topic.name)
    if (sticky !== undefined && sticky < count) return sticky
    const chosen = this.#cluster.env.random.below(count)
    this.#stickyPartitions.set(topic.name, chosen)
    return chosen
  }

  /** Sends what is open when the linger time is over. */
  #linger(): void {
    if (this.#isLingering) return
    this.#isLingering = true
    this.#cluster.env.clock.after(this.#settings.lingerMs, () => {
      this.#isLingering = false
      // A slow stream of records without keys goes around the partitions, batch by batch.
      this.#stickyPartitions.clear()
      this.#sendAll()
    })
  }

  #sendAll(): void {
    for (const queue of this.#queues.values()) {
      queue.closeBatch()
      this.#sendNext(queue)
    }
  }

  #sendNext(queue: PartitionQueue): void {
    const batch = queue.takeNext()
    if (batch !== null) this.#cluster.env.log.background(this.#deliver(queue, batch), 'produce')
  }

  /** Sends the batch until it is acknowledged, failed or out of time; then the partition's next one. */
  async #deliver(queue: PartitionQueue, batch: ProducerBatch): Promise<void> {
    let next: ProducerBatch | null = batch
    while (next !== null) {
      const current: ProducerBatch = next
      try {
        await this.#cluster.retry(
          () => this.#attempt(queue, current),
          this.#settings.deliveryTimeoutMs,
        )
      } catch (error) {
        const isTooLarge = error instanceof KafkaError && error.errorName === 'MESSAGE_TOO_LARGE'
        if (isTooLarge && current.records.length > 1) queue.putBackInHalves(current)
        else this.#finish(queue, current, error instanceof Error ? error : new Error(String(error)))
      }
      queue.isBusy = false
      next = queue.takeNext()
    }
  }

  async #attempt(queue: PartitionQueue, batch: ProducerBatch): Promise<void> {
    const { acks, ackTimeoutMs } = this.#settings
    try {
      if (this.#settings.isIdempotent && queue.identity === null) {
        queue.begin(await this.#identify())
      }
      const answer = await sendProduce(this.#cluster, queue, batch, { acks, ackTimeoutMs })
      this.#finish(queue, batch, null, answer)
    } catch (error) {
      if (isPassing(error)) this.#cluster.forgetTopic(queue.topic)
      throw error
    }
  }

  /** Asks once for a producer id; waits for the answer wherever it was asked. */
  async #identify(): Promise<ProducerIdentity> {
    while (this.#identity === null) {
      this.#identifying ??= this.#initProducerId().finally(() => {
        this.#identifying = null
      })
      await this.#identifying
    }
    return this.#identity
  }

  async #initProducerId(): Promise<void> {
    const answer = await this.#cluster.request('any', initProducerIdApi, {
      transactionalId: null,
      transactionTimeoutMs: 60_000,
    })
    checkCode(answer.errorCode, 'producer id')
    this.#identity = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  #finish(
    queue: PartitionQueue,
    batch: ProducerBatch,
    error: Error | null,
    answer: { baseOffset: number; logAppendTimeMs: number } | null = null,
  ): void {
    if (error !== null) {
      if (queue.identity === this.#identity) this.#identity = null
      queue.begin(null)
    }
    batch.onDone.forEach((onDone, index) => {
      if (onDone === null) {
        if (error !== null) this.#failure ??= error
        return
      }
      if (error !== null || answer === null) {
        onDone(error, null)
        return
      }
      const offset = answer.baseOffset < 0 ? -1 : answer.baseOffset + index
      const { topic, partition } = queue
      onDone(null, { topic, partition, offset, timestamp: answer.logAppendTimeMs })
    })
    this.#bufferedBytes -= batch.bytes
    if (this.#bufferedBytes < this.#settings.bufferBytes) {
      for (const resolve of this.#roomWaiters.splice(0)) resolve()
    }
    if (this.#bufferedBytes === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }
}
