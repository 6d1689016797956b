// What kafka-console-consumer prints for a record: Kafka's DefaultMessageFormatter and its relatives.
import type { ConsumerRecord } from '@weir/client'
import { ToolError } from './option-parser.ts'

type Formatter = (record: ConsumerRecord) => Buffer

/** `name` is the class, short or long; undefined is the default one. */
export function recordFormatter(
  name: string | undefined,
  properties: ReadonlyMap<string, string>,
): Formatter {
  const short = name === undefined ? '' : name.slice(name.lastIndexOf('.') + 1)
  switch (short) {
    case '':
    case 'DefaultMessageFormatter':
      return defaultFormatter(properties)
    case 'NoOpMessageFormatter':
      return () => Buffer.alloc(0)
    case 'LoggingMessageFormatter':
      return defaultFormatter(properties)
    default:
      throw new ToolError(`java.lang.ClassNotFoundException: ${name}`)
  }
}

function defaultFormatter(properties: ReadonlyMap<string, string>): Formatter {
  const isTrue = (name: string, byDefault: boolean): boolean =>
    (properties.get(name) ?? String(byDefault)).trim().toLowerCase() === 'true'
  const shows = {
    timestamp: isTrue('print.timestamp', false),
    partition: isTrue('print.partition', false),
    offset: isTrue('print.offset', false),
    headers: isTrue('print.headers', false),
    key: isTrue('print.key', false),
    value: isTrue('print.value', true),
  }
  const keySeparator = Buffer.from(properties.get('key.separator') ?? '\t')
  const lineSeparator = Buffer.from(properties.get('line.separator') ?? '\n')
  const headersSeparator = Buffer.from(properties.get('headers.separator') ?? ',')
  const nullLiteral = Buffer.from(properties.get('null.literal') ?? 'null')

  return record => {
    const fields: Buffer[] = []
    if (shows.timestamp) fields.push(Buffer.from(timestampText(record)))
    if (shows.partition) fields.push(Buffer.from(`Partition:${record.partition}`))
    if (shows.offset) fields.push(Buffer.from(`Offset:${record.offset}`))
    if (shows.headers) fields.push(headersText(record, headersSeparator, nullLiteral))
    if (shows.key) fields.push(record.key ?? nullLiteral)
    if (shows.value) fields.push(record.value ?? nullLiteral)
    const parts = fields.flatMap((field, index) => [
      field,
      index === fields.length - 1 ? lineSeparator : keySeparator,
    ])
    return Buffer.concat(parts)
  }
}

function timestampText(record: ConsumerRecord): string {
  if (record.timestamp < 0) return 'NO_TIMESTAMP'
  return `${record.isLogAppendTime ? 'LogAppendTime' : 'CreateTime'}:${record.timestamp}`
}

function headersText(record: ConsumerRecord, separator: Buffer, nullLiteral: Buffer): Buffer {
  if (record.headers.length === 0) return Buffer.from('NO_HEADERS')
  return Buffer.concat(
    record.headers.flatMap(({ key, value }, index) => [
      ...(index === 0 ? [] : [separator]),
      Buffer.from(`${key}:`),
      value ?? nullLiteral,
    ]),
  )
}
