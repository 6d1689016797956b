// The `weir` program: a tree of commands, of which only the one that was asked for is loaded.
// Exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted.
import type { CommandNode } from './command.ts'
import { nodeName } from './command.ts'
import { COMMAND_TREE } from './command-tree.ts'
import { InterruptedError, UsageError } from './errors.ts'
import type { CliIo } from './io.ts'
import { styled } from './output/style.ts'
import { runProcess } from './process.ts'
import { quickParse } from './quick-parse.ts'

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
    const { completeWords } = await import('./completion.ts')
    await completeWords(options.io, tree, words.slice(1))
    return 0
  }
  const path = resolvePath(tree, words)
  try {
    return await runLine(words, options, { tree, path })
  } catch (error) {
    return await fail(error, options.io, path)
  }
}

/** Runs the command line of this process and ends it. */
export async function runCliProcess(options: Omit<CliOptions, 'io'>): Promise<never> {
  return await runProcess(io => runCli(process.argv.slice(2), { ...options, io }))
}

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

async function runLine(
  words: readonly string[],
  { io, version }: CliOptions,
  { tree, path }: { tree: readonly CommandNode[]; path: readonly CommandNode[] },
): Promise<number> {
  const command = await path.at(-1)?.load?.()
  let args = command === undefined ? null : quickParse(path, command, words)
  if (args === null) {
    const { parseWithYargs } = await import('./yargs-program.ts')
    const { columns } = io.stdout
    const line = await parseWithYargs(words, { tree, path, command, version, columns })
    if (line.kind === 'completion') {
      const { completionScript } = await import('./completion.ts')
      void io.stdout.write(completionScript(line.shell ?? io.env['SHELL'] ?? 'bash'))
      return 0
    }
    if (line.kind === 'text') {
      void io.stdout.write(line.text)
      return 0
    }
    args = line.args
  }
  if (command === undefined) return 0
  const running = command.run({ io }, args)
  const code = await (command.ownsSignals === true ? running : untilInterrupted(io, running))
  return code ?? 0
}

/** How long a command may take to end by itself after Ctrl-C. */
const GRACE_MS = 5_000

/** Ctrl-C ends a command that does not watch for it itself. */
async function untilInterrupted(
  { signal }: CliIo,
  work: Promise<number | undefined>,
): Promise<number | undefined> {
  let onAbort = (): void => {}
  const interrupted = new Promise<never>((_resolve, reject) => {
    onAbort = () => setTimeout(() => reject(new InterruptedError()), GRACE_MS).unref()
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, interrupted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function fail(error: unknown, io: CliIo, path: readonly CommandNode[]): Promise<number> {
  if (error instanceof InterruptedError) return 130
  const report = (sentence: string): void => {
    void io.stderr.write(`${styled(io.stderr, 'red', 'weir:')} ${sentence}\n`)
  }
  if (error instanceof UsageError) {
    report(`${error.message} (see '${['weir', ...path.map(nodeName), '--help'].join(' ')}')`)
    return 2
  }
  const { describeFailure } = await import('./describe-failure.ts')
  report(describeFailure(error))
  return 1
}
