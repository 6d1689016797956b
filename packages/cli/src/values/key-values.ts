// `name=value` arguments and the small grammar of partitions: `0,3,5-7`.
import { UsageError } from '../errors.ts'

/** `a=1`, `b=x=y` -> a Map; the first '=' splits. The last of equal names wins. */
export function parseKeyValues(items: readonly string[], option: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const item of items) {
    const at = item.indexOf('=')
    if (at <= 0) throw new UsageError(`${option} takes NAME=VALUE, not '${item}'`)
    values.set(item.slice(0, at).trim(), item.slice(at + 1))
  }
  return values
}

const MAX_PARTITION = 1_000_000

/** `0,3,5-7` -> 0 3 5 6 7, ascending, without repeats. */
export function parsePartitions(text: string): number[] {
  return parseNumbers(text, 'partitions')
}

/** As `parsePartitions`, of anything that has numbers. */
export function parseNumbers(text: string, what: string): number[] {
  const numbers = new Set<number>()
  for (const part of text.split(',')) {
    const match = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(part.trim())
    const first = Number(match?.[1])
    const last = Number(match?.[2] ?? match?.[1])
    if (match === null || last < first || last > MAX_PARTITION) {
      throw new UsageError(`'${text}' is not a list of ${what}: write 1 or 1,3,5-7`)
    }
    for (let number = first; number <= last; number++) numbers.add(number)
  }
  return [...numbers].sort((a, b) => a - b)
}

export interface TopicSelection {
  readonly topic: string
  /** Null means all of them. */
  readonly partitions: readonly number[] | null
}

/** `orders` or `orders:0,2`. */
export function parseTopicSelection(text: string): TopicSelection {
  const at = text.lastIndexOf(':')
  if (at < 0) return { topic: text, partitions: null }
  return { topic: text.slice(0, at), partitions: parsePartitions(text.slice(at + 1)) }
}

/** A whole number within [min, max], or a UsageError that names the option. */
export function checkInteger(
  value: number | undefined,
  option: string,
  range: { min: number; max: number },
): number | undefined {
  if (value === undefined) return undefined
  if (!Number.isInteger(value) || value < range.min || value > range.max) {
    throw new UsageError(
      `${option} has to be a whole number from ${range.min} to ${range.max}${Number.isNaN(value) ? '' : `, not ${value}`}`,
    )
  }
  return value
}
