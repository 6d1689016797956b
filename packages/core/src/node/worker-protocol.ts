// What the pool and a worker thread say to each other.

import { DiskError } from '../errors.ts'

export interface WorkerRequest {
  readonly id: number
  readonly module: string
  readonly name: string
  readonly input: unknown
}

export type WorkerReply =
  | { readonly id: number; readonly kind: 'done'; readonly output: unknown }
  | { readonly id: number; readonly kind: 'failed'; readonly error: PlainError }

/** An error as data; structured cloning would lose its class and fields. */
export interface PlainError {
  readonly message: string
  readonly stack: string
  readonly code: string | null
  readonly path: string | null
}

export function plainError(error: unknown): PlainError {
  const { message, stack, code, path } = error as Partial<DiskError>
  return {
    message: message ?? String(error),
    stack: stack ?? '',
    code: code ?? null,
    path: path ?? null,
  }
}

export function revivedError(plain: PlainError): Error {
  if (plain.code !== null && plain.path !== null) {
    return new DiskError(plain.code, plain.path, 'worker job failed', new Error(plain.message))
  }
  const error = new Error(plain.message)
  error.stack = plain.stack
  return error
}
