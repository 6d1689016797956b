// Before anything is deleted: the user types the name, or gave --yes.
import { createInterface } from 'node:readline'
import { CommandError } from '../errors.ts'
import type { CliIo } from '../io.ts'

export interface Confirmation {
  /** One sentence about what will be lost. */
  readonly warning: string
  /** What has to be typed. */
  readonly expected: string
}

/** Returns when confirmed; else throws a CommandError and nothing may be changed. */
export async function confirm(io: CliIo, confirmation: Confirmation): Promise<void> {
  if (!io.isInteractive) {
    throw new CommandError(
      `${confirmation.warning} Nothing was changed: nobody can be asked here, so add --yes to go on.`,
    )
  }
  const question = `${confirmation.warning}\nType '${confirmation.expected}' to go on: `
  const answer = await ask(io, question)
  if (answer.trim() !== confirmation.expected) {
    throw new CommandError('Nothing was changed: the answer did not match.')
  }
}

function ask(io: CliIo, question: string): Promise<string> {
  void io.stderr.write(question)
  const lines = createInterface({ input: io.stdin })
  return new Promise(resolve => {
    const finish = (answer: string): void => {
      void resolve(answer)
      // Last, as it announces an empty answer.
      lines.close()
    }
    lines.once('line', finish)
    lines.once('close', () => resolve(''))
    io.signal.addEventListener('abort', () => finish(''), { once: true })
  })
}
