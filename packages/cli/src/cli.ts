// The `weir` program: yargs over the tree of commands. Only the command that was asked for is loaded.
// Exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted.
import yargs, { type Argv } from 'yargs'
import type { Command, CommandContext, CommandNode } from './command.ts'
import { nodeName } from './command.ts'
import { COMMAND_TREE } from './command-tree.ts'
import { completeWords } from './completion.ts'
import { InterruptedError, UsageError } from './errors.ts'
import type { CliIo } from './io.ts'
import { styled } from './output/style.ts'
import { runProcess } from './process.ts'
import { nearest } from './values/nearest.ts'

export interface CliOptions {
  readonly io: CliIo
  readonly version: string
  /** Commands from outside this package, shown first: `start` comes from the package that knows the broker. */
  readonly extraCommands?: readonly CommandNode[]
}

/** Runs one command line (without the program's name) and resolves to its exit code. */
export async function runCli(words: readonly string[], options: CliOptions): Promise<number> {
  const tree = [...(options.extraCommands ?? []), ...COMMAND_TREE]
  if (words[0] === COMPLETION_REQUEST) {
    await completeWords(options.io, tree, words.slice(1))
    return 0
  }
  const path = resolvePath(tree, words)
  const program = new Program(options, tree, path)
  return await program.run(words)
}

/** Runs the command line of this process and ends it. */
export async function runCliProcess(options: Omit<CliOptions, 'io'>): Promise<never> {
  return await runProcess(io => runCli(process.argv.slice(2), { ...options, io }))
}

const COMPLETION_COMMAND = 'completion'

/** What the completion script that `weir completion` prints calls the program with. */
const COMPLETION_REQUEST = '--get-completions'

/** The nodes that the words name, from the top; empty if the first command word is unknown. */
export function resolvePath(
  tree: readonly CommandNode[],
  words: readonly string[],
): readonly CommandNode[] {
  const path: CommandNode[] = []
  let level: readonly CommandNode[] | undefined = tree
  for (const word of words) {
    if (level === undefined || word === '--') break
    if (word.startsWith('-')) continue
    const found: CommandNode | undefined = level.find(node => nodeName(node) === word)
    if (found === undefined) continue
    path.push(found)
    level = found.children
  }
  return path
}

class Program {
  readonly #options: CliOptions
  readonly #tree: readonly CommandNode[]
  readonly #path: readonly CommandNode[]
  #exitCode = 0

  constructor(options: CliOptions, tree: readonly CommandNode[], path: readonly CommandNode[]) {
    this.#options = options
    this.#tree = tree
    this.#path = path
  }

  async run(words: readonly string[]): Promise<number> {
    const leaf = this.#path.at(-1)
    const command = await leaf?.load?.()
    try {
      const parser = this.#buildParser(words, command)
      let help = ''
      await parser.parseAsync([...words], {}, (_error: unknown, _argv: unknown, output: string) => {
        help = output
      })
      if (help !== '') {
        void this.#io.stdout.write(`${help}\n`)
      }
      return this.#exitCode
    } catch (error) {
      return await this.#fail(error, words)
    }
  }

