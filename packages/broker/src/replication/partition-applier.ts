// What a follower makes of one partition's part of a fetch answer: append, cut where the logs differ
// (KIP-595), begin anew where the leader's log begins, or wait.
//
// Invariants: a log is cut by epochs, never by the high watermark (R1); a log that is damaged is cut only
// after the controller has taken this replica out of the ISR, as what is cut may be committed (D2).

import type { Connection } from '@weir/client'
import { DiskError, type Env, errorMessage } from '@weir/core'
import {
  batchBaseOffset,
  batchLastOffset,
  batchSizeInBytes,
  type ErrorName,
  errorName,
  type FetchResponse,
  listOffsetsApi,
  RECORD_BATCH_HEADER_BYTES,
} from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import { LogThrottle } from '../server/log-throttle.ts'
import { type FollowedPartition, firstDamage } from './followed-partition.ts'
import type { ReplicationLinks } from './replication-links.ts'
import type { ReplicationQuota } from './replication-quota.ts'

export type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number]

/**
 * appended: the next fetch goes on behind it. again: it has to be asked for anew. paused: it is not
 * fetched until its pause is over, or what was begun for it has ended.
 */
export type Applied = 'unchanged' | 'appended' | 'again' | 'paused'

/** The fetcher as the applier sees it. */
export interface FetchSource {
  readonly connection: Connection | null
  /** It may be fetched again, or has something to say. */
  changed(followed: FollowedPartition): void
  /** A question on the same connection should not wait behind a fetch. */
  hurry(): void
}

export interface ApplierOptions {
  readonly nodeId: number
  readonly links: ReplicationLinks
  readonly quota: ReplicationQuota
}

const EARLIEST = -2
/** The log keeps batches from this size on as they are: they would pin the whole answer (N4). */
const PINNING_BATCH_BYTES = 128 * 1024

export class PartitionApplier {
  readonly #env: Env
  readonly #options: ApplierOptions
  readonly #troubleLog: LogThrottle

  constructor(env: Env, options: ApplierOptions) {
    this.#env = env
    this.#options = options
    this.#troubleLog = new LogThrottle(env.clock, env.log)
  }

  apply(source: FetchSource, followed: FollowedPartition, answer: PartitionAnswer): Applied {
    const error = errorName(answer.errorCode)
    if (error === 'OFFSET_OUT_OF_RANGE') return this.#beginAnew(source, followed)
    if (error !== 'NONE') return this.#pause(followed, error, 'the leader refused a fetch')
    const { epoch, endOffset } = answer.divergingEpoch
    if (epoch >= 0 || endOffset >= 0) return this.#truncate(source, followed, epoch, endOffset)
    if (followed.damagedFrom !== null) return this.#repair(source, followed)
    const { records } = answer
    if (records === null || records.length === 0) {
      this.#follow(source, followed, answer)
      return 'unchanged'
    }
    return this.#append(source, followed, answer, records)
  }

