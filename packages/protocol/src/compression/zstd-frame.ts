// Walks the frames of a zstd payload without decompressing: how much can come out at most, before
// any memory is taken. Strict: a cut frame or bytes behind the last one are damage.

import { RecordsError } from '../records-error.ts'

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const BLOCK_MAX_BYTES = 128 * 1024

export interface ZstdBound {
  /** The output has at most so many bytes, exactly so many if `isExact`. */
  readonly bytes: number
  readonly isExact: boolean
}

/** Throws RecordsError if the bytes are not whole frames. */
export function zstdOutputBound(data: Buffer): ZstdBound {
  let at = 0
  let bytes = 0
  let isExact = true
  if (data.length === 0) throw damaged('no frame')
  while (at < data.length) {
    need(data, at, 8)
    const magic = data.readUInt32LE(at)
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      const size = data.readUInt32LE(at + 4)
      need(data, at, 8 + size)
      at += 8 + size
      continue
    }
    if (magic !== FRAME_MAGIC) throw damaged('no frame')
    const frame = walkFrame(data, at + 4)
    bytes += frame.bytes
    isExact &&= frame.isExact
    at = frame.endsAt
  }
  return { bytes, isExact }
}

function damaged(what: string): RecordsError {
  return new RecordsError('CORRUPT_MESSAGE', `the zstd frame is damaged: ${what}`)
}

function need(data: Buffer, at: number, count: number): void {
  if (count > data.length - at) throw damaged('cut off')
}

function walkFrame(data: Buffer, start: number): ZstdBound & { readonly endsAt: number } {
  const descriptor = data.readUInt8(start)
  const isSingleSegment = (descriptor & 0x20) !== 0
  if ((descriptor & 0x08) !== 0) throw damaged('a reserved bit')
  if ((descriptor & 0x03) !== 0) throw damaged('dictionaries are not supported')
  const sizeFlag = descriptor >>> 6
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag
  let at = start + 1 + (isSingleSegment ? 0 : 1)
  need(data, at, sizeBytes)
  const announced = contentSize(data, at, sizeBytes)
  at += sizeBytes
  let bound = 0
  for (let isLast = false; !isLast; ) {
    need(data, at, 3)
    const header = data.readUIntLE(at, 3)
    at += 3
    isLast = (header & 1) !== 0
    const type = (header >>> 1) & 3
    const size = header >>> 3
    if (type === 3 || size > BLOCK_MAX_BYTES) throw damaged('a block')
    const stored = type === 1 ? 1 : size
    need(data, at, stored)
    at += stored
    bound += type === 2 ? BLOCK_MAX_BYTES : size
  }
  if ((descriptor & 0x04) !== 0) {
    need(data, at, 4)
    at += 4
  }
  if (announced === null) return { bytes: bound, isExact: false, endsAt: at }
  if (announced > bound) throw damaged(`${announced} bytes announced`)
  return { bytes: announced, isExact: true, endsAt: at }
}

function contentSize(data: Buffer, at: number, sizeBytes: number): number | null {
  switch (sizeBytes) {
    case 0:
      return null
    case 1:
      return data.readUInt8(at)
    case 2:
      return data.readUInt16LE(at) + 256
    case 4:
      return data.readUInt32LE(at)
    default:
      return data.readUInt32LE(at + 4) * 2 ** 32 + data.readUInt32LE(at)
  }
}
