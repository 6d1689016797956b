// Sizes as people write them on a command line.
import { UsageError } from '../errors.ts'

const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
])

/** `50MB`, `1.5GiB`, `1048576`: a whole number of bytes, at least one. */
export function parseBytes(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  const unit = UNIT_BYTES.get(match?.[2]?.toLowerCase() ?? '')
  const bytes = Math.round(Number(match?.[1]) * (unit ?? Number.NaN))
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new UsageError(`${option} takes a size as in 50MB or 10MiB, not '${text}'`)
  }
  return bytes
}
