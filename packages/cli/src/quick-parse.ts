// The quick way from words to arguments: Node's own parseArgs over a command's tables. It takes only
// what is plainly right; anything else (help, a mistake, a spelling that only yargs knows) is null, and
// yargs, which takes 60 ms to load, reads the words again and says what there is to say.
//
// Invariant: what comes out is what yargs would have made of the same words.
import { parseArgs } from 'node:util'
import type { Options } from 'yargs'
import type { Command, CommandNode } from './command.ts'
import { nodeName } from './command.ts'

type Values = Record<string, unknown>

/** `words` begin with the names of `path`. Null: ask yargs. */
export function quickParse(
  path: readonly CommandNode[],
  command: Command,
  words: readonly string[],
): Values | null {
  const isPlain = path.every((node, index) => words[index] === nodeName(node))
  const node = path.at(-1)
  if (!isPlain || node === undefined) return null
  const parsed = parseWords(command, words.slice(path.length))
  if (parsed === null) return null
  const values: Values = {}
  for (const [name, option] of Object.entries(command.options)) {
    const given = parsed.values[name]
    if (given === undefined) {
      values[name] = option.default
      continue
    }
    const value = convert(option, given)
    if (value === null) return null
    values[name] = value
  }
  const hasConflict = Object.entries(command.options).some(
    ([name, option]) => option.conflicts !== undefined && parsed.values[name] !== undefined,
  )
  if (hasConflict) return null
  return addPositionals(values, node, command, parsed.positionals) ? values : null
}

interface Parsed {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

function parseWords(command: Command, words: readonly string[]): Parsed | null {
  const options: NonNullable<Parameters<typeof parseArgs>[0]>['options'] = {}
  for (const [name, option] of Object.entries(command.options)) {
    options[name] = {
      type: option.type === 'boolean' ? 'boolean' : 'string',
      multiple: true,
      ...(typeof option.alias === 'string' ? { short: option.alias } : {}),
    }
  }
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch {
    return null // Help, or a mistake: yargs will tell.
  }
}

/** Null where yargs would do something that is not plain. */
function convert(option: Options, given: unknown): unknown {
  if (!Array.isArray(given)) return null
  if (option.array === true) return given
  // Repeated: yargs makes a list of it.
  if (given.length !== 1) return null
  const [value] = given
  if (option.type === 'number') {
    return /^-?\d+(\.\d+)?$/.test(String(value)) ? Number(value) : null
  }
  if (option.choices !== undefined && !option.choices.some(choice => choice === value)) return null
  return value
}

/** Fills the positionals of the usage, `<a> [b] [c..]`; false if they do not fit. */
function addPositionals(
  values: Values,
  node: CommandNode,
  command: Command,
  given: readonly string[],
): boolean {
  let at = 0
  for (const token of node.usage.split(' ').slice(1)) {
    const name = token.replaceAll(/[<>[\].]/g, '')
    const isVariadic = token.includes('..')
    const words = isVariadic ? given.slice(at) : given.slice(at, at + 1)
    at += words.length
    if (words.length === 0) {
      if (token.startsWith('<')) return false
      values[name] = command.positionals[name]?.default
    } else {
      values[name] = isVariadic ? words : words[0]
    }
  }
  return at === given.length
}
