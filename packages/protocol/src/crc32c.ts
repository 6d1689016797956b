// CRC-32C (Castagnoli), as record batches and our own files carry it. Native from 512 bytes up; a
// JavaScript table below that (a native call costs more than it saves) and where no build exists.

import { createRequire } from 'node:module'

type NativeCrc32c = (input: Uint8Array, seed?: number) => number

/** Below this a native call costs more than the table. */
const NATIVE_MIN_BYTES = 512
/** What goes through the table before the native module is loaded: that takes 5-10 ms. */
const TABLE_FIRST_BYTES = 128 * 1024
const POLYNOMIAL = 0x82f63b78

/** Undefined until enough was asked for: a command or a broker in a test mostly never needs it. */
let native: NativeCrc32c | null | undefined
let tables: Int32Array | undefined
let bytesSoFar = 0

function loadNative(): NativeCrc32c | null {
  try {
    const module: unknown = createRequire(import.meta.url)('@node-rs/crc32')
    return (module as { crc32c: NativeCrc32c }).crc32c
  } catch {
    // No build for this platform: the table does the same, slower.
    return null
  }
}

function buildTables(): Int32Array {
  const result = new Int32Array(8 * 256)
  for (let index = 0; index < 256; index++) {
    let crc = index
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    result[index] = crc
  }
  for (let index = 0; index < 256; index++) {
    let crc = result[index] ?? 0
    for (let slice = 1; slice < 8; slice++) {
      crc = (result[crc & 0xff] ?? 0) ^ (crc >>> 8)
      result[slice * 256 + index] = crc
    }
  }
  return result
}

/**
 * The checksum of `buffer[start, end)` as an unsigned integer. `seed` is the result of the bytes
 * before, so that a checksum over several chunks can be chained.
 */
export function crc32c(
  buffer: Uint8Array,
  start = 0,
  end: number = buffer.length,
  seed = 0,
): number {
  if (end - start >= NATIVE_MIN_BYTES) {
    if (native === undefined) {
      bytesSoFar += end - start
      if (bytesSoFar > TABLE_FIRST_BYTES) native = loadNative()
    }
    if (native) {
      const whole = start === 0 && end === buffer.length
      return native(whole ? buffer : buffer.subarray(start, end), seed) >>> 0
    }
  }
  return crc32cOfTable(buffer, start, end, seed)
}

/** The same without the native module; exported for its test. */
export function crc32cOfTable(
  buffer: Uint8Array,
  start: number,
  end: number,
  seed: number,
): number {
  tables ??= buildTables()
  const t = tables as unknown as { readonly [index: number]: number }
  const b = buffer as unknown as { readonly [index: number]: number }
  let crc = ~seed
  let at = start
  while (end - at >= 8) {
    crc ^= at4(b, at)
    const high = at4(b, at + 4)
    crc =
      at1(t, 7 * 256 + (crc & 0xff)) ^
      at1(t, 6 * 256 + ((crc >>> 8) & 0xff)) ^
      at1(t, 5 * 256 + ((crc >>> 16) & 0xff)) ^
      at1(t, 4 * 256 + (crc >>> 24)) ^
      at1(t, 3 * 256 + (high & 0xff)) ^
      at1(t, 2 * 256 + ((high >>> 8) & 0xff)) ^
      at1(t, 256 + ((high >>> 16) & 0xff)) ^
      at1(t, high >>> 24)
    at += 8
  }
  for (; at < end; at++) crc = at1(t, (crc ^ at1(b, at)) & 0xff) ^ (crc >>> 8)
  return ~crc >>> 0
}

function at1(table: { readonly [index: number]: number }, index: number): number {
  return table[index] as number
}

function at4(bytes: { readonly [index: number]: number }, at: number): number {
  return (
    at1(bytes, at) |
    (at1(bytes, at + 1) << 8) |
    (at1(bytes, at + 2) << 16) |
    (at1(bytes, at + 3) << 24)
  )
}
