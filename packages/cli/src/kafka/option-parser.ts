// Options as Kafka's Java tools take them: `--name value` or `--name=value`, no abbreviations, the last
// of a repeated option wins unless it may repeat. Messages and exit codes are those of the Java tools.

export interface ToolOption {
  /** 'optional': a value may follow, if it does not begin with a dash. */
  readonly value: 'none' | 'required' | 'optional'
  readonly repeats?: boolean
  /** One letter, behind a single dash; only some of the tools have such. */
  readonly short?: string
  readonly doc: string
}

export type ToolOptions = Readonly<Record<string, ToolOption>>

/** What a script cannot do: a message to standard error, perhaps with the options, and exit code 1. */
export class ToolError extends Error {
  readonly showsUsage: boolean
  /** Where the message goes: most Java tools print errors of the command itself to standard output. */
  readonly stream: 'stdout' | 'stderr'

  constructor(
    message: string,
    options: { showsUsage?: boolean; stream?: 'stdout' | 'stderr'; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ToolError'
    this.showsUsage = options.showsUsage ?? false
    this.stream = options.stream ?? 'stderr'
  }
}

export function usageError(message: string): ToolError {
  return new ToolError(message, { showsUsage: true })
}

export class ParsedOptions {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The last value; undefined if the option was not given or has none. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  values(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** An integer value; throws the tool's message for anything else. */
  integer(name: string): number | undefined {
    const text = this.value(name)
    if (text === undefined) return undefined
    if (!/^-?\d{1,15}$/.test(text)) {
      throw new ToolError(`Cannot parse argument '${text}' of option ${name}`)
    }
    return Number(text)
  }

  /** `a=b` values of a repeatable option, or of several, in order. */
  properties(...names: readonly string[]): Map<string, string> {
    const properties = new Map<string, string>()
    for (const item of names.flatMap(name => this.values(name))) {
      const at = item.indexOf('=')
      if (at < 0) throw new ToolError(`Invalid command line properties: ${item}`)
      properties.set(item.slice(0, at), item.slice(at + 1))
    }
    return properties
  }
}

/** Throws ToolError in the words of the Java tools. */
export function parseOptions(words: readonly string[], table: ToolOptions): ParsedOptions {
  const values = new Map<string, string[]>()
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (!word.startsWith('--')) {
      if (word.startsWith('-') && word.length > 1) {
        throw new ToolError(`${word.slice(1, 2)} is not a recognized option`)
      }
      continue // The Java tools ignore what belongs to no option.
    }
    const equals = word.indexOf('=')
    const name = word.slice(2, equals < 0 ? undefined : equals)
    const option = Object.hasOwn(table, name) ? table[name] : undefined
    if (option === undefined) throw new ToolError(`${name} is not a recognized option`)
    const list = values.get(name) ?? []
    values.set(name, list)
    if (equals >= 0) {
      list.push(word.slice(equals + 1))
      continue
    }
    if (option.value === 'none') continue
    const next = words[at + 1]
    if (option.value === 'required') {
      if (next === undefined) throw new ToolError(`Option ${name} requires an argument`)
      list.push(next)
      at++
    } else if (next !== undefined && !next.startsWith('-')) {
      list.push(next)
      at++
    }
  }
  for (const [name, list] of values) {
    if (list.length > 1 && table[name]?.repeats !== true) {
      throw new ToolError(`Found multiple arguments for option ${name}, but you asked for only one`)
    }
  }
  return new ParsedOptions(values)
}

const NAME_COLUMN = 42
const LINE = 84

/** The list of options for people. */
export function renderUsage(table: ToolOptions): string {
  const lines = [
    `${'Option'.padEnd(NAME_COLUMN)}Description`,
    `${'------'.padEnd(NAME_COLUMN)}-----------`,
  ]
  for (const [name, { value, doc }] of Object.entries(table)) {
    const argument = value === 'none' ? '' : value === 'required' ? ' <value>' : ' [value]'
    const words = doc.split(' ')
    let line = `--${name}${argument}`.padEnd(NAME_COLUMN)
    for (const word of words) {
      if (line.length + word.length > LINE) {
        lines.push(line.trimEnd())
        line = ' '.repeat(NAME_COLUMN + 2)
      }
      line += `${word} `
    }
    lines.push(line.trimEnd())
  }
  return `${lines.join('\n')}\n`
}

/** Throws for the first of the names that was not given. */
export function requireOptions(options: ParsedOptions, ...names: readonly string[]): void {
  for (const name of names) {
    if (!options.has(name)) throw usageError(`Missing required argument "[${name}]"`)
  }
}

/** Throws if one of the others was given together with `name`. */
export function refuseTogether(
  options: ParsedOptions,
  name: string,
  others: readonly string[],
): void {
  if (!options.has(name)) return
  for (const other of others) {
    if (options.has(other)) {
      throw usageError(`Option "[${name}]" can't be used with option "[${other}]"`)
    }
  }
}
