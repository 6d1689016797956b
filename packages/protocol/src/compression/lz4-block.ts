// One LZ4 block, decoded in JavaScript: for small blocks, where a native call costs more.

let scratch = Buffer.alloc(0)

/** The block `data[start, end)`, or null if it is damaged or has more than `maxOutputBytes`. */
export function decodeLz4Block(
  data: Buffer,
  start: number,
  end: number,
  maxOutputBytes: number,
): Buffer | null {
  if (scratch.length < maxOutputBytes) scratch = Buffer.allocUnsafe(maxOutputBytes)
  const length = decodeInto(data, start, end, maxOutputBytes)
  return length < 0 ? null : Buffer.from(scratch.subarray(0, length))
}

function decodeInto(data: Buffer, start: number, end: number, limit: number): number {
  const output = scratch
  let at = start
  let to = 0
  while (at < end) {
    const token = data[at++] ?? 0
    let literals = token >>> 4
    if (literals === 15) {
      let byte = 255
      while (byte === 255) {
        if (at >= end) return -1
        byte = data[at++] ?? 0
        literals += byte
      }
    }
    if (literals > end - at || literals > limit - to) return -1
    if (literals > 32) data.copy(output, to, at, at + literals)
    else for (let i = 0; i < literals; i++) output[to + i] = data[at + i] ?? 0
    at += literals
    to += literals
    // The last sequence has literals only.
    if (at === end) return to
    if (end - at < 2) return -1
    const offset = (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8)
    at += 2
    let match = token & 15
    if (match === 15) {
      let byte = 255
      while (byte === 255) {
        if (at >= end) return -1
        byte = data[at++] ?? 0
        match += byte
      }
    }
    match += 4
    if (offset === 0 || offset > to || match > limit - to) return -1
    if (offset >= match && match > 32) output.copyWithin(to, to - offset, to - offset + match)
    else for (let i = 0; i < match; i++) output[to + i] = output[to - offset + i] ?? 0
    to += match
  }
  // A block ends with literals; one that ends behind a match, or holds nothing, is damaged.
  return -1
}
