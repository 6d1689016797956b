// Values of decoded protobuf messages, every number checked. Throws RaftCodecError and nothing else.

import { RaftCodecError, type Raw } from './protobuf-messages.ts'

interface LongLike {
  readonly high: number
  toNumber(): number
}

const MAX_HIGH_WORD = 2 ** 21

/** A uint64 below 2^53. */
export function integer(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  if (typeof value === 'object' && value !== null && 'high' in value) {
    const long = value as LongLike
    if (long.high >= 0 && long.high < MAX_HIGH_WORD) return long.toNumber()
  }
  throw new RaftCodecError(`a number is not below 2^53: ${String(value)}`)
}

export function integers(value: unknown): number[] {
  return list(value).map(integer)
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function raw(value: unknown): Raw {
  if (typeof value === 'object' && value !== null) return value as Raw
  throw new RaftCodecError('a part of a message is missing')
}

export function named<T>(names: readonly T[], value: unknown, what: string): T {
  const name = typeof value === 'number' ? names[value] : undefined
  if (name === undefined) throw new RaftCodecError(`unknown ${what} ${String(value)}`)
  return name
}

export function bytes(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0)
}
