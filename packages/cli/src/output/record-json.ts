// A record as one line of JSON: text where the bytes are UTF-8, else base64 beside a null.
import { isUtf8 } from 'node:buffer'
import type { PrintableRecord } from './record-format.ts'

export function recordToJson(record: PrintableRecord): string {
  const { topic, partition, offset, timestamp, key, value, headers } = record
  const names = new Set(headers.map(header => header.key))
  const texts = headers.map(header => [header.key, header.value?.toString('utf8') ?? null] as const)
  return JSON.stringify({
    topic,
    partition,
    offset,
    timestamp,
    ...bytesToJson('key', key),
    ...bytesToJson('value', value),
    // Names may repeat in a record, and then an object would lose some.
    headers: names.size === headers.length ? Object.fromEntries(texts) : texts,
  })
}

function bytesToJson(name: string, bytes: Buffer | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null }
  if (isUtf8(bytes)) return { [name]: bytes.toString('utf8') }
  return { [name]: null, [`${name}Base64`]: bytes.toString('base64') }
}
