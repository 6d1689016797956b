import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { apiByKey, apis } from './apis.ts'
import { type AnyMessage, decodeExact, decodeMessage, encodeExact, encodeMessage } from './codec.ts'
import { decodeRequestHeader, decodeResponseHeader, encodeRequestFrame } from './frames.ts'
import { DecodeError, Reader } from './reader.ts'
import {
  type GoldenLine,
  goldenLines,
  hasWholeGolden,
  messageFiles,
  messageOf,
  PACKAGE_GOLDEN,
  titleOf,
  WHOLE_GOLDEN,
} from './testing/golden.ts'
import { fromGoldenJson, toGoldenJson } from './testing/golden-json.ts'
import { Writer } from './writer.ts'

type Check = (line: GoldenLine) => string | null

function encoded(write: (writer: Writer) => void): string {
  const writer = new Writer(64)
  write(writer)
  return writer.finishJoined().toString('hex')
}

/** Decoding gives the JSON of Kafka, with no byte left over; encoding gives its bytes again. */
function checkExact(line: GoldenLine): string | null {
  const message = messageOf(line)
  const { version, hex } = line
  const reader = new Reader(Buffer.from(hex, 'hex'))
  const value = decodeExact(message, version, reader)
  if (reader.remaining > 0) return `${reader.remaining} bytes left over`
  if (!isDeepStrictEqual(toGoldenJson(message.fields, version, value), line.json)) return 'values'
  if (line.unknownTags !== undefined) return null
  if (encoded(writer => encodeExact(message, version, value, writer)) !== hex) return 'bytes'
  const sparse = fromGoldenJson(message.fields, line.json)
  if (encoded(writer => encodeExact(message, version, sparse, writer)) !== hex) {
    return 'bytes of a value without defaults'
  }
  return null
}

/** Service mode gives the same bytes, or refuses: then the line must hold an int64 beyond 2^53. */
function checkService(line: GoldenLine): string | null {
  const message = messageOf(line)
  const bytes = Buffer.from(line.hex, 'hex')
  try {
    const value = decodeMessage(message, line.version, bytes)
    if (line.unknownTags !== undefined || hasHugeInt64(line)) return null
    const again = encoded(writer => encodeMessage(message, line.version, value, writer))
    return again === line.hex ? null : 'bytes'
  } catch (error) {
    if (error instanceof DecodeError && hasHugeInt64(line)) return null
    throw error
  }
}

function hasHugeInt64(line: GoldenLine): boolean {
  return /"-?\d{16,19}"/.test(JSON.stringify(line.json))
}

function checkPrefixed(line: GoldenLine): string | null {
  if (line.hexPrefixed === undefined) return null
  const prefix = Number.parseInt(line.hexPrefixed.slice(0, 4), 16)
  const expected = line.type === 'record-key' ? line.recordType : line.version
  return prefix === expected && line.hexPrefixed.slice(4) === line.hex ? null : 'prefix'
}

function checkFrame(line: GoldenLine): string | null {
  const frame = Buffer.from(line.hex, 'hex')
  const header = line.header
  const api = apiByKey(line.apiKey ?? -1)
  if (header === undefined || api === undefined) return 'no header'
  if (frame.readInt32BE(0) !== frame.length - 4) return 'size'
  const isRequest = line.type === 'request'
  const found = isRequest
    ? decodeRequestHeader(frame, 4)
    : decodeResponseHeader(api.key, line.version, frame, 4)
  const { bodyStart, ...fields } = found
  if (!isDeepStrictEqual({ ...fields }, header)) return 'header'
  if (bodyStart !== 4 + (line.headerBytes ?? 0)) return 'body start'
  const message: AnyMessage = isRequest ? api.request : api.response
  const reader = new Reader(frame, bodyStart)
  decodeExact(message, line.version, reader)
  if (reader.remaining > 0) return 'bytes left over'
  return null
}

function checkAll(lines: readonly GoldenLine[], check: Check): string[] {
  const failures: string[] = []
  for (const line of lines) {
    let problem: string | null
    try {
      problem = check(line)
    } catch (error) {
      problem = String(error)
    }
    if (problem !== null) failures.push(`${titleOf(line)}: ${problem}`)
  }
  return failures
}

function testFolder(folder: URL, what: string): void {
  const bodies = () => [
    ...messageFiles(folder).flatMap(file => goldenLines(folder, file)),
    ...['headers', 'embedded', 'internal-topics'].flatMap(file =>
      goldenLines(folder, `${file}.jsonl`),
    ),
  ]

  t.test(`${what}: every message decodes to Kafka's values and encodes to its bytes`, t => {
    const lines = bodies()
    t.same(checkAll(lines, checkExact).slice(0, 10), [])
    t.same(checkAll(lines, checkPrefixed).slice(0, 10), [])
    t.comment(`${lines.length} vectors`)
    t.end()
  })

  t.test(`${what}: service mode agrees, and refuses only int64 beyond 2^53`, t => {
    t.same(checkAll(bodies(), checkService).slice(0, 10), [])
    t.end()
  })

  t.test(`${what}: every frame has the header that its API and version ask for`, t => {
    t.same(checkAll(goldenLines(folder, 'frames.jsonl'), checkFrame).slice(0, 10), [])
    t.end()
  })
}

testFolder(PACKAGE_GOLDEN, 'testdata')

if (hasWholeGolden()) testFolder(WHOLE_GOLDEN, 'whole folder')
else t.comment('the whole folder of vectors is not beside the checkout: testdata only')

t.test('testdata has every version of every request and response', t => {
  const seen = new Set(
    goldenLines(PACKAGE_GOLDEN, 'messages.jsonl').map(
      ({ apiKey, type, version }) => `${apiKey} ${type} ${version}`,
    ),
  )
  const missing: string[] = []
  for (const api of apis) {
    for (let version = api.minVersion; version <= api.request.maxVersion; version++) {
      for (const type of ['request', 'response']) {
        if (!seen.has(`${api.key} ${type} ${version}`)) missing.push(`${api.name} v${version}`)
      }
    }
  }
  t.same(missing, [])
  t.equal(apis.length, 89)
  t.end()
})

t.test('a request frame is byte for byte what Kafka writes', t => {
  for (const line of goldenLines(PACKAGE_GOLDEN, 'frames.jsonl')) {
    const api = apiByKey(line.apiKey ?? -1)
    if (line.type !== 'request' || api === undefined || line.header === undefined) continue
    const frame = Buffer.from(line.hex, 'hex')
    const { correlationId, clientId, bodyStart } = decodeRequestHeader(frame, 4)
    let body: Record<string, unknown>
    try {
      body = decodeMessage(api.request, line.version, frame, bodyStart)
    } catch {
      continue // An int64 beyond 2^53: the exact mode has checked these bytes above.
    }
    const options = { version: line.version, correlationId, clientId }
    const again = Buffer.concat(encodeRequestFrame(api, options, body)).toString('hex')
    t.equal(again, line.hex, titleOf(line))
  }
  t.end()
})
