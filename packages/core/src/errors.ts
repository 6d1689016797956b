// Errors that more than one package raises. Kafka's error codes are in the protocol package.

/** A failed disk call. `code` is the system's name: ENOENT, ENOSPC, EIO, ELOCKED ... */
export class DiskError extends Error {
  readonly code: string
  readonly path: string

  constructor(code: string, path: string, message: string, cause?: unknown) {
    super(`${message}: ${path} (${code})`, cause === undefined ? undefined : { cause })
    this.name = 'DiskError'
    this.code = code
    this.path = path
  }
}

/** A failed network call. `code` is the system's name: ECONNREFUSED, EADDRINUSE, ETIMEDOUT ... */
export class NetError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'NetError'
    this.code = code
  }
}

/** Something the operator has to mend: one sentence that names what to do. Exit code 1, no stack. */
export class OperatorError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'OperatorError'
  }
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
