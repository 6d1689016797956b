// Names of files and directories, which are Kafka's: a segment's files by its base offset in 20
// digits, a partition's directory TOPIC-INDEX. Topic names were validated before they come here, and
// are checked once more, because a name becomes a path.

import { assert } from '@weir/core'

export const LOG_SUFFIX = '.log'
export const INDEX_SUFFIX = '.index'
export const TIME_INDEX_SUFFIX = '.timeindex'
export const TRANSACTION_INDEX_SUFFIX = '.txnindex'
export const SNAPSHOT_SUFFIX = '.snapshot'
/** Beside each snapshot: the same with the last five batches of each producer, in our own format. */
export const PRODUCERS_SUFFIX = '.producers'
export const DELETED_SUFFIX = '.deleted'
export const CLEANED_SUFFIX = '.cleaned'
export const SWAP_SUFFIX = '.swap'
/** Original bytes of a segment out of which damage was cut by the operator's choice. */
export const DAMAGED_SUFFIX = '.damaged'
export const PARTITION_METADATA = 'partition.metadata'
export const LOG_CHECKPOINT = 'weir-log.checkpoint'
export const OFFSETS_CHECKPOINT = 'weir-offsets.checkpoint'
export const CLEAN_SHUTDOWN = 'weir-clean-shutdown'
/** Says whose data a directory is; written by the node, not by its logs. */
export const NODE_IDENTITY = 'meta.properties'

const OFFSET_DIGITS = 20
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/

/** '/data/topic-0/00000000000000000042.log' without the suffix. */
export function segmentPath(directory: string, baseOffset: number): string {
  return `${directory}/${String(baseOffset).padStart(OFFSET_DIGITS, '0')}`
}

/** The offset in '00000000000000000042.log'; null if the name is not of that form. */
export function offsetOfFile(name: string, suffix: string): number | null {
  if (name.length !== OFFSET_DIGITS + suffix.length || !name.endsWith(suffix)) return null
  const digits = name.slice(0, OFFSET_DIGITS)
  if (!/^\d+$/.test(digits)) return null
  const offset = Number(digits)
  return Number.isSafeInteger(offset) ? offset : null
}

export function partitionDirectoryName(topic: string, partitionIndex: number): string {
  const isLegal = TOPIC_NAME.test(topic) && topic !== '.' && topic !== '..'
  assert(isLegal, 'a topic name that cannot be a directory', { topic })
  return `${topic}-${partitionIndex}`
}

/** Null for directories that are not of a partition (or set aside). */
export function parsePartitionDirectory(
  name: string,
): { readonly topic: string; readonly partitionIndex: number } | null {
  const match = /^(.{1,249})-(\d{1,10})$/.exec(name)
  if (match === null) return null
  const [, topic = '', digits = ''] = match
  if (!TOPIC_NAME.test(topic) || String(Number(digits)) !== digits) return null
  return { topic, partitionIndex: Number(digits) }
}

/**
 * `.UUID-delete` and `.UUID-stray` behind a partition's directory name, and `.UUID-future`: a copy that a
 * move between data directories did not end with, which is to be deleted.
 */
export function isSetAside(name: string): 'delete' | 'stray' | null {
  const match = /^.+\.[A-Za-z0-9_-]{22}-(delete|stray|future)$/.exec(name)
  if (match === null) return null
  return match[1] === 'stray' ? 'stray' : 'delete'
}

export function encodePartitionMetadata(topicId: string): Buffer {
  return Buffer.from(`version: 0\ntopic_id: ${topicId}\n`)
}

/** Null if it is not what it should be. */
export function decodePartitionMetadata(bytes: Buffer): string | null {
  const match = /^version: 0\ntopic_id: ([A-Za-z0-9_-]{22})\n?$/.exec(bytes.toString('latin1'))
  return match?.[1] ?? null
}
