// The vocabulary of tables of settings: one row a setting, from which parsing, validation, typed
// access, answers to DescribeConfigs and the documentation follow. The tables themselves are in
// packages/settings.

/** Kafka's types of settings; their codes on the wire follow from the order (boolean is 1). */
export const SETTING_TYPES = [
  'boolean',
  'string',
  'int',
  'short',
  'long',
  'double',
  'list',
  'class',
  'password',
] as const

export type SettingType = (typeof SETTING_TYPES)[number]

/** Who may change a setting of a running broker: nobody, for one broker, or for all at once. */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide'

/**
 * What Weir does with a setting: uses it; takes it although it has no effect here, with a warning;
 * or refuses any value but the default, because ignoring it would change what data is kept or who
 * may read it.
 */
export type Support = 'supported' | 'accepted' | 'refused'

export interface SettingRow<
  Key extends string = string,
  Type extends SettingType = SettingType,
  Nullable extends boolean = boolean,
> {
  readonly key: Key
  readonly type: Type
  /** As text, the way it is described; null: not set. */
  readonly defaultText: string | null
  /** False: the typed value is never null. */
  readonly isNullable: Nullable
  /** Inclusive bounds of numbers. */
  readonly min?: number
  readonly max?: number
  /** The legal values; for a list, those of its elements. */
  readonly oneOf?: readonly string[]
  readonly ignoresCase?: boolean
  /** A further check of the text: null, or what is wrong with it. */
  readonly check?: (text: string) => string | null
  /** Keys of broker settings that a topic or group setting takes its default from, nearest first. */
  readonly brokerKeys?: readonly string[]
  readonly unit?: string
  readonly update: UpdateMode
  readonly support: Support
  /** Why the setting has no effect, or is refused. */
  readonly reason?: string
  /** Kafka's default where Weir's differs. */
  readonly kafkaDefault?: string
  readonly doc: string
}

interface TypeMap {
  boolean: boolean
  string: string
  int: number
  short: number
  /** Beyond 2^53 rounded: such values mean "for ever" or "without limit". */
  long: number
  double: number
  list: readonly string[]
  class: string
  password: string
}

export type SettingValue = TypeMap[SettingType] | null

/** The typed value of a row. */
export type ValueOf<Row> =
  Row extends SettingRow<string, infer Type, infer Nullable>
    ? TypeMap[Type] | (Nullable extends true ? null : never)
    : never

/** The row of a key, out of a union of rows. */
export type RowOf<Row, Key> = Row extends { readonly key: Key } ? Row : never

/** A parsed value, or why the text is not one, in Kafka's words. */
export type Parsed =
  | { readonly kind: 'value'; readonly value: SettingValue }
  | { readonly kind: 'invalid'; readonly message: string }

const INTEGER_BOUNDS: Readonly<Record<'int' | 'short' | 'long', readonly [bigint, bigint]>> = {
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
}

/** Parses and validates the text of a setting. Surrounding white space does not count. */
export function parseSetting(row: SettingRow, text: string): Parsed {
  const trimmed = text.trim()
  const parsed = parseType(row, trimmed)
  if (parsed.kind === 'invalid') return parsed
  const problem =
    rangeProblem(row, parsed.value) ?? choiceProblem(row, parsed.value) ?? row.check?.(trimmed)
  if (problem === null || problem === undefined) return parsed
  return invalid(row, trimmed, problem)
}

/** The elements of a list as Kafka splits them: at commas, trimmed; an empty text is no element. */
export function splitList(text: string): string[] {
  const trimmed = text.trim()
  return trimmed === '' ? [] : trimmed.split(',').map(element => element.trim())
}

function parseType(row: SettingRow, text: string): Parsed {
  switch (row.type) {
    case 'boolean': {
      const lower = text.toLowerCase()
      if (lower === 'true' || lower === 'false') return value(lower === 'true')
      return invalid(row, text, 'Expected value to be either true or false')
    }
    case 'short':
    case 'int':
    case 'long':
      return parseInteger(row, row.type, text)
    case 'double': {
      const number = Number(text)
      if (text !== '' && !Number.isNaN(number)) return value(number)
      return invalid(row, text, 'Not a number of type DOUBLE')
    }
    case 'list':
      return value(splitList(text))
    case 'string':
    case 'class':
    case 'password':
      return value(text)
  }
}

function parseInteger(row: SettingRow, type: 'int' | 'short' | 'long', text: string): Parsed {
  const [min, max] = INTEGER_BOUNDS[type]
  if (/^[+-]?\d{1,19}$/.test(text)) {
    const exact = BigInt(text.startsWith('+') ? text.slice(1) : text)
    if (exact >= min && exact <= max) return value(Number(exact))
  }
  return invalid(row, text, `Not a number of type ${type.toUpperCase()}`)
}

function rangeProblem(row: SettingRow, number: SettingValue): string | null {
  if (typeof number !== 'number') return null
  if (row.min !== undefined && number < row.min) return `Value must be at least ${row.min}`
  if (row.max !== undefined && number > row.max) return `Value must be no more than ${row.max}`
  return null
}

function choiceProblem(row: SettingRow, chosen: SettingValue): string | null {
  const { oneOf } = row
  if (oneOf === undefined || (typeof chosen !== 'string' && !Array.isArray(chosen))) return null
  const elements: readonly string[] = typeof chosen === 'string' ? [chosen] : chosen
  if (new Set(elements).size < elements.length) return 'Values must not be duplicated'
  const isLegal = (element: string) =>
    row.ignoresCase === true
      ? oneOf.some(legal => legal.toLowerCase() === element.toLowerCase())
      : oneOf.includes(element)
  if (elements.every(isLegal)) return null
  return `String must be one of${row.ignoresCase === true ? ' (case insensitive)' : ''}: ${oneOf.join(', ')}`
}

function value(parsed: SettingValue): Parsed {
  return { kind: 'value', value: parsed }
}

function invalid(row: SettingRow, text: string, problem: string): Parsed {
  const shown = row.type === 'password' ? '[hidden]' : text
  return {
    kind: 'invalid',
    message: `Invalid value ${shown} for configuration ${row.key}: ${problem}`,
  }
}

/**
 * The known name that is nearest to a mistyped one: at most a third of its letters have to change.
 * Null when none is near.
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  let best: string | null = null
  let bestDistance = Math.floor(name.length / 3) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const distance = editDistance(name, candidate, bestDistance)
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

/** Insertions, deletions, replacements between two texts; stops counting at `limit`. */
function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    let least = row
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const changed = Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1)
      const distance = Math.min(replaced, changed)
      current.push(distance)
      least = Math.min(least, distance)
    }
    if (least >= limit) return limit
    previous = current
  }
  return previous[b.length] ?? 0
}
