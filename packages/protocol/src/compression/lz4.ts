// LZ4 frames, as Kafka clients write and read them. The walker over the frame is ours: strict,
// capped, and without linked blocks, which the Java client cannot read. Blocks go to lz4-napi;
// small ones, and all where it has no build, to the decoder in lz4-block.ts.
// Bytes behind the end mark are ignored, as Kafka does.

import { createRequire } from 'node:module'
import { OutputLimitError, RecordsError } from '../records-error.ts'
import { decodeLz4Block } from './lz4-block.ts'
import { xxhash32 } from './xxhash32.ts'

const FRAME_MAGIC = 0x184d2204
/** Version 1, independent blocks, nothing optional; blocks of at most 64 KiB, as Java's. */
const FLAGS = 0x60
const BLOCK_DESCRIPTOR = 0x40
const BLOCK_BYTES = 64 * 1024
const STORED_BIT = 0x80000000
/** Below this the JavaScript decoder is as fast as a native call. */
const NATIVE_MIN_BYTES = 1024
/** The best ratio of the format: one length byte stands for 255 bytes. */
const MAX_RATIO = 255

interface Lz4Napi {
  compressSync(data: Buffer): Buffer
  uncompressSync(data: Buffer): Buffer
}

let library: Lz4Napi | null | undefined

function loadLibrary(): Lz4Napi | null {
  if (library === undefined) {
    try {
      library = createRequire(import.meta.url)('lz4-napi') as Lz4Napi
    } catch {
      // No build for this platform: blocks are decoded in JavaScript and stored uncompressed.
      library = null
    }
  }
  return library
}

export function compressLz4(data: Buffer): Buffer {
  const header = Buffer.alloc(7)
  header.writeUInt32LE(FRAME_MAGIC, 0)
  header.writeUInt8(FLAGS, 4)
  header.writeUInt8(BLOCK_DESCRIPTOR, 5)
  header.writeUInt8((xxhash32(header, 4, 6) >>> 8) & 0xff, 6)
  const chunks: Buffer[] = [header]
  const native = loadLibrary()
  for (let at = 0; at < data.length; at += BLOCK_BYTES) {
    const plain = data.subarray(at, at + BLOCK_BYTES)
    // The library puts the plain length in front of the block.
    const block = native === null ? plain : native.compressSync(plain).subarray(4)
    const isStored = block.length >= plain.length
    const size = Buffer.alloc(4)
    size.writeUInt32LE(isStored ? (plain.length | STORED_BIT) >>> 0 : block.length)
    chunks.push(size, isStored ? plain : block)
  }
  chunks.push(Buffer.alloc(4))
  return Buffer.concat(chunks)
}

interface FrameHeader {
  readonly blockMaxBytes: number
  readonly hasBlockChecksum: boolean
  readonly hasContentChecksum: boolean
  readonly contentBytes: number | null
  readonly endsAt: number
}

export function decompressLz4(data: Buffer, maxOutputBytes: number): Buffer {
  const header = readHeader(data)
  if (header.contentBytes !== null && header.contentBytes > maxOutputBytes) {
    throw new OutputLimitError(maxOutputBytes)
  }
  const outputs: Buffer[] = []
  let total = 0
  let at = header.endsAt
  for (;;) {
    if (data.length - at < 4) throw damaged('the end mark is missing')
    const word = data.readUInt32LE(at)
    at += 4
    if (word === 0) break
    const size = word & 0x7fffffff
    if (size > header.blockMaxBytes || size > data.length - at) {
      throw damaged(`a block of ${size} bytes`)
    }
    const isStored = word >= STORED_BIT
    const room = maxOutputBytes - total
    const limit = Math.min(header.blockMaxBytes, room)
    if (isStored && size > room) throw new OutputLimitError(maxOutputBytes)
    const output = isStored
      ? data.subarray(at, at + size)
      : decodeBlock(data, at, size, {
          limit,
          isCapped: room < header.blockMaxBytes,
          maxOutputBytes,
        })
    at += size
    if (header.hasBlockChecksum) at = checkHash(data, at, xxhash32(data, at - size, at))
    outputs.push(output)
    total += output.length
  }
  const joined =
    outputs.length === 1 && outputs[0] !== undefined ? outputs[0] : Buffer.concat(outputs)
  if (header.contentBytes !== null && header.contentBytes !== total) {
    throw damaged(`${total} of ${header.contentBytes} bytes`)
  }
  if (header.hasContentChecksum) checkHash(data, at, xxhash32(joined))
  return joined
}

function damaged(what: string, cause?: unknown): RecordsError {
  return new RecordsError('CORRUPT_MESSAGE', `the lz4 frame is damaged: ${what}`, cause)
}

function checkHash(data: Buffer, at: number, hash: number): number {
  if (data.length - at < 4) throw damaged('a checksum is cut off')
  if (data.readUInt32LE(at) !== hash) throw damaged('a checksum differs')
  return at + 4
}

function readHeader(data: Buffer): FrameHeader {
  if (data.length < 7 || data.readUInt32LE(0) !== FRAME_MAGIC) throw damaged('no frame')
  const flags = data.readUInt8(4)
  const descriptor = data.readUInt8(5)
  if (flags >>> 6 !== 1 || (flags & 0x02) !== 0) throw damaged('an unknown version')
  if ((flags & 0x20) === 0) throw damaged('linked blocks are not supported')
  if ((flags & 0x01) !== 0) throw damaged('dictionaries are not supported')
  const blockSize = (descriptor >>> 4) & 7
  if ((descriptor & 0x8f) !== 0 || blockSize < 4) throw damaged('an unknown block size')
  const hasContentSize = (flags & 0x08) !== 0
  const endsAt = hasContentSize ? 15 : 7
  if (data.length < endsAt) throw damaged('the header is cut off')
  if (((xxhash32(data, 4, endsAt - 1) >>> 8) & 0xff) !== data.readUInt8(endsAt - 1)) {
    throw damaged('the header checksum differs')
  }
  return {
    blockMaxBytes: 2 ** (8 + 2 * blockSize),
    hasBlockChecksum: (flags & 0x10) !== 0,
    hasContentChecksum: (flags & 0x04) !== 0,
    contentBytes: hasContentSize ? data.readUInt32LE(10) * 2 ** 32 + data.readUInt32LE(6) : null,
    endsAt,
  }
}

interface BlockLimits {
  readonly limit: number
  /** True: more output than `limit` breaks the budget, not the format. */
  readonly isCapped: boolean
  readonly maxOutputBytes: number
}

function decodeBlock(data: Buffer, at: number, size: number, limits: BlockLimits): Buffer {
  const room = Math.min(limits.limit, size * MAX_RATIO)
  const native = size < NATIVE_MIN_BYTES ? null : loadLibrary()
  if (native === null) {
    const output = decodeLz4Block(data, at, at + size, room)
    if (output !== null) return output
  } else {
    const input = Buffer.allocUnsafe(4 + size)
    input.writeUInt32LE(room, 0)
    data.copy(input, 4, at, at + size)
    try {
      return native.uncompressSync(input)
    } catch (error) {
      if (!limits.isCapped) throw damaged('a block', error)
    }
  }
  if (limits.isCapped) throw new OutputLimitError(limits.maxOutputBytes)
  throw damaged('a block')
}
