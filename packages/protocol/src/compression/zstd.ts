// Zstandard: Node's own where it has it (22.15 and later), else a WebAssembly build, instantiated
// at its first use: synchronously, so that everything here stays synchronous, and late, so that
// starting costs nothing. `zstd-frame.ts` has walked the frames before either sees them.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as zlib from 'node:zlib'
import { OutputLimitError, RecordsError } from '../records-error.ts'
import { zstdOutputBound } from './zstd-frame.ts'

interface NativeZstd {
  zstdCompressSync(data: Buffer, options: { params: Record<number, number> }): Buffer
  zstdDecompressSync(data: Buffer, options: { maxOutputLength: number }): Buffer
  constants: { ZSTD_c_compressionLevel: number }
}

/** Kafka's default for compression.zstd.level. */
const DEFAULT_LEVEL = 3
const MIN_LEVEL = -131_072
const MAX_LEVEL = 22

const native = 'zstdDecompressSync' in zlib ? (zlib as unknown as NativeZstd) : null

export function compressZstd(data: Buffer, level: number | null): Buffer {
  const bounded = Math.min(MAX_LEVEL, Math.max(MIN_LEVEL, level ?? DEFAULT_LEVEL))
  if (native !== null) {
    const params = { [native.constants.ZSTD_c_compressionLevel]: bounded }
    return native.zstdCompressSync(data, { params })
  }
  return compressWithWasm(data, bounded)
}

export function decompressZstd(data: Buffer, maxOutputBytes: number): Buffer {
  const bound = zstdOutputBound(data)
  if (bound.isExact && bound.bytes > maxOutputBytes) throw new OutputLimitError(maxOutputBytes)
  const limit = Math.min(bound.bytes, maxOutputBytes)
  try {
    return native === null
      ? decompressWithWasm(data, limit)
      : native.zstdDecompressSync(data, { maxOutputLength: Math.max(1, limit) })
  } catch (error) {
    const code = (error as { code?: unknown }).code
    const isFull = code === 'ERR_BUFFER_TOO_LARGE' || code === TOO_SMALL
    if (isFull && bound.bytes > maxOutputBytes) throw new OutputLimitError(maxOutputBytes)
    throw new RecordsError('CORRUPT_MESSAGE', 'the zstd frame is damaged', error)
  }
}

// The exports of the WebAssembly module under the names of its build (0.0.27, pinned).
interface WasmExports {
  /** Memory. */
  readonly f: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  /** Constructors. */
  g(): void
  /** ZSTD_isError. */
  h(code: number): number
  /** ZSTD_compressBound. */
  i(bytes: number): number
  /** ZSTD_compress(dst, dstCapacity, src, srcBytes, level). */
  m(to: number, capacity: number, from: number, bytes: number, level: number): number
  /** ZSTD_decompress(dst, dstCapacity, src, srcBytes). */
  r(to: number, capacity: number, from: number, bytes: number): number
  /** malloc and free. */
  s(bytes: number): number
  t(pointer: number): void
}

interface WasmApi {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

const TOO_SMALL = 'ZSTD_error_dstSize_tooSmall'
/** -ZSTD_error_dstSize_tooSmall as the unsigned number that comes back. */
const TOO_SMALL_CODE = -70
const PAGE_BYTES = 65_536
/** Memory of WebAssembly never shrinks: an instance that grew beyond this is dropped after use. */
const KEPT_MEMORY_BYTES = 48 * 1024 * 1024
const MAX_MEMORY_BYTES = 1024 * 1024 * 1024

let compiled: object | null = null
let instance: WasmExports | null = null

function wasm(): WasmExports {
  if (instance !== null) return instance
  const api = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly
  if (compiled === null) {
    const entry = createRequire(import.meta.url).resolve('@bokuweb/zstd-wasm')
    compiled = new api.Module(readFileSync(join(dirname(entry), 'zstd.wasm')))
  }
  const abort = () => {
    throw new Error('the zstd module aborted')
  }
  const grow = (bytes: number) => growMemory(created, bytes >>> 0)
  const imports = { a: { a: abort, b: () => undefined, c: abort, d: () => 0, e: grow } }
  const created = new api.Instance(compiled, imports).exports as WasmExports
  created.g()
  instance = created
  return created
}

function growMemory(exports: WasmExports, bytes: number): number {
  if (bytes > MAX_MEMORY_BYTES) return 0
  const missing = bytes - exports.f.buffer.byteLength
  if (missing <= 0) return 1
  try {
    exports.f.grow(Math.ceil(missing / PAGE_BYTES))
    return 1
  } catch {
    // Zero is the module's "out of memory"; malloc then answers null.
    return 0
  }
}

function compressWithWasm(data: Buffer, level: number): Buffer {
  const capacity = wasm().i(data.length)
  return callWasm(data, capacity, (z, to, from) => z.m(to, capacity, from, data.length, level))
}

function decompressWithWasm(data: Buffer, capacity: number): Buffer {
  return callWasm(data, capacity, (z, to, from) => z.r(to, capacity, from, data.length))
}

type WasmCall = (exports: WasmExports, to: number, from: number) => number

function callWasm(data: Buffer, capacity: number, call: WasmCall): Buffer {
  const exports = wasm()
  let from = 0
  let to = 0
  try {
    from = exports.s(Math.max(1, data.length))
    to = exports.s(Math.max(1, capacity))
    if (from === 0 || to === 0) throw new Error('no memory for zstd')
    new Uint8Array(exports.f.buffer).set(data, from)
    const result = call(exports, to, from)
    if (exports.h(result) !== 0) {
      const code = (result | 0) === TOO_SMALL_CODE ? TOO_SMALL : `ZSTD_error_${-(result | 0)}`
      throw Object.assign(new Error(`zstd failed with ${code}`), { code })
    }
    return Buffer.from(new Uint8Array(exports.f.buffer, to, result >>> 0))
  } finally {
    if (to !== 0) exports.t(to)
    if (from !== 0) exports.t(from)
    if (exports.f.buffer.byteLength > KEPT_MEMORY_BYTES) instance = null
  }
}
