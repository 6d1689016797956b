// Produce, versions 3-13; 0-2 are advertised, as Kafka does, and close the connection.
// v3 record batches; v7 zstd; v8 errors of single records; v9 flexible; v10 leader hints; v13 topic ids.
// Differences from Kafka: stricter about what is inside batches (record-validation.ts); transactional
// batches get INVALID_TXN_STATE until transactions are served; acks=1 times out like acks=all; records
// that decompress to more than 64 MiB (or 8 times max.message.bytes) are CORRUPT_MESSAGE; nobody writes
// to internal topics, also not by calling himself __admin_client: coordinators assert what they load.
//
// The hot path: one object a request, which waits in its partitions' queues; no promise, no closure. Of a
// request with more than 1 MiB of records, what is beyond lines up for turns of its own.

import { isInternalTopic } from '@weir/controller'
import {
  batchAttributes,
  batchMagic,
  codecOf,
  type ErrorName,
  errorCode,
  isTransactional,
  type ProduceResponseInit,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  type ValidationOutcome,
  validateProducedRecords,
} from '@weir/protocol'
import { isCompressed, type Producer, validationCost } from '../partition/append-queue.ts'
import type { Partition } from '../partition/partition.ts'
import type { AckWaiter } from '../partition/pending-acks.ts'
import {
  ProduceStream,
  type RecordsRefusal,
  type StreamedPartition,
} from '../server/produce-stream.ts'
import { DEFERRED, type HandlerResult, type RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import {
  type AskedTopic,
  type LeaderHint,
  leaderEndpoints,
  leaderHint,
  missingPartitionError,
  wantsLeaderHint,
} from './partition-lookup.ts'

/** Versions below know no zstd. */
const ZSTD_MIN_VERSION = 7
const LEADER_HINT_MIN_VERSION = 10
/** Records of one request that are appended at once. */
const AT_ONCE_BYTES = 1024 * 1024

/** As it was decoded, or streamed. */
interface ProduceInput {
  readonly transactionalId: string | null
  readonly acks: number
  readonly timeoutMs: number
  readonly topicData: readonly RequestTopic[]
}

interface RequestTopic extends AskedTopic {
  readonly partitionData: readonly RequestPartition[]
}

interface RequestPartition extends Pick<StreamedPartition, 'index' | 'records'> {
  readonly refusal?: RecordsRefusal | null
}

type PartitionResponse = {
  index: number
  errorCode: number
  baseOffset: number
  logAppendTimeMs: number
  logStartOffset: number
  recordErrors?: { batchIndex: number; batchIndexErrorMessage: string | null }[]
  errorMessage?: string | null
  currentLeader?: LeaderHint
}

export function handleProduce(
  services: Services,
  context: RequestContext,
  request: ProduceInput,
): HandlerResult<ProduceResponseInit> {
  new ProduceOperation(services, context, request).start()
  return DEFERRED
}

/** Reads a large request as it comes, and not the records that would be refused. */
export function streamProduce(
  services: Services,
  version: number,
  frameBytes: number,
): ProduceStream {
  return new ProduceStream(version, frameBytes, (topic, index, byteCount) => {
    const partition = partitionOf(services, topic, index)
    if (partition === undefined || partition.checkLeader(-1) !== null) {
      // It counts only if the partition can be written to when the request is whole.
      return { error: 'NOT_LEADER_OR_FOLLOWER', message: 'this broker did not lead the partition' }
    }
    const limit = partition.validation.maxBatchBytes
    if (byteCount <= limit) return null
    const message = `records of ${byteCount} bytes, the limit is ${limit}`
    return { error: 'MESSAGE_TOO_LARGE', message }
  })
}

function partitionOf(services: Services, topic: AskedTopic, index: number): Partition | undefined {
  const { replicaManager } = services
  return topic.name === ''
    ? replicaManager.getPartitionById(topic.topicId, index)
    : replicaManager.getPartition(topic.name, index)
}

/** The whole answer for a request that fails before any partition is looked at. */
export function produceErrorResponse(
  request: ProduceInput,
  failure: { readonly errorCode: number; readonly message: string },
): ProduceResponseInit {
  return {
    responses: request.topicData.map(topic => ({
      name: topic.name,
      topicId: topic.topicId,
      partitionResponses: topic.partitionData.map(({ index }) => ({
        ...emptyResponse(index),
        errorCode: failure.errorCode,
        errorMessage: failure.message,
      })),
    })),
  }
}

function emptyResponse(index: number): PartitionResponse {
  return { index, errorCode: 0, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }
}

class ProduceOperation implements AckWaiter, Producer {
  readonly deadlineMs: number
  readonly #services: Services
  readonly #context: RequestContext
  readonly #request: ProduceInput
  /** By slot: the order of the request. */
  readonly #responses: PartitionResponse[] = []
  /** Slots without an outcome, and one for the start itself. */
  #openCount = 1
  #atOnceBytes = 0
  #firstFailure: string | null = null
  #leaderIds: Set<number> | null = null

  constructor(services: Services, context: RequestContext, request: ProduceInput) {
    this.#services = services
    this.#context = context
    this.#request = request
    this.deadlineMs = context.receivedMs + request.timeoutMs
  }

  start(): void {
    const { topicData } = this.#request
    const isRefused = this.#request.transactionalId === null && hasTransactionalRecords(topicData)
    for (const topic of topicData) {
      for (const asked of topic.partitionData) {
        const slot = this.#responses.length
        this.#responses.push(emptyResponse(asked.index))
        this.#openCount++
        if (isRefused) this.#fail(slot, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', null)
        else this.#produce(slot, topic, asked)
      }
    }
    this.#close()
  }

  onAck(slot: number, error: ErrorName | null): void {
    if (error !== null) {
      this.#fail(slot, error, null)
      return
    }
    this.#close()
  }

  onValidated(slot: number, partition: Partition, outcome: ValidationOutcome): void {
    if (outcome.kind === 'valid') {
      this.#append(slot, partition, outcome.records)
    } else if (outcome.kind === 'invalid') {
      const response = this.#responses[slot]
      if (response !== undefined && outcome.recordErrors.length > 0) {
        response.recordErrors = outcome.recordErrors.map(({ batchIndex, message }) => ({
          batchIndex,
          batchIndexErrorMessage: message,
        }))
      }
      this.#fail(slot, outcome.error, outcome.message)
    } else {
      this.#fail(slot, 'KAFKA_STORAGE_ERROR', 'validation was put off twice')
    }
  }

  onValidationFailed(slot: number, error: Error): void {
    this.#services.env.log.error('validation of a batch failed', { error })
    // Nothing was appended: a retriable error, never UNKNOWN_SERVER_ERROR (R18).
    this.#fail(slot, 'KAFKA_STORAGE_ERROR', 'the records could not be validated')
  }

  #produce(slot: number, topic: RequestTopic, asked: RequestPartition): void {
    const { index, records } = asked
    const partition = partitionOf(this.#services, topic, index)
    if (partition === undefined) {
      this.#failLookup(slot, topic, missingPartitionError(this.#services, topic, index))
      return
    }
    const refusal = this.#check(partition, records)
    if (refusal !== null) {
      this.#failLookup(slot, topic, refusal)
    } else if (records === null) {
      this.#fail(slot, 'INVALID_RECORD', 'no records')
    } else if (asked.refusal) {
      this.#fail(slot, asked.refusal.error, asked.refusal.message)
    } else if (partition.appendQueue.isBusy || !this.#mayValidate(records)) {
      partition.appendQueue.add(records, this, slot)
    } else {
      const nowMs = this.#services.env.clock.nowMs()
      const outcome = validateProducedRecords(records, partition.validation, nowMs)
      if (outcome.kind === 'deferred') partition.appendQueue.add(records, this, slot)
      else this.onValidated(slot, partition, outcome)
    }
  }

  /** In this turn, as far as the share of this request, and that of all with compressed records, goes. */
  #mayValidate(records: Buffer): boolean {
    if (this.#atOnceBytes >= AT_ONCE_BYTES) return false
    this.#atOnceBytes += records.length
    if (!isCompressed(records)) return true
    const { appendTurns } = this.#services.replicaManager
    if (appendTurns.isSpent) return false
    appendTurns.use(validationCost(records))
    return true
  }

  #check(partition: Partition, records: Buffer | null): ErrorName | null {
    const { acks } = this.#request
    if (isInternalTopic(partition.topic)) return 'INVALID_TOPIC_EXCEPTION'
    if (acks < -1 || acks > 1) return 'INVALID_REQUIRED_ACKS'
    const refusal = partition.checkLeader(-1)
    if (refusal !== null) return refusal
    const attributes = attributesOf(records)
    if (isTransactional(attributes)) return 'INVALID_TXN_STATE'
    if (this.#context.apiVersion < ZSTD_MIN_VERSION && codecOf(attributes) === 'zstd') {
      return 'UNSUPPORTED_COMPRESSION_TYPE'
    }
    return acks === -1 ? partition.checkInsyncReplicas() : null
  }

  #append(slot: number, partition: Partition, records: Buffer): void {
    const { env, replicaManager } = this.#services
    // Again: the ISR may have shrunk while the batch was validated elsewhere (N5, R11).
    const lack = this.#request.acks === -1 ? partition.checkInsyncReplicas() : null
    if (lack !== null) {
      this.#fail(slot, lack, null)
      return
    }
    const outcome = partition.appendAsLeader(records, 'client', env.clock.nowMs())
    if (outcome.kind === 'failed') {
      this.#fail(slot, outcome.error, outcome.message)
      return
    }
    if (outcome.kind === 'appended')
      replicaManager.traffic.received(partition.topic, records.length)
    const response = this.#responses[slot]
    if (response !== undefined) {
      response.baseOffset = outcome.baseOffset
      response.logAppendTimeMs = outcome.logAppendTimeMs
      response.logStartOffset = outcome.logStartOffset
    }
    // A duplicate waits like the batch that it repeats (T1).
    switch (this.#request.acks) {
      case 0:
        this.#close()
        return
      case 1:
        partition.awaitWritten(outcome.lastOffset + 1, this, slot)
        break
      default:
        partition.awaitCommitted(outcome.lastOffset + 1, this, slot)
    }
    replicaManager.watchAcks(partition)
  }

  #failLookup(slot: number, topic: RequestTopic, error: ErrorName): void {
    const response = this.#responses[slot]
    if (
      response !== undefined &&
      this.#context.apiVersion >= LEADER_HINT_MIN_VERSION &&
      wantsLeaderHint(error)
    ) {
      const hint = leaderHint(this.#services, topic, response.index)
      response.currentLeader = hint
      this.#leaderIds ??= new Set()
      this.#leaderIds.add(hint.leaderId)
    }
    this.#fail(slot, error, null)
  }

  #fail(slot: number, error: ErrorName, message: string | null): void {
    const response = this.#responses[slot]
    if (response !== undefined) {
      response.errorCode = errorCode(error)
      response.errorMessage = message
      response.baseOffset = -1
      response.logAppendTimeMs = -1
    }
    this.#firstFailure ??= `${error}${message === null ? '' : `: ${message}`}`
    this.#close()
  }

  /** One outcome less to wait for. */
  #close(): void {
    this.#openCount--
    if (this.#openCount > 0) return
    if (this.#request.acks !== 0) {
      this.#context.respond(this.#response())
    } else if (this.#firstFailure === null) {
      this.#context.respondNothing()
    } else {
      // The only way to tell a producer that does not want answers.
      this.#context.close(`Produce with acks=0 failed with ${this.#firstFailure}`)
    }
  }

  #response(): ProduceResponseInit {
    let slot = 0
    const responses = this.#request.topicData.map(topic => {
      const from = slot
      slot += topic.partitionData.length
      return {
        name: topic.name,
        topicId: topic.topicId,
        partitionResponses: this.#responses.slice(from, slot),
      }
    })
    if (this.#leaderIds === null) return { responses }
    const nodeEndpoints = leaderEndpoints(this.#services, this.#context, this.#leaderIds)
    return { responses, nodeEndpoints }
  }
}

/** Of the first batch, 0 if there is none of magic 2. */
function attributesOf(records: Buffer | null): number {
  if (records === null || records.length < RECORD_BATCH_HEADER_BYTES) return 0
  return batchMagic(records, 0) === RECORD_BATCH_MAGIC ? batchAttributes(records, 0) : 0
}

function hasTransactionalRecords(topics: readonly RequestTopic[]): boolean {
  for (const topic of topics) {
    for (const { records } of topic.partitionData) {
      if (isTransactional(attributesOf(records))) return true
    }
  }
  return false
}
