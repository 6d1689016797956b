// A line of input -> the parts of a record.
import { CommandError } from '../errors.ts'

export interface ParsedRecord {
  readonly key: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | string | null }[]
  readonly partition?: number
  readonly timestamp?: number
}

/** `number` counts from 1, for messages. Throws CommandError. */
export type LineParser = (line: string | Buffer, number: number) => ParsedRecord

export interface LineOptions {
  readonly key: string | null
  readonly keySeparator: string | null
  readonly isEmptyNull: boolean
}

export function parseLineRecord({ key, keySeparator, isEmptyNull }: LineOptions): LineParser {
  return (line, number) => {
    let recordKey: string | null = key
    let value = line
    if (keySeparator !== null) {
      const text = line.toString()
      const at = text.indexOf(keySeparator)
      if (at < 0) {
        throw new CommandError(`line ${number} has no key: '${keySeparator}' is not in it`)
      }
      recordKey = text.slice(0, at)
      value = text.slice(at + keySeparator.length)
    }
    return { key: recordKey, value: value.length === 0 && isEmptyNull ? null : value, headers: [] }
  }
}

/**
 * `{"key": "k", "value": "v" | {...}, "headers": {"a": "b"}, "partition": 0, "timestamp": 1}`, all
 * but the value optional. Values that are not text are sent as JSON; `valueBase64` and `keyBase64`
 * carry bytes. This is also what `weir consume --json` prints.
 */
export const parseJsonRecord: LineParser = (line, number) => {
  let parsed: unknown
  try {
    parsed = JSON.parse(line.toString())
  } catch (error) {
    throw new CommandError(`line ${number} is not JSON: ${(error as Error).message}`, error)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new CommandError(`line ${number} is not an object with "value" and perhaps "key"`)
  }
  const fields = new Map<string, unknown>(Object.entries(parsed))
  if (!fields.has('value') && !fields.has('valueBase64')) {
    throw new CommandError(`line ${number} has no "value"; write null for a tombstone`)
  }
  const partition = fields.get('partition')
  const timestamp = fields.get('timestamp')
  return {
    key: bytesOf(fields, 'key'),
    value: bytesOf(fields, 'value'),
    headers: headersOf(fields.get('headers')),
    ...(isCount(partition) ? { partition } : {}),
    ...(isCount(timestamp) ? { timestamp } : {}),
  }
}

function bytesOf(fields: ReadonlyMap<string, unknown>, name: string): Buffer | string | null {
  const base64 = fields.get(`${name}Base64`)
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64')
  return textOf(fields.get(name))
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** An object, or a list of [name, value] or {key, value} where names repeat. */
function headersOf(headers: unknown): ParsedRecord['headers'] {
  if (typeof headers !== 'object' || headers === null) return []
  if (!Array.isArray(headers)) {
    return Object.entries(headers).map(([key, value]) => ({ key, value: textOf(value) }))
  }
  return headers.map((header: unknown) => {
    if (Array.isArray(header)) return { key: String(header[0]), value: textOf(header[1]) }
    const { key, value } = header as { key?: unknown; value?: unknown }
    return { key: String(key), value: textOf(value) }
  })
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
