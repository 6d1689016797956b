// Murmur3, 128 bits (x86 variant), with a seed that is drawn for each cleaning, so that nobody can
// make two keys collide on purpose. Two keys that collide by chance: 1 in 2^128 a pair.

const C1 = 0x239b961b
const C2 = 0xab0e9789
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}

function finish(value: number): number {
  let h = value ^ (value >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Writes the four words of the hash of `b[start, end)` to `into`. */
export function hashKey(
  b: Buffer,
  start: number,
  end: number,
  hash: { readonly seed: number; readonly into: Int32Array },
): void {
  const { seed, into } = hash
  let h1 = seed
  let h2 = seed
  let h3 = seed
  let h4 = seed
  let at = start
  for (; end - at >= 16; at += 16) {
    h1 ^= Math.imul(rotate(Math.imul(b.readInt32LE(at), C1), 15), C2)
    h1 = Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b
    h2 ^= Math.imul(rotate(Math.imul(b.readInt32LE(at + 4), C2), 16), C3)
    h2 = Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747
    h3 ^= Math.imul(rotate(Math.imul(b.readInt32LE(at + 8), C3), 17), C4)
    h3 = Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35
    h4 ^= Math.imul(rotate(Math.imul(b.readInt32LE(at + 12), C4), 18), C1)
    h4 = Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17
  }
  let k1 = 0
  let k2 = 0
  let k3 = 0
  let k4 = 0
  for (let index = end - at - 1; index >= 0; index--) {
    const byte = (b[at + index] ?? 0) << ((index & 3) * 8)
    if (index < 4) k1 |= byte
    else if (index < 8) k2 |= byte
    else if (index < 12) k3 |= byte
    else k4 |= byte
  }
  h4 ^= Math.imul(rotate(Math.imul(k4, C4), 18), C1)
  h3 ^= Math.imul(rotate(Math.imul(k3, C3), 17), C4)
  h2 ^= Math.imul(rotate(Math.imul(k2, C2), 16), C3)
  h1 ^= Math.imul(rotate(Math.imul(k1, C1), 15), C2)
  const length = end - start
  h1 = (h1 ^ length) | 0
  h2 = (h2 ^ length) | 0
  h3 = (h3 ^ length) | 0
  h4 = (h4 ^ length) | 0
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = finish(h1)
  h2 = finish(h2)
  h3 = finish(h3)
  h4 = finish(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  into[0] = h1
  into[1] = h2 + h1
  into[2] = h3 + h1
  into[3] = h4 + h1
}
