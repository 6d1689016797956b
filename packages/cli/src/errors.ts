// Errors of the command line and the one sentence that each becomes. Exit codes: 1 failed, 2 bad usage.

/** The command was written wrongly: exit code 2, with a hint at the help. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** The command could not do what it was asked: exit code 1. The message says what to do next. */
export class CommandError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CommandError'
  }
}

/** Ctrl-C while a command had no better idea of how to end. */
export class InterruptedError extends Error {
  constructor() {
    super('interrupted')
    this.name = 'InterruptedError'
  }
}

/** Throws the first error of a request with several outcomes. */
export function throwFirst(outcomes: readonly { readonly error: Error | null }[]): void {
  for (const { error } of outcomes) if (error !== null) throw error
}
