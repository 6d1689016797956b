// Words of the tools that have commands of their own (kafka-metadata-quorum describe --status): one
// command, and options before or behind it. Messages are those of the Java tools' parser.
import { ParsedOptions, ToolError, type ToolOption, type ToolOptions } from './option-parser.ts'

export interface ParsedSubcommand {
  readonly options: ParsedOptions
  readonly subcommand: string
}

/** Throws ToolError. Without a command only --help and --version are taken. */
export function parseSubcommand(
  words: readonly string[],
  globals: ToolOptions,
  subcommands: Readonly<Record<string, ToolOptions>>,
): ParsedSubcommand {
  const values = new Map<string, string[]>()
  let subcommand = ''
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (!word.startsWith('-')) {
      if (subcommand !== '') throw new ToolError(`unrecognized arguments: '${word}'`)
      if (!Object.hasOwn(subcommands, word)) throw unknownCommand(word, subcommands)
      subcommand = word
      continue
    }
    const { name, option, attached } = findOption(word, { ...globals, ...subcommands[subcommand] })
    const list = values.get(name) ?? []
    values.set(name, list)
    if (option.value === 'none') continue
    const value = attached ?? words[++at]
    if (value === undefined) throw new ToolError(`argument --${name}: expected one argument`)
    list.push(value)
  }
  if (subcommand === '' && !values.has('help') && !values.has('version')) {
    throw new ToolError('too few arguments', { showsUsage: true })
  }
  return { options: new ParsedOptions(values), subcommand }
}

interface FoundOption {
  readonly name: string
  readonly option: ToolOption
  /** What stands behind an equals sign. */
  readonly attached: string | undefined
}

function findOption(word: string, table: ToolOptions): FoundOption {
  const [, dashes = '', name = '', attached] = /^(--?)([^=]*)(?:=(.*))?$/s.exec(word) ?? []
  const found = Object.entries(table).find(([key, option]) => {
    return dashes === '--' ? key === name : option.short === name
  })
  if (found === undefined) throw new ToolError(`unrecognized arguments: '${word}'`)
  return { name: found[0], option: found[1], attached }
}

function unknownCommand(word: string, subcommands: Readonly<Record<string, ToolOptions>>) {
  const names = Object.keys(subcommands).map(name => `'${name}'`)
  return new ToolError(`invalid choice: '${word}' (choose from ${names.join(', ')})`)
}