  #append(
    source: FetchSource,
    followed: FollowedPartition,
    answer: PartitionAnswer,
    records: Buffer,
  ): Applied {
    const { partition, leaderEpoch } = followed
    const { log } = partition
    // The last batch may be cut off by the limit of the answer.
    const whole = wholeBatches(records)
    if (whole.length === 0) return this.#pause(followed, 'CORRUPT_MESSAGE', 'no whole batch')
    if (batchBaseOffset(whole, 0) < log.logEndOffset) {
      return this.#beginInside(source, followed, answer, whole)
    }
    const outcome = partition.appendAsFollower(keepable(whole), leaderEpoch)
    if (outcome.kind === 'failed') return this.#onRefused(followed, outcome.error, outcome.message)
    this.#options.quota.record(whole.length)
    followed.succeeded()
    this.#follow(source, followed, answer)
    return 'appended'
  }

  /** Takes over what the leader says of its log. */
  #follow(source: FetchSource, followed: FollowedPartition, answer: PartitionAnswer): void {
    const { partition } = followed
    const { log } = partition
    followed.succeeded()
    partition.updateFollowerHighWatermark(answer.highWatermark)
    const logStartOffset = Math.min(answer.logStartOffset, log.highWatermark)
    if (logStartOffset <= log.logStartOffset || followed.isAdvancing) return
    followed.isAdvancing = true
    const advancing = log
      .advanceLogStartOffset(logStartOffset)
      .then(() => {
        partition.onLogStartOffset()
        source.changed(followed)
      })
      .catch(failure => this.#onDiskError(followed, failure))
      .finally(() => {
        followed.isAdvancing = false
      })
    this.#env.log.background(advancing, `log start of ${nameOf(followed)}`)
  }

  #onRefused(followed: FollowedPartition, error: ErrorName, message: string): Applied {
    if (!followed.partition.log.isOffline) return this.#pause(followed, error, message)
    // Its directory is gone: nothing comes of fetching until somebody decides something else.
    followed.isBusy = true
    return 'paused'
  }

  #pause(followed: FollowedPartition, error: ErrorName, what: string): Applied {
    const maxMs = this.#options.links.settings.get('replica.fetch.backoff.ms')
    const delayMs = followed.failed(this.#env.clock.monotonicMs(), maxMs)
    const fields = { partition: nameOf(followed), epoch: followed.leaderEpoch, error, delayMs }
    if (delayMs < maxMs) this.#env.log.debug(what, fields)
    else this.#troubleLog.warn(what, fields)
    return 'paused'
  }

  /**
   * The leader's log differs: its last epoch up to the one asked with ends at `endOffset`. What is here of
   * that epoch and below, up to there, is the same; the rest goes, and the next fetch asks again.
   */
  #truncate(
    source: FetchSource,
    followed: FollowedPartition,
    epoch: number,
    endOffset: number,
  ): Applied {
    const { partition } = followed
    const { log } = partition
    const own = log.endOffsetForEpoch(epoch)
    const toOffset = own.endOffset < 0 ? endOffset : Math.min(own.endOffset, endOffset)
    const fields = {
      partition: nameOf(followed),
      toOffset,
      logEndOffset: log.logEndOffset,
      highWatermark: log.highWatermark,
      epoch,
    }
    if (toOffset < log.highWatermark) {
      this.#env.log.warn('truncating below the high watermark: an unclean election', fields)
    } else {
      this.#env.log.info('truncating to where the log is that of the leader', fields)
    }
    return this.#during(source, followed, async () => {
      await partition.truncateTo(toOffset)
      followed.damagedFrom = firstDamage(partition)
    })
  }

  /** All of the log from its first damage on comes from the leader again. */
  #repair(source: FetchSource, followed: FollowedPartition): Applied {
    const { partition, damagedFrom } = followed
    if (damagedFrom === null) return 'again'
    if (this.#isInSync(partition)) {
      // The leader sees by the offset of the fetch that something is missing here, and expels it.
      return this.#pause(followed, 'CORRUPT_MESSAGE', 'damaged: waiting to be out of the ISR')
    }
    const fields = { partition: nameOf(followed), damagedFrom }
    this.#env.log.warn('a damaged log is fetched again from the leader', fields)
    return this.#during(source, followed, async () => {
      await partition.truncateTo(damagedFrom)
      followed.damagedFrom = firstDamage(partition)
    })
  }

  /** Nothing at this offset: the leader's log begins later (R20), or an empty log is ahead of it. */
  #beginAnew(source: FetchSource, followed: FollowedPartition): Applied {
    const { partition } = followed
    const { log } = partition
    return this.#during(source, followed, async () => {
      const startOffset = await this.#askLogStart(source, followed)
      if (followed.isGone || startOffset === null) return
      const isEmpty = log.logEndOffset === log.logStartOffset
      // The leader has deleted what is damaged here: what is sound goes with it, to be fetched again.
      const isBeforeStart = followed.damagedFrom !== null && followed.damagedFrom < startOffset
      if (startOffset <= log.logEndOffset && !isEmpty && !isBeforeStart) {
        this.#pause(followed, 'OFFSET_OUT_OF_RANGE', 'the leader does not have this offset')
        return
      }
      if (isBeforeStart && this.#isInSync(partition)) {
        this.#pause(followed, 'CORRUPT_MESSAGE', 'damaged: waiting to be out of the ISR')
        return
      }
      const fields = { partition: nameOf(followed), startOffset, logEndOffset: log.logEndOffset }
      this.#env.log.info('beginning anew where the log of the leader begins', fields)
      await partition.restartAt(startOffset)
      followed.damagedFrom = null
    })
  }

  #isInSync(partition: Partition): boolean {
    return partition.isr.includes(this.#options.nodeId)
  }

  async #askLogStart(source: FetchSource, followed: FollowedPartition): Promise<number | null> {
    const { partition, leaderEpoch } = followed
    const { topic, partitionIndex } = partition
    try {
      const asked = source.connection?.request(listOffsetsApi, {
        replicaId: -1,
        isolationLevel: 0,
        topics: [
          {
            name: topic,
            partitions: [{ partitionIndex, currentLeaderEpoch: leaderEpoch, timestamp: EARLIEST }],
          },
        ],
      })
      source.hurry()
      const found = (await asked)?.topics[0]?.partitions[0]
      if (found === undefined || found.errorCode !== 0) {
        const error = found === undefined ? 'NETWORK_EXCEPTION' : errorName(found.errorCode)
        this.#pause(followed, error, 'the leader does not say where its log begins')
        return null
      }
      return found.offset
    } catch (error) {
      this.#pause(followed, 'NETWORK_EXCEPTION', errorMessage(error))
      return null
    }
  }

  /**
   * A batch that begins before the end of this log and reaches beyond it. In an empty log it is one that
   * the leader's log start lies in: the log begins with it, and its start stays where it is.
   */
  #beginInside(
    source: FetchSource,
    followed: FollowedPartition,
    answer: PartitionAnswer,
    records: Buffer,
  ): Applied {
    const { partition, leaderEpoch } = followed
    const { log } = partition
    const isEmpty = log.logEndOffset === log.logStartOffset
    if (!isEmpty || batchLastOffset(records, 0) < log.logEndOffset) {
      return this.#pause(followed, 'CORRUPT_MESSAGE', 'the leader sent what is here already')
    }
    return this.#during(source, followed, async () => {
      await partition.restartAt(batchBaseOffset(records, 0))
      const outcome = partition.appendAsFollower(Buffer.from(records), leaderEpoch)
      if (outcome.kind === 'failed') {
        this.#onRefused(followed, outcome.error, outcome.message)
        return
      }
      await log.flush()
      if (!followed.isGone) this.#follow(source, followed, answer)
    })
  }

  /** Does something that takes its time; the partition is not fetched meanwhile. */
  #during(source: FetchSource, followed: FollowedPartition, task: () => Promise<void>): Applied {
    followed.isBusy = true
    const done = task()
      .catch(error => this.#onDiskError(followed, error))
      .then(() => {
        followed.isBusy = followed.partition.log.isOffline
        source.changed(followed)
      })
    this.#env.log.background(done, `bringing ${nameOf(followed)} in line with its leader`)
    return 'paused'
  }

  #onDiskError(followed: FollowedPartition, error: unknown): void {
    if (!(error instanceof DiskError)) throw error
    this.#pause(followed, 'KAFKA_STORAGE_ERROR', error.message)
  }
}

function nameOf({ partition }: FollowedPartition): string {
  return `${partition.topic}-${partition.partitionIndex}`
}

/** Without what the limit of an answer may have cut off at its end. */
function wholeBatches(records: Buffer): Buffer {
  let at = 0
  while (records.length - at >= RECORD_BATCH_HEADER_BYTES) {
    const size = batchSizeInBytes(records, at)
    if (size < RECORD_BATCH_HEADER_BYTES || size > records.length - at) break
    at += size
  }
  return at === records.length ? records : records.subarray(0, at)
}

/** The bytes, or a copy if the log would keep a slice of a much larger answer. */
function keepable(records: Buffer): Buffer {
  if (records.length < PINNING_BATCH_BYTES || records.length === records.buffer.byteLength) {
    return records
  }
  for (let at = 0; at < records.length; at += batchSizeInBytes(records, at)) {
    if (batchSizeInBytes(records, at) >= PINNING_BATCH_BYTES) return Buffer.from(records)
  }
  return records
}
