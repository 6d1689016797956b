// Where the offsets of a group go in a reset: looked up, kept within the log, nothing changed.
import {
  type Cluster,
  type CommittedOffset,
  listOffsets,
  OFFSET_EARLIEST,
  OFFSET_LATEST,
  partitionKey,
  type TopicPartition,
} from '@weir/client'
import { CommandError } from '../errors.ts'
import type { Start } from './read-range.ts'

export type ResetTarget =
  | { readonly kind: 'start'; readonly start: Start }
  | { readonly kind: 'current' }
  | { readonly kind: 'shift'; readonly by: number }
  | { readonly kind: 'file'; readonly offsets: readonly (TopicPartition & { offset: number })[] }

export interface OffsetMove extends TopicPartition {
  /** Null if nothing was committed. */
  readonly from: number | null
  readonly to: number
  /** Why it is not exactly what was asked for; empty otherwise. */
  readonly note: string
}

/** Throws KafkaError for partitions that do not exist, CommandError where a plan is impossible. */
export async function planOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  options: { readonly target: ResetTarget; readonly committed: readonly CommittedOffset[] },
): Promise<OffsetMove[]> {
  const { target } = options
  const [first, end] = await Promise.all([
    ask(cluster, partitions, OFFSET_EARLIEST),
    ask(cluster, partitions, OFFSET_LATEST),
  ])
  const byTime =
    target.kind === 'start' && target.start.kind === 'time'
      ? await ask(cluster, partitions, target.start.timestampMs)
      : null
  const committed = new Map(options.committed.map(item => [partitionKey(item), item.offset]))
  return partitions.map(({ topic, partition }, index) => {
    const from = committed.get(partitionKey({ topic, partition })) ?? null
    const range = { first: first[index] ?? 0, end: end[index] ?? 0 }
    const wanted = wantedOffset(
      target,
      { topic, partition },
      { from, range, byTime: byTime?.[index] ?? null },
    )
    const to = Math.min(Math.max(wanted.offset, range.first), range.end)
    let { note } = wanted
    if (wanted.offset < range.first) note = `${wanted.offset} is before the first record`
    if (wanted.offset > range.end) note = `${wanted.offset} is beyond the end`
    return { topic, partition, from, to, note }
  })
}

interface Known {
  readonly from: number | null
  readonly range: { readonly first: number; readonly end: number }
  readonly byTime: number | null
}

function wantedOffset(
  target: ResetTarget,
  { topic, partition }: TopicPartition,
  { from, range, byTime }: Known,
): { offset: number; note: string } {
  const exactly = (offset: number, note = ''): { offset: number; note: string } => ({
    offset,
    note,
  })
  switch (target.kind) {
    case 'current':
      return from === null ? exactly(range.end, 'nothing was committed') : exactly(from)
    case 'shift':
      if (from === null) {
        throw new CommandError(
          `nothing was committed for ${topic}-${partition}, so it cannot be shifted: use --to`,
        )
      }
      return exactly(from + target.by)
    case 'file': {
      const line = target.offsets.find(item => item.topic === topic && item.partition === partition)
      if (line === undefined) {
        throw new CommandError(`the file has no line for ${topic}-${partition}`)
      }
      return exactly(line.offset)
    }
    case 'start':
      switch (target.start.kind) {
        case 'earliest':
          return exactly(range.first)
        case 'latest':
          return exactly(range.end)
        case 'offset':
          return exactly(target.start.offset)
        case 'last':
          return exactly(Math.max(range.first, range.end - target.start.count))
        case 'time':
          return byTime === null || byTime < 0
            ? exactly(range.end, 'no record is that new')
            : exactly(byTime)
      }
  }
}

/** Lines `topic,partition,offset`; blank lines and lines with # are skipped. Throws CommandError. */
export function parseOffsetCsv(text: string): (TopicPartition & { offset: number })[] {
  const offsets: (TopicPartition & { offset: number })[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const match = /^\s*"?([^",]+)"?\s*,\s*(\d{1,9})\s*,\s*(\d{1,16})\s*$/.exec(line)
    if (match === null) {
      throw new CommandError(`line ${index + 1} is not TOPIC,PARTITION,OFFSET: '${line}'`)
    }
    const [, topic = '', partition, offset] = match
    offsets.push({ topic, partition: Number(partition), offset: Number(offset) })
  }
  return offsets
}

async function ask(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  timestamp: number,
): Promise<number[]> {
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }))
  const outcomes = await listOffsets(cluster, queries)
  return outcomes.map(({ value, error }) => {
    if (value === null) throw error
    return value.offset
  })
}
