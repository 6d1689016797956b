// What a power failure may do to a node that was killed: the ends of its logs, which no sync had confirmed,
// are cut, zeroed, or have a bit flipped. Below the recovery points nothing is touched.
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

const PAGE_BYTES = 4096
const HEADER_BYTES = 61
const LENGTH_AT = 8
const LAST_OFFSET_DELTA_AT = 23
const SIZE_BEFORE_LENGTH = 12

const DAMAGES = [
  (file, from) => ftruncateSync(file, from),
  (file, from, bytes, random) => overwrite(file, from, [bytes[from] ^ (1 << random.below(8))]),
  (file, from, bytes) => overwrite(file, from, zeros(Math.min(PAGE_BYTES, bytes.length - from))),
  (file, from, bytes) => overwrite(file, from, zeros(bytes.length - from)),
]

const zeros = length => new Uint8Array(length)
const overwrite = (file, at, bytes) => writeSync(file, Uint8Array.from(bytes), 0, bytes.length, at)

/** Of some of the logs in a stopped node's directory. Returns how many were damaged. */
export function damageTails(dataDirectory, random) {
  const points = recoveryPoints(dataDirectory)
  let damaged = 0
  for (const name of readdirSync(dataDirectory).sort()) {
    if (!/^[^.]+-\d+$/.test(name) || random.below(3) === 0) continue
    const newest = readdirSync(join(dataDirectory, name))
      .filter(file => file.endsWith('.log'))
      .sort()
      .at(-1)
    if (newest === undefined) continue
    const path = join(dataDirectory, name, newest)
    if (damageTail(path, points.get(name) ?? 0, random)) damaged += 1
  }
  return damaged
}

function damageTail(path, recoveryPoint, random) {
  const bytes = readFileSync(path)
  const start = positionOf(bytes, recoveryPoint)
  if (start >= bytes.length) return false
  const file = openSync(path, 'r+')
  const from = start + random.below(bytes.length - start)
  random.pick(DAMAGES)(file, from, bytes, random)
  closeSync(file)
  return true
}

/** Where the first batch begins that has the offset or a later one. */
function positionOf(bytes, offset) {
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const last = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT)
    if (last >= offset) break
    at += SIZE_BEFORE_LENGTH + bytes.readInt32BE(at + LENGTH_AT)
  }
  return at
}

/** By the name of the log's directory. */
function recoveryPoints(dataDirectory) {
  const path = join(dataDirectory, 'weir-offsets.checkpoint')
  if (!existsSync(path)) return new Map()
  const text = readFileSync(path, 'utf8')
  const rows = Object.entries(JSON.parse(text.slice(text.indexOf('\n') + 1)))
  return new Map(rows.map(([name, [, recoveryPoint]]) => [name, recoveryPoint]))
}
