// What a command is. The tree of names and one-line descriptions (`command-tree.ts`) is all that is
// loaded for every call; a command's options and code are loaded when it is the one that was asked for.
import type { InferredOptionTypes, Options, PositionalOptions } from 'yargs'
import type { CliIo } from './io.ts'

export interface CommandContext {
  readonly io: CliIo
}

type OptionTable = Readonly<Record<string, Options>>
type PositionalTable = Readonly<Record<string, PositionalOptions>>

export type Arguments<P extends PositionalTable, O extends OptionTable> = InferredOptionTypes<P> &
  InferredOptionTypes<O>

export interface CommandDefinition<P extends PositionalTable, O extends OptionTable> {
  readonly positionals: P
  readonly options: O
  /** Pairs of a command line and what it does. */
  readonly examples: readonly (readonly [string, string])[]
  /** More for the end of the help. */
  readonly epilogue?: string
  /** Resolves to an exit code; nothing means 0. Throws UsageError, CommandError and client errors. */
  run(context: CommandContext, args: Arguments<P, O>): Promise<number | undefined>
  /** It listens to SIGINT and SIGTERM itself and must not be cut short. */
  readonly ownsSignals?: boolean
  /** Words for each positional; the last one goes for all that follow. */
  readonly completePositional?: readonly CompletionSource[]
}

/** What completes a word: names of the cluster, names of settings, or (none) the shell's files. */
export type CompletionSource = 'topics' | 'groups' | 'resources' | 'settings' | 'none'

/** A command whose argument types are its own business. */
export type Command = CommandDefinition<PositionalTable, OptionTable>

/** Checks the types of a definition's `run` against its tables. */
export function defineCommand<const P extends PositionalTable, const O extends OptionTable>(
  definition: CommandDefinition<P, O>,
): Command {
  return definition as unknown as Command
}

/** A leaf or a group of the tree. */
export interface CommandNode {
  /** With its positionals, as yargs writes them: `create <topic>`, `list`, `delete <topics..>`. */
  readonly usage: string
  readonly describe: string
  readonly load?: () => Promise<Command>
  readonly children?: readonly CommandNode[]
  /** Examples on a group's own help page. */
  readonly examples?: readonly (readonly [string, string])[]
}

export function nodeName(node: CommandNode): string {
  return node.usage.split(' ', 1)[0] ?? node.usage
}
