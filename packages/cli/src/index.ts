export { runCli, runCliProcess } from './cli.ts'
export {
  type Command,
  defineCommand,
} from './command.ts'
export { CommandError, UsageError } from './errors.ts'