  get #io(): CliIo {
    return this.#options.io
  }

  #buildParser(words: readonly string[], command: Command | undefined): Argv {
    const parser = yargs([])
      .scriptName('weir')
      .locale('en')
      .version(this.#options.version)
      .help()
      .alias('help', 'h')
      .wrap(Math.min(100, Number.isFinite(this.#io.stdout.columns) ? this.#io.stdout.columns : 100))
      .parserConfiguration({ 'parse-positional-numbers': false, 'dot-notation': false })
      .exitProcess(false)
      .strict()
      .showHelpOnFail(false)
      .fail((message: string, error: Error | undefined) => {
        throw error ?? new UsageError(tidyUsageMessage(message))
      })
    this.#addCommands(parser, this.#tree, command)
    parser.command(
      `${COMPLETION_COMMAND} [shell]`,
      'Print a completion script for bash, zsh or fish',
      (level: Argv) => level.positional('shell', { choices: ['bash', 'zsh', 'fish'] as const }),
      async args => {
        const { completionScript } = await import('./completion.ts')
        const shell = args.shell ?? this.#io.env['SHELL'] ?? 'bash'
        void this.#io.stdout.write(completionScript(shell))
      },
    )
    return parser
      .usage('$0 COMMAND\n\nA commit log that speaks the Kafka protocol.')
      .example('$0 start', 'run a broker on 127.0.0.1:9092')
      .example('$0 topics create orders --partitions 3', 'create a topic')
      .example('echo hello | $0 produce orders', 'send a record')
      .example('$0 consume orders --from earliest --exit', 'print what is there')
      .epilogue("'weir COMMAND --help' tells more about each, with examples.")
      .demandCommand(1, this.#missingCommand(words, this.#tree))
  }

  #addCommands(parser: Argv, nodes: readonly CommandNode[], command: Command | undefined): void {
    for (const node of nodes) {
      parser.command(
        node.usage,
        node.describe,
        (level: Argv) => this.#buildNode(level, node, command),
        async args => {
          if (node !== this.#path.at(-1) || command === undefined) return
          const context: CommandContext = { io: this.#io }
          const running = command.run(context, args)
          const code = await (command.ownsSignals === true
            ? running
            : this.#untilInterrupted(running))
          this.#exitCode = code ?? 0
        },
      )
    }
  }

  #buildNode(level: Argv, node: CommandNode, command: Command | undefined): Argv {
    level.usage(`$0 ${this.#usageOf(node)}\n\n${node.describe}.`)
    for (const [line, what] of node.examples ?? []) level.example(line, what)
    if (node.children !== undefined) {
      this.#addCommands(level, node.children, command)
      return level.demandCommand(1, 1, this.#missingCommand([nodeName(node)], node.children))
    }
    if (node !== this.#path.at(-1) || command === undefined) return level
    for (const [name, positional] of Object.entries(command.positionals)) {
      level.positional(name, positional)
    }
    level.options(command.options)
    for (const [line, what] of command.examples) level.example(line, what)
    if (command.epilogue !== undefined) level.epilogue(command.epilogue)
    return level
  }

  #usageOf(node: CommandNode): string {
    const parents = this.#path.slice(0, -1).filter(parent => parent !== node)
    return [...parents.map(nodeName), node.usage].join(' ')
  }

  #missingCommand(words: readonly string[], nodes: readonly CommandNode[]): string {
    const names = nodes.map(nodeName).join(', ')
    const prefix = words.length === 0 ? 'weir' : `weir ${words.join(' ')}`
    return `${prefix} needs a command: ${names}`
  }

  /** Ctrl-C ends a command that does not watch for it itself. */
  async #untilInterrupted(work: Promise<number | undefined>): Promise<number | undefined> {
    const { signal } = this.#io
    let onAbort = (): void => {}
    const interrupted = new Promise<never>((_resolve, reject) => {
      // Commands that end in an orderly way on Ctrl-C get a moment for it.
      onAbort = () => setTimeout(() => reject(new InterruptedError()), GRACE_MS).unref()
      signal.addEventListener('abort', onAbort, { once: true })
    })
    try {
      return await Promise.race([work, interrupted])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #fail(error: unknown, words: readonly string[]): Promise<number> {
    if (error instanceof InterruptedError) return 130
    if (error instanceof UsageError) {
      const names = this.#path.map(nodeName)
      const hint = ['weir', ...names, '--help'].join(' ')
      const unknown = unknownCommand(this.#tree, this.#path, words)
      this.#report(`${unknown ?? error.message} (see '${hint}')`)
      return 2
    }
    const { describeFailure } = await import('./describe-failure.ts')
    this.#report(describeFailure(error))
    return 1
  }

  #report(sentence: string): void {
    void this.#io.stderr.write(`${styled(this.#io.stderr, 'red', 'weir:')} ${sentence}\n`)
  }
}

/** How long a command may take to end by itself after Ctrl-C. */
const GRACE_MS = 5_000

/** The sentence for a word that should be a command and is none; null if that is not the case. */
function unknownCommand(
  tree: readonly CommandNode[],
  path: readonly CommandNode[],
  words: readonly string[],
): string | null {
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

/** yargs' messages in our voice: one line, no full stop. */
function tidyUsageMessage(message: string): string {
  return message
    .replace(/^Unknown arguments?: /, 'unknown option or argument: ')
    .replace(/^Unknown commands?: /, 'unknown command: ')
    .replace(
      /^Not enough non-option arguments: got (\d+), need at least (\d+)/,
      'an argument is missing',
    )
    .replace(
      /^Invalid values:\n\s+Argument: (\S+), Given: (.*), Choices: (.*)$/s,
      '--$1 cannot be $2: choose from $3',
    )
    .replace(/^Not enough arguments following: (.*)$/, '--$1 needs a value')
    .replace(/\s*\n\s*/g, ' ')
    .trim()
}
