// The command line as yargs sees it: help on every level, and words that `quick-parse.ts` left to it.
// It only reads words; the command itself is run by `cli.ts`.
import yargs, { type Argv } from 'yargs'
import type { Command, CommandNode } from './command.ts'
import { nodeName } from './command.ts'
import { UsageError } from './errors.ts'
import { nearest } from './values/nearest.ts'

export interface ProgramOptions {
  readonly tree: readonly CommandNode[]
  /** The nodes that the words name; the last one's command is loaded. */
  readonly path: readonly CommandNode[]
  readonly command: Command | undefined
  readonly version: string
  readonly columns: number
}

export type ParsedLine =
  | { readonly kind: 'command'; readonly args: Record<string, unknown> }
  | { readonly kind: 'completion'; readonly shell: string | undefined }
  /** Help or the version: print it. */
  | { readonly kind: 'text'; readonly text: string }

export const COMPLETION_COMMAND = 'completion'
const MAX_COLUMNS = 100

/** Throws UsageError. */
export async function parseWithYargs(
  words: readonly string[],
  options: ProgramOptions,
): Promise<ParsedLine> {
  return await new YargsProgram(options).parse(words)
}

class YargsProgram {
  readonly #options: ProgramOptions
  #line: ParsedLine = { kind: 'text', text: '' }

  constructor(options: ProgramOptions) {
    this.#options = options
  }

  async parse(words: readonly string[]): Promise<ParsedLine> {
    const parser = this.#buildParser(words)
    await parser.parseAsync([...words], {}, (_error: unknown, _argv: unknown, output: string) => {
      if (output !== '') this.#line = { kind: 'text', text: `${output}\n` }
    })
    return this.#line
  }

  #buildParser(words: readonly string[]): Argv {
    const { tree, version, columns } = this.#options
    const parser = yargs([])
      .scriptName('weir')
      .locale('en')
      .version(version)
      .help()
      .alias('help', 'h')
      .wrap(Math.min(MAX_COLUMNS, columns))
      .parserConfiguration({ 'parse-positional-numbers': false, 'dot-notation': false })
      .exitProcess(false)
      .strict()
      .showHelpOnFail(false)
      .fail((message: string, error: Error | undefined) => {
        // What yargs itself throws is about the words, too; anything else is a bug of ours.
        if (error !== undefined && error.name !== 'YError') throw error
        throw new UsageError(this.#unknownCommand(words) ?? this.#tidy(error?.message ?? message))
      })
    this.#addCommands(parser, tree)
    parser.command(
      `${COMPLETION_COMMAND} [shell]`,
      'Print a completion script for bash, zsh or fish',
      (level: Argv) => level.positional('shell', { choices: ['bash', 'zsh', 'fish'] as const }),
      args => {
        this.#line = { kind: 'completion', shell: args.shell }
      },
    )
    return parser
      .usage('$0 COMMAND\n\nA commit log that speaks the Kafka protocol.')
      .example('$0 start', 'run a broker on 127.0.0.1:9092')
      .example('$0 topics create orders --partitions 3', 'create a topic')
      .example('echo hello | $0 produce orders', 'send a record')
      .example('$0 consume orders --from earliest --exit', 'print what is there')
      .epilogue("'weir COMMAND --help' tells more about each, with examples.")
      .demandCommand(1, missingCommand([], tree))
  }

  #addCommands(parser: Argv, nodes: readonly CommandNode[]): void {
    for (const node of nodes) {
      parser.command(
        node.usage,
        node.describe,
        (level: Argv) => this.#buildNode(level, node),
        args => {
          this.#checkRepeated(args)
          this.#line = { kind: 'command', args }
        },
      )
    }
  }

  /** yargs makes a list of an option that is given twice. */
  #checkRepeated(args: Record<string, unknown>): void {
    for (const [name, option] of Object.entries(this.#options.command?.options ?? {})) {
      if (option.array !== true && Array.isArray(args[name])) {
        throw new UsageError(`--${name} is given more than once`)
      }
    }
  }

  #buildNode(level: Argv, node: CommandNode): Argv {
    const { path, command } = this.#options
    const parents = path.slice(0, -1).filter(parent => parent !== node)
    level.usage(`$0 ${[...parents.map(nodeName), node.usage].join(' ')}\n\n${node.describe}.`)
    for (const [line, what] of node.examples ?? []) level.example(line, what)
    if (node.children !== undefined) {
      this.#addCommands(level, node.children)
      return level.demandCommand(1, 1, missingCommand([nodeName(node)], node.children))
    }
    if (node !== path.at(-1) || command === undefined) return level
    for (const [name, positional] of Object.entries(command.positionals)) {
      level.positional(name, positional)
    }
    level.options(command.options)
    for (const [line, what] of command.examples) level.example(line, what)
    if (command.epilogue !== undefined) level.epilogue(command.epilogue)
    return level
  }

  /** yargs' messages in our voice: one line, no full stop. */
  #tidy(message: string): string {
    const unknown = /^Unknown arguments?: (.*)$/.exec(message)
    if (unknown !== null) return this.#unknownOptions((unknown[1] ?? '').split(', '))
    const missing = /^Not enough non-option arguments: got (\d+)/.exec(message)
    if (missing !== null) {
      const required = this.#options.path.at(-1)?.usage.match(/<[^>]+>/g) ?? []
      return `${required[Number(missing[1])] ?? 'an argument'} is missing`
    }
    return tidyUsageMessage(message)
  }

  /** yargs names an option with a dash twice: as typed and in camel case. */
  #unknownOptions(names: readonly string[]): string {
    const typed = names.filter(
      name => !names.some(other => other !== name && camel(other) === name),
    )
    const known = Object.keys(this.#options.command?.options ?? {})
    const near = typed.length === 1 ? nearest(typed[0] ?? '', known) : null
    const advice = near === null ? '' : `: did you mean --${near}?`
    return `unknown option or argument: ${typed.join(', ')}${advice}`
  }

  /** The sentence for a word that should be a command and is none; null if that is not the case. */
  #unknownCommand(words: readonly string[]): string | null {
    const { tree, path } = this.#options
    const last = path.at(-1)
    const level = last === undefined ? tree : last.children
    const [word] = words.filter(candidate => !candidate.startsWith('-')).slice(path.length)
    if (level === undefined || word === undefined || word === COMPLETION_COMMAND) return null
    const names = level.map(nodeName)
    const near = nearest(word, names)
    const prefix = ['weir', ...path.map(nodeName)].join(' ')
    const advice =
      near === null ? `there are ${names.join(', ')}` : `did you mean '${prefix} ${near}'?`
    return `'${prefix}' has no command '${word}': ${advice}`
  }
}

function missingCommand(words: readonly string[], nodes: readonly CommandNode[]): string {
  return `${['weir', ...words].join(' ')} needs a command: ${nodes.map(nodeName).join(', ')}`
}

function camel(name: string): string {
  return name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase())
}

function tidyUsageMessage(message: string): string {
  return message
    .replace(/^Unknown commands?: /, 'unknown command: ')
    .replace(
      /^Invalid values:\n\s+Argument: (\S+), Given: (.*), Choices: (.*)$/s,
      '--$1 cannot be $2: choose from $3',
    )
    .replace(/^Not enough arguments following: (\w)$/, '-$1 needs a value')
    .replace(/^Not enough arguments following: (.*)$/, '--$1 needs a value')
    .replace(/\s*\n\s*/g, ' ')
    .trim()
}
