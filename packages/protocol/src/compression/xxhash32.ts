// xxHash, 32 bits, seed 0: the checksum inside LZ4 frames.

const PRIME_1 = 0x9e3779b1 | 0
const PRIME_2 = 0x85ebca77 | 0
const PRIME_3 = 0xc2b2ae3d | 0
const PRIME_4 = 0x27d4eb2f | 0
const PRIME_5 = 0x165667b1 | 0

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function round(accumulator: number, lane: number): number {
  return Math.imul(rotate((accumulator + Math.imul(lane, PRIME_2)) | 0, 13), PRIME_1)
}

/** The hash of `buffer[start, end)`, unsigned. */
export function xxhash32(buffer: Buffer, start = 0, end: number = buffer.length): number {
  let at = start
  let hash: number
  if (end - start >= 16) {
    let a = (PRIME_1 + PRIME_2) | 0
    let b = PRIME_2
    let c = 0
    let d = -PRIME_1 | 0
    for (; end - at >= 16; at += 16) {
      a = round(a, buffer.readInt32LE(at))
      b = round(b, buffer.readInt32LE(at + 4))
      c = round(c, buffer.readInt32LE(at + 8))
      d = round(d, buffer.readInt32LE(at + 12))
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0
  } else {
    hash = PRIME_5
  }
  hash = (hash + (end - start)) | 0
  for (; end - at >= 4; at += 4) {
    hash = (hash + Math.imul(buffer.readInt32LE(at), PRIME_3)) | 0
    hash = Math.imul(rotate(hash, 17), PRIME_4)
  }
  for (; at < end; at++) {
    hash = (hash + Math.imul(buffer.readUInt8(at), PRIME_5)) | 0
    hash = Math.imul(rotate(hash, 11), PRIME_1)
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return (hash ^ (hash >>> 16)) >>> 0
}
