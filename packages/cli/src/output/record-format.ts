// Format strings of `weir consume --format`, with kcat's letters:
//   %t topic  %p partition  %o offset  %k key  %s value  %K %S their sizes (-1: null)
//   %T timestamp (ms)  %D the same as a date  %h headers (a=1,b=2)  %%  \n \t \r \\ \0 \xHH
// The template is parsed once; rendering works on bytes, so that binary values pass unharmed.
import { UsageError } from '../errors.ts'
import { formatTimestamp } from '../values/duration.ts'

export interface PrintableRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}

type Part = Buffer | ((record: PrintableRecord) => Buffer)

const NOTHING = Buffer.alloc(0)
const text = (render: (record: PrintableRecord) => string | number): Part => {
  return record => Buffer.from(String(render(record)))
}

const FIELDS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['t', text(record => record.topic)],
  ['p', text(record => record.partition)],
  ['o', text(record => record.offset)],
  ['k', record => record.key ?? NOTHING],
  ['s', record => record.value ?? NOTHING],
  ['K', text(record => record.key?.length ?? -1)],
  ['S', text(record => record.value?.length ?? -1)],
  ['T', text(record => record.timestamp)],
  ['D', text(record => formatTimestamp(record.timestamp))],
  ['h', record => Buffer.concat(headerBytes(record))],
  ['%', Buffer.from('%')],
])

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['0', '\0'],
  ['\\', '\\'],
])

export type RecordFormat = (record: PrintableRecord) => Buffer

/** Throws a UsageError for a letter that is none of the fields. */
export function parseRecordFormat(template: string): RecordFormat {
  const parts: Part[] = []
  let literal = ''
  const pattern = /%(.)|\\x([0-9a-fA-F]{2})|\\(.)|[\s\S]/gu
  for (const match of template.matchAll(pattern)) {
    const [whole, field, hex, escaped] = match
    if (field !== undefined) {
      const part = FIELDS.get(field)
      if (part === undefined) {
        throw new UsageError(
          `%${field} is not a field of --format: use ${[...FIELDS.keys()].map(k => `%${k}`).join(' ')}`,
        )
      }
      if (literal !== '') parts.push(Buffer.from(literal))
      literal = ''
      parts.push(part)
    } else if (hex !== undefined) {
      if (literal !== '') parts.push(Buffer.from(literal))
      literal = ''
      parts.push(Buffer.from(hex, 'hex'))
    } else if (escaped !== undefined) {
      literal += ESCAPES.get(escaped) ?? `\\${escaped}`
    } else {
      literal += whole
    }
  }
  if (literal !== '') parts.push(Buffer.from(literal))
  return record =>
    Buffer.concat(parts.map(part => (typeof part === 'function' ? part(record) : part)))
}

function headerBytes(record: PrintableRecord): Buffer[] {
  return record.headers.flatMap((header, index) => [
    Buffer.from(`${index === 0 ? '' : ','}${header.key}=`),
    header.value ?? Buffer.from('NULL'),
  ])
}
