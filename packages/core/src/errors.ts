// Errors that more than one package raises. Kafka's error codes are in the protocol package.

/** What an operator is told beside the system's name, where that alone has to be looked up. */
const DISK_CODES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of this path is a file',
  EEXIST: 'there is a file of this name',
  EMFILE: "too many open files, raise 'ulimit -n'",
  EIO: 'the disk failed',
}

/** A failed disk call. `code` is the system's name: ENOENT, ENOSPC, EIO, ELOCKED ... */
export class DiskError extends Error {
  readonly code: string
  readonly path: string

  constructor(code: string, path: string, message: string, cause?: unknown) {
    const words = DISK_CODES[code]
    const why = words === undefined ? code : `${code}: ${words}`
    super(`${message}: ${path} (${why})`, cause === undefined ? undefined : { cause })
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
