// Files that a command takes.
import { readFileSync } from 'node:fs'
import { CommandError } from './errors.ts'

/** `-` is the standard input. Throws CommandError. */
export function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${(error as Error).message}`, error)
  }
}
