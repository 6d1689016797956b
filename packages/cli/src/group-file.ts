// Committed offsets of groups as a file: JSON with everything, or lines GROUP,TOPIC,PARTITION,OFFSET as
// kafka-consumer-groups writes them.
import type { CommittedOffset } from '@weir/client'
import { CommandError } from './errors.ts'

export interface ExportedGroup {
  readonly group: string
  readonly offsets: readonly CommittedOffset[]
}

const FORMAT = 'weir-group-offsets'
const VERSION = 1
const MAX_PARTITION = 2 ** 31 - 1

export function toJsonFile(groups: readonly ExportedGroup[]): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, groups }, null, 2)}\n`
}

/** Without metadata and leader epochs. */
export function toCsvFile(groups: readonly ExportedGroup[]): string {
  return groups
    .flatMap(({ group, offsets }) =>
      offsets.map(
        ({ topic, partition, offset }) => `${quoted(group)},${topic},${partition},${offset}\n`,
      ),
    )
    .join('')
}

function quoted(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Either of the two formats. Throws CommandError, which says where the text is wrong. */
export function parseGroupFile(text: string): ExportedGroup[] {
  return text.trimStart().startsWith('{') ? parseJson(text) : parseCsv(text)
}

function parseJson(text: string): ExportedGroup[] {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch (error) {
    throw new CommandError(`the file is not JSON: ${(error as Error).message}`, error)
  }
  const groups = field(file, 'groups')
  if (field(file, 'format') !== FORMAT || !Array.isArray(groups)) {
    throw new CommandError("the file is not one of 'weir groups export'")
  }
  return groups.map(each => {
    const group = field(each, 'group')
    const offsets = field(each, 'offsets')
    if (typeof group !== 'string' || group === '' || !Array.isArray(offsets)) {
      throw new CommandError('a group in the file has no name or no offsets')
    }
    return { group, offsets: offsets.map(offset => checkedOffset(group, offset)) }
  })
}

function checkedOffset(group: string, from: unknown): CommittedOffset {
  const topic = field(from, 'topic')
  const partition = field(from, 'partition')
  const offset = field(from, 'offset')
  const leaderEpoch = field(from, 'leaderEpoch') ?? -1
  const metadata = field(from, 'metadata') ?? ''
  const isRight =
    typeof topic === 'string' &&
    topic !== '' &&
    isInteger(partition, 0, MAX_PARTITION) &&
    isInteger(offset, 0, Number.MAX_SAFE_INTEGER) &&
    isInteger(leaderEpoch, -1, MAX_PARTITION) &&
    typeof metadata === 'string'
  if (!isRight) {
    throw new CommandError(`group '${group}' has an offset that is none: ${JSON.stringify(from)}`)
  }
  return { topic, partition, offset, leaderEpoch, metadata }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}

function parseCsv(text: string): ExportedGroup[] {
  const groups = new Map<string, CommittedOffset[]>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const match =
      /^\s*(?:"((?:[^"]|"")*)"|([^",]+))\s*,\s*"?([^",]+)"?\s*,\s*(\d{1,9})\s*,\s*(\d{1,16})\s*$/.exec(
        line,
      )
    if (match === null) {
      throw new CommandError(`line ${index + 1} is not GROUP,TOPIC,PARTITION,OFFSET: '${line}'`)
    }
    const [, quotedGroup, plainGroup, topic = '', partition, offset] = match
    const group = quotedGroup?.replaceAll('""', '"') ?? plainGroup ?? ''
    const offsets = groups.get(group) ?? []
    groups.set(group, offsets)
    offsets.push({
      topic,
      partition: Number(partition),
      offset: Number(offset),
      leaderEpoch: -1,
      metadata: '',
    })
  }
  return [...groups].map(([group, offsets]) => ({ group, offsets }))
}
