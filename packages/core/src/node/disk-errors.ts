// Turns what node:fs throws into the DiskError of the contract.

import { DiskError } from '../errors.ts'

interface SystemError {
  readonly code?: unknown
  readonly syscall?: unknown
}

export function diskError(error: unknown, path: string): DiskError {
  if (error instanceof DiskError) return error
  const { code, syscall } = error as SystemError
  const what = typeof syscall === 'string' ? `${syscall} failed` : String(error)
  return new DiskError(typeof code === 'string' ? code : 'EIO', path, what, error)
}

/** Runs a synchronous call and turns its error into a DiskError. */
export function withDiskErrors<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw diskError(error, path)
  }
}

/** The same for a promise. */
export async function awaitDisk<T>(path: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw diskError(error, path)
  }
}
