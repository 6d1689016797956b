// Mutates golden frames and bodies and decodes them. Invariants: a decoder throws nothing but
// DecodeError; what it accepts can be encoded in the same version, and reads as the same again.
//
//   node packages/protocol/dist/codec.fuzz.js --seconds 600 [--seed 1]
//
// A failure prints its seed, message, version and bytes.

import { isDeepStrictEqual } from 'node:util'
import { apiByKey, apis } from './apis.ts'
import { type AnyMessage, decodeFrom, encodeMessage } from './codec.ts'
import { decodeRequestHeader } from './frames.ts'
import { DecodeError, Reader } from './reader.ts'
import {
  goldenLines,
  hasWholeGolden,
  messageFiles,
  messageOf,
  PACKAGE_GOLDEN,
  WHOLE_GOLDEN,
} from './testing/golden.ts'
import { Writer } from './writer.ts'

/** A body or a frame, and what reads it. */
interface Seed {
  readonly bytes: Buffer
  readonly message: AnyMessage | null
  readonly version: number
}

export interface FuzzReport {
  readonly rounds: number
  readonly accepted: number
  readonly failures: readonly string[]
  readonly slowestMs: number
}

export interface FuzzOptions {
  readonly seed: number
  readonly isDone: (rounds: number) => boolean
  readonly nowMs: () => number
  /** A decode that takes longer twice in a row is a failure. */
  readonly hangMs: number
}

const MAX_FAILURES = 10
const HANG_MS = 20
const EDGES = [0, 1, 2, 3, 0x7f, 0x80, 0x81, 0xfe, 0xff]
const WIDE_EDGES = [-1, 0, 1, 0x7fff_ffff, -0x8000_0000, 0x00ff_ffff, 0x0100_0000]

export function fuzz({ seed, isDone, nowMs, hangMs }: FuzzOptions): FuzzReport {
  const random = randomFrom(seed)
  const seeds = loadSeeds()
  const failures: string[] = []
  let rounds = 0
  let accepted = 0
  let slowestMs = 0
  while (!isDone(rounds) && failures.length < MAX_FAILURES) {
    rounds++
    const chosen = seeds[random(seeds.length)] as Seed
    const other = seeds[random(seeds.length)] as Seed
    const bytes = mutate(chosen.bytes, other.bytes, random)
    const before = nowMs()
    try {
      if (decodeOnce(chosen, bytes, random)) accepted++
    } catch (error) {
      const what = `${chosen.message?.name ?? 'frame'} v${chosen.version}`
      failures.push(`seed ${seed} round ${rounds} ${what}: ${error} ${bytes.toString('hex')}`)
    }
    let tookMs = nowMs() - before
    if (tookMs > hangMs) {
      // Most likely the machine was busy: the second try tells.
      const start = nowMs()
      decodeQuietly(chosen, bytes)
      tookMs = Math.min(tookMs, nowMs() - start)
      if (tookMs > hangMs) failures.push(`seed ${seed} round ${rounds}: ${tookMs} ms`)
    }
    slowestMs = Math.max(slowestMs, tookMs)
  }
  return { rounds, accepted, failures, slowestMs }
}

function loadSeeds(): Seed[] {
  const folder = hasWholeGolden() ? WHOLE_GOLDEN : PACKAGE_GOLDEN
  const bodies = [...messageFiles(folder), 'embedded.jsonl', 'internal-topics.jsonl']
  const seeds: Seed[] = []
  for (const line of bodies.flatMap(file => goldenLines(folder, file))) {
    const bytes = Buffer.from(line.hex, 'hex')
    if (bytes.length < 4096) {
      seeds.push({ bytes, message: messageOf(line), version: line.version })
    }
  }
  for (const line of goldenLines(folder, 'frames.jsonl')) {
    if (line.type !== 'request') continue
    const bytes = Buffer.from(line.hex, 'hex').subarray(4)
    seeds.push({ bytes, message: null, version: line.version })
  }
  return seeds
}

/** True if the bytes were accepted. Throws what must not happen. */
function decodeOnce(seed: Seed, bytes: Buffer, random: (below: number) => number): boolean {
  try {
    if (seed.message === null) return decodeFrame(bytes)
    const { minVersion, maxVersion } = seed.message
    const isOtherVersion = random(8) === 0
    const version = isOtherVersion ? minVersion + random(maxVersion - minVersion + 1) : seed.version
    return decodeBody(seed.message, version, bytes, 0)
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

function decodeQuietly(seed: Seed, bytes: Buffer): void {
  try {
    decodeOnce(seed, bytes, () => 1)
  } catch {
    // It has been reported on the first try.
  }
}

function decodeFrame(bytes: Buffer): boolean {
  const header = decodeRequestHeader(bytes)
  const api = apiByKey(header.requestApiKey) ?? apis[header.correlationId & 63]
  if (api === undefined) return false
  return decodeBody(api.request, header.requestApiVersion, bytes, header.bodyStart)
}

function decodeBody(message: AnyMessage, version: number, bytes: Buffer, start: number): boolean {
  const reader = new Reader(bytes, start)
  const value = decodeFrom(message, version, reader)
  if (reader.offset > bytes.length) throw new Error('read past the end')
  const writer = new Writer(64)
  encodeMessage(message, version, value, writer)
  const again = decodeFrom(message, version, new Reader(writer.finishJoined()))
  if (!isDeepStrictEqual(again, value)) throw new Error('another value after encoding')
  return true
}

function mutate(source: Buffer, other: Buffer, random: (below: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(source)
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(bytes.length + 1)
    switch (random(8)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random(8))
        break
      case 1:
      case 2:
        if (at < bytes.length) bytes[at] = EDGES[random(EDGES.length)] as number
        break
      case 3:
        if (at + 4 <= bytes.length) {
          bytes.writeInt32BE(WIDE_EDGES[random(WIDE_EDGES.length)] as number, at)
        }
        break
      case 4:
        bytes = bytes.subarray(0, at)
        break
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1))])
        break
      case 6: {
        const from = random(other.length + 1)
        const piece = other.subarray(from, from + random(64))
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
        break
      }
      default:
        // An unsigned varint of the largest values.
        for (let i = at; i < Math.min(bytes.length, at + 1 + random(6)); i++) bytes[i] = 0xff
    }
  }
  return bytes
}

/** A small generator with a seed (mulberry32): fast, and the same on every machine. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed | 0
  return below => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below)
  }
}

function option(name: string): number | undefined {
  const at = process.argv.indexOf(`--${name}`)
  const text = at < 0 ? undefined : process.argv[at + 1]
  return text === undefined ? undefined : Number(text)
}

function main(seconds: number): void {
  const seed = option('seed') ?? Date.now() % 1_000_000
  const nowMs = () => performance.now()
  const endMs = nowMs() + seconds * 1000
  const isDone = (rounds: number) => (rounds & 255) === 0 && nowMs() >= endMs
  const { rounds, accepted, failures, slowestMs } = fuzz({ seed, isDone, nowMs, hangMs: HANG_MS })
  const rate = Math.round(rounds / seconds)
  process.stdout.write(`seed ${seed}: ${rounds} rounds (${rate}/s), ${accepted} accepted, `)
  process.stdout.write(`slowest ${slowestMs.toFixed(1)} ms, ${failures.length} failures\n`)
  for (const failure of failures) process.stdout.write(`${failure}\n`)
  if (failures.length > 0) process.exitCode = 1
}

const seconds = option('seconds')
if (seconds !== undefined) main(seconds)
