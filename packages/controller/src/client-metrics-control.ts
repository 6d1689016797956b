// Which subscriptions to client metrics (KIP-714) may exist: three settings, checked as Kafka does,
// with its words and codes. They are kept and described; clients push nothing yet.
//
// Pure: decides on the settings of one subscription.

import { type ApiError, failure } from './requests.ts'

const MIN_INTERVAL_MS = 100
const MAX_INTERVAL_MS = 3_600_000

const LISTS: ReadonlySet<string> = new Set(['metrics', 'match'])
const INTERVAL = 'interval.ms'

/** What a pattern may ask of a client. */
const SELECTORS: ReadonlySet<string> = new Set([
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
])

export function isClientMetricsList(key: string): boolean {
  return LISTS.has(key)
}

/** Null if a subscription may have these settings. */
export function clientMetricsProblem(settings: ReadonlyMap<string, string>): ApiError | null {
  for (const key of settings.keys()) {
    if (LISTS.has(key) || key === INTERVAL) continue
    return failure('INVALID_REQUEST', `Unknown client metrics configuration: ${key}`)
  }
  return intervalProblem(settings.get(INTERVAL)) ?? patternProblem(settings.get('match') ?? '')
}

function intervalProblem(text: string | undefined): ApiError | null {
  if (text === undefined) return null
  if (!/^[+-]?\d{1,10}$/.test(text.trim())) {
    const message = `Invalid value ${text} for configuration ${INTERVAL}: Not a number of type INT`
    return failure('INVALID_CONFIG', message)
  }
  const intervalMs = Number(text)
  if (intervalMs >= MIN_INTERVAL_MS && intervalMs <= MAX_INTERVAL_MS) return null
  const message =
    `Invalid value ${intervalMs} for ${INTERVAL}, interval must be between ${MIN_INTERVAL_MS} and ` +
    `${MAX_INTERVAL_MS} (1 hour)`
  return failure('INVALID_REQUEST', message)
}

/** NAME=PATTERN, ... The patterns themselves are run by nobody yet: only their names are checked. */
function patternProblem(text: string): ApiError | null {
  for (const item of text.split(',')) {
    if (item.trim() === '') continue
    const [name = '', pattern = '', ...more] = item.split('=')
    const isLegal = SELECTORS.has(name.trim()) && pattern.trim() !== '' && more.length === 0
    if (!isLegal)
      return failure('INVALID_CONFIG', `Illegal client matching pattern: ${item.trim()}`)
  }
  return null
}
