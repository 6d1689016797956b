// Snappy in the framing of xerial's Java library (what Kafka clients write), and bare blocks.
// The block decoder is ours: the library's fills a short output with zeros without a word.

import { createRequire } from 'node:module'
import { OutputLimitError, RecordsError } from '../records-error.ts'

/** 0x82 "SNAPPY" 0, then version and oldest compatible version as int32. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16
/** The block size of the Java client. */
const BLOCK_BYTES = 32 * 1024

interface SnappyJs {
  compress(data: Buffer): Buffer
}

let library: SnappyJs | null = null

export function compressSnappy(data: Buffer): Buffer {
  library ??= createRequire(import.meta.url)('snappyjs') as SnappyJs
  const header = Buffer.alloc(XERIAL_HEADER_BYTES)
  XERIAL_MAGIC.copy(header)
  header.writeInt32BE(1, 8)
  header.writeInt32BE(1, 12)
  const chunks: Buffer[] = [header]
  for (let at = 0; at < data.length; at += BLOCK_BYTES) {
    const block = library.compress(data.subarray(at, at + BLOCK_BYTES))
    const size = Buffer.alloc(4)
    size.writeInt32BE(block.length)
    chunks.push(size, block)
  }
  return Buffer.concat(chunks)
}

export function decompressSnappy(data: Buffer, maxOutputBytes: number): Buffer {
  const isFramed = data.length >= 8 && data.compare(XERIAL_MAGIC, 0, 8, 0, 8) === 0
  if (!isFramed) {
    const output = allocate(data, 0, data.length, maxOutputBytes)
    decodeBlock(data, 0, data.length, output)
    return output
  }
  const outputs: Buffer[] = []
  let total = 0
  let at = XERIAL_HEADER_BYTES
  if (data.length < at) throw damaged('the header is cut off')
  while (at < data.length) {
    if (data.length - at < 4) throw damaged('a block size is cut off')
    const size = data.readInt32BE(at)
    at += 4
    if (size <= 0 || size > data.length - at) throw damaged(`a block of ${size} bytes`)
    const output = allocate(data, at, at + size, maxOutputBytes - total)
    decodeBlock(data, at, at + size, output)
    outputs.push(output)
    total += output.length
    at += size
  }
  return outputs.length === 1 && outputs[0] !== undefined ? outputs[0] : Buffer.concat(outputs)
}

function damaged(what: string): RecordsError {
  return new RecordsError('CORRUPT_MESSAGE', `the snappy stream is damaged: ${what}`)
}

/** The best ratio of the format: a copy of 64 bytes in 3, rounded up. */
const MAX_RATIO = 32

function allocate(data: Buffer, start: number, end: number, maxOutputBytes: number): Buffer {
  const length = uncompressedLength(data, start, end)
  if (length > maxOutputBytes) throw new OutputLimitError(maxOutputBytes)
  if (length > (end - start) * MAX_RATIO) throw damaged(`${length} bytes announced`)
  return Buffer.allocUnsafe(length)
}

function uncompressedLength(data: Buffer, start: number, end: number): number {
  let length = 0
  for (let index = 0; index < 5; index++) {
    if (start + index >= end) break
    const byte = data.readUInt8(start + index)
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return length
  }
  throw damaged('no length')
}

function skipLength(data: Buffer, start: number): number {
  let at = start
  while (data.readUInt8(at) >= 0x80) at++
  return at + 1
}

/** Longer literals are copied by a native call. */
const LOOP_COPY_BYTES = 48

/** Decodes one block, whose length has been read, into exactly `output`. */
function decodeBlock(data: Buffer, start: number, end: number, output: Buffer): void {
  const room = output.length
  let at = skipLength(data, start)
  let to = 0
  while (at < end) {
    const tag = data[at++] as number
    const kind = tag & 3
    if (kind === 0) {
      let length = (tag >>> 2) + 1
      if (length > 60) {
        const extra = length - 60
        if (at + extra > end) throw damaged('a literal is cut off')
        length = data.readUIntLE(at, extra) + 1
        at += extra
      }
      if (length > end - at || length > room - to) throw damaged('a literal is too long')
      if (length > LOOP_COPY_BYTES) data.copy(output, to, at, at + length)
      else for (let i = 0; i < length; i++) output[to + i] = data[at + i] as number
      at += length
      to += length
      continue
    }
    const offsetBytes = kind === 3 ? 4 : kind
    if (at + offsetBytes > end) throw damaged('a copy is cut off')
    let length = (tag >>> 2) + 1
    let offset = data[at] as number
    if (kind === 1) {
      offset += (tag >>> 5) << 8
      length = ((tag >>> 2) & 7) + 4
    } else {
      offset = kind === 2 ? offset | ((data[at + 1] as number) << 8) : data.readUInt32LE(at)
    }
    at += offsetBytes
    if (offset === 0 || offset > to || length > room - to) throw damaged('a copy')
    // At most 64 bytes, and source and target may overlap.
    const from = to - offset
    for (let i = 0; i < length; i++) output[to + i] = output[from + i] as number
    to += length
  }
  if (to !== room) throw damaged(`${to} of ${room} bytes`)
}
