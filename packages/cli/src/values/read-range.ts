// Where a read begins and ends: words, offsets, counts from the end, times.
import {
  type Cluster,
  listOffsets,
  OFFSET_EARLIEST,
  OFFSET_LATEST,
  type TopicPartition,
} from '@weir/client'
import { CommandError, UsageError } from '../errors.ts'
import { parseDurationMs, parseTimestampMs } from './duration.ts'
import type { TopicSelection } from './key-values.ts'

export type Start =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** This many before the end. */
  | { readonly kind: 'last'; readonly count: number }
  | { readonly kind: 'time'; readonly timestampMs: number }

/** Numbers up to this are offsets, larger ones milliseconds: it is in the year 2001. */
const LARGEST_OFFSET = 999_999_999_999

/** `earliest`, `latest`, `42`, `-10`, `2026-01-31T12:00`, `1h` (ago). Throws UsageError. */
export function parseStart(text: string, nowMs: number = Date.now()): Start {
  if (text === 'earliest' || text === 'beginning') return { kind: 'earliest' }
  if (text === 'latest' || text === 'end') return { kind: 'latest' }
  if (/^\d{1,15}$/.test(text)) {
    const value = Number(text)
    return value <= LARGEST_OFFSET
      ? { kind: 'offset', offset: value }
      : { kind: 'time', timestampMs: value }
  }
  if (/^-\d{1,12}$/.test(text)) return { kind: 'last', count: -Number(text) }
  if (/^P|^[\d.]+[a-z]/.test(text)) {
    return { kind: 'time', timestampMs: nowMs - parseDurationMs(text) }
  }
  if (/^\d{4}-/.test(text)) return { kind: 'time', timestampMs: parseTimestampMs(text) }
  throw new UsageError(
    `'${text}' is no place in a log: write earliest, latest, an offset, -N, a time as 2026-01-31T12:00, or a duration as 1h`,
  )
}

export interface Range extends TopicPartition {
  readonly offset: number
  /** Exclusive; the end of the log when it was looked up. */
  readonly endOffset: number
}

/** One range for every selected partition. Throws CommandError, KafkaError. */
export async function resolveRange(
  cluster: Cluster,
  selections: readonly TopicSelection[],
  { from, to }: { readonly from: Start; readonly to: Start | null },
  isBounded: boolean,
): Promise<Range[]> {
  const partitions = selections.flatMap(({ topic, partitions: chosen }) => {
    const count = cluster.cachedTopic(topic)?.partitions.length ?? 0
    const outside = chosen?.find(partition => partition >= count)
    if (outside !== undefined) {
      throw new CommandError(`topic '${topic}' has partitions 0 to ${count - 1}, not ${outside}`)
    }
    const all = Array.from({ length: count }, (_, partition) => partition)
    return (chosen ?? all).map(partition => ({ topic, partition }))
  })
  const starts = await lookUp(cluster, partitions, from)
  const ends = isBounded
    ? await lookUp(cluster, partitions, to ?? { kind: 'latest' })
    : starts.map(() => Number.MAX_SAFE_INTEGER)
  return partitions.map((item, index) => ({
    ...item,
    offset: starts[index] ?? 0,
    endOffset: ends[index] ?? 0,
  }))
}

async function lookUp(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  start: Start,
): Promise<number[]> {
  switch (start.kind) {
    case 'earliest':
      return await ask(cluster, partitions, OFFSET_EARLIEST)
    case 'latest':
      return await ask(cluster, partitions, OFFSET_LATEST)
    case 'offset':
      return partitions.map(() => start.offset)
    case 'last': {
      const [first, end] = await Promise.all([
        ask(cluster, partitions, OFFSET_EARLIEST),
        ask(cluster, partitions, OFFSET_LATEST),
      ])
      return end.map((offset, index) => Math.max(first[index] ?? 0, offset - start.count))
    }
    case 'time': {
      const found = await ask(cluster, partitions, start.timestampMs)
      if (!found.includes(-1)) return found
      const end = await ask(cluster, partitions, OFFSET_LATEST)
      return found.map((offset, index) => (offset === -1 ? (end[index] ?? 0) : offset))
    }
  }
}

async function ask(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  timestamp: number,
): Promise<number[]> {
  const queries = partitions.map(item => ({ ...item, timestamp }))
  const outcomes = await listOffsets(cluster, queries)
  return outcomes.map(({ value, error }) => {
    if (value === null) throw error
    return value.offset
  })
}
