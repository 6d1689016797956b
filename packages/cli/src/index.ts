export { type CliOptions, runCli, runCliProcess } from './cli.ts'
export {
  type Command,
  type CommandContext,
  type CommandDefinition,
  type CommandNode,
  defineCommand,
} from './command.ts'
export { CommandError, UsageError } from './errors.ts'
export type { CliIo, Output } from './io.ts'
