// Assertions stay on in production: a restart is cheaper than wrong data.

/** A broken invariant: a bug of ours. Nobody catches it but the process entry, which exits. */
export class AssertionError extends Error {
  readonly details: Readonly<Record<string, unknown>>

  constructor(message: string, details: Readonly<Record<string, unknown>>) {
    const text = Object.entries(details).map(([key, value]) => `${key}=${String(value)}`)
    super(text.length === 0 ? message : `${message} (${text.join(' ')})`)
    this.name = 'AssertionError'
    this.details = details
  }
}

const NO_DETAILS: Readonly<Record<string, unknown>> = Object.freeze({})

/** Throws an AssertionError with the values that explain it, unless the condition holds. */
export function assert(
  condition: boolean,
  message: string,
  details: Readonly<Record<string, unknown>> = NO_DETAILS,
): asserts condition {
  if (!condition) throw new AssertionError(message, details)
}

/** For the `default` of a switch over a closed union: a new member breaks the build. */
export function unreachable(value: never, what: string): never {
  throw new AssertionError(`unexpected ${what}`, { value })
}
