// Durations and times as people write them on a command line.
import { UsageError } from '../errors.ts'

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])

/** `90s`, `2h30m`, `7d`, `1500ms`, or ISO 8601 (`PT1H30M`, `P1DT2H`). Milliseconds, not negative. */
export function parseDurationMs(text: string): number {
  const iso = parseIsoDurationMs(text)
  if (iso !== null && iso >= 0) return iso
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(text)) {
    throw new UsageError(`'${text}' is not a duration: write 30s, 10m, 2h30m, 7d or PT2H30M`)
  }
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    total += Number(amount) * (UNIT_MS.get(unit ?? '') ?? 0)
  }
  return Math.round(total)
}

/** Null when the text is not an ISO 8601 duration of weeks, days, hours, minutes and seconds; may be negative. */
export function parseIsoDurationMs(text: string): number | null {
  const pattern =
    /^(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,9})?)S)?)?$/i
  const match = pattern.exec(text)
  if (match === null || /^-?PT?$/i.test(text) || /T$/i.test(text)) return null
  const [, sign, weeks, days, hours, minutes, seconds] = match
  const total =
    Number(weeks ?? 0) * 604_800_000 +
    Number(days ?? 0) * 86_400_000 +
    Number(hours ?? 0) * 3_600_000 +
    Number(minutes ?? 0) * 60_000 +
    Math.round(Number(seconds ?? 0) * 1_000)
  return sign === undefined ? total : -total
}

/**
 * A point in time: milliseconds since 1970, or ISO 8601 (`2026-01-31`, `2026-01-31T12:00`,
 * `...Z`, `...+01:00`). Without a zone it is this machine's local time, as in Kafka's tools' help.
 */
export function parseTimestampMs(text: string): number {
  // Fewer digits are more likely a year.
  if (/^\d{6,16}$/.test(text)) return Number(text)
  const isIso = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/
  if (isIso.test(text)) {
    // A date alone would be read as UTC: with a time of day it is local.
    const withTime = text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T')
    const value = Date.parse(withTime)
    if (!Number.isNaN(value)) return value
  }
  throw new UsageError(
    `'${text}' is not a time: write 2026-01-31T12:00, 2026-01-31T12:00:00Z or milliseconds since 1970`,
  )
}

/** `1.5 s`, `12 min`, `3 h`, `2 d`: for people, two digits or so. */
export function formatDurationMs(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`
  if (durationMs < 60_000) return `${trim(durationMs / 1_000)} s`
  if (durationMs < 3_600_000) return `${trim(durationMs / 60_000)} min`
  if (durationMs < 86_400_000) return `${trim(durationMs / 3_600_000)} h`
  return `${trim(durationMs / 86_400_000)} d`
}

/** `2026-01-31T12:00:00.000Z`; '-' for Kafka's -1. */
export function formatTimestamp(timestampMs: number): string {
  if (timestampMs < 0 || !Number.isFinite(timestampMs) || timestampMs > 8.64e15) return '-'
  return new Date(timestampMs).toISOString()
}

function trim(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10)
}
