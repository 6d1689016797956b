// kafka-console-producer
import { createInterface } from 'node:readline'
import { Producer, type ProducerRecord } from '@weir/client'
import { type Codec, codecOfId } from '@weir/protocol'
import { javaException } from './java-errors.ts'
import { type ParsedOptions, requireOptions, ToolError } from './option-parser.ts'
import { type KafkaTool, readProperties, type ToolContext } from './tool.ts'

const CODECS = [0, 1, 2, 3, 4].map(id => codecOfId(id))
const DEFAULT_MAX_BLOCK_MS = 60_000

export const consoleProducerTool: KafkaTool = {
  description: 'This tool helps to read data from standard input and publish it to Kafka.',
  options: {
    'batch-size': { value: 'required', doc: 'Bytes of a batch.' },
    'bootstrap-server': { value: 'required', doc: 'REQUIRED: the addresses to connect to.' },
    'command-config': { value: 'required', doc: 'A file of producer settings.' },
    'command-property': { value: 'required', repeats: true, doc: 'A producer setting, key=value.' },
    'compression-codec': {
      value: 'optional',
      doc: 'none, gzip (if no value is given), snappy, lz4 or zstd.',
    },
    'line-reader': { value: 'required', doc: "Only Kafka's own LineMessageReader." },
    'max-block-ms': { value: 'required', doc: 'How long a record may wait for metadata.' },
    'max-memory-bytes': { value: 'required', doc: 'Bytes that may wait to be sent.' },
    'max-partition-memory-bytes': { value: 'required', doc: 'Bytes of a batch.' },
    'message-send-max-retries': {
      value: 'required',
      doc: 'Has no effect: records are tried until their time is over.',
    },
    'metadata-expiry-ms': { value: 'required', doc: 'Has no effect.' },
    'producer-property': {
      value: 'required',
      repeats: true,
      doc: 'Deprecated: as --command-property.',
    },
    'producer.config': { value: 'required', doc: 'Deprecated: as --command-config.' },
    property: { value: 'required', repeats: true, doc: 'Deprecated: as --reader-property.' },
    'reader-config': { value: 'required', doc: 'A file of reader properties.' },
    'reader-property': {
      value: 'required',
      repeats: true,
      doc: 'parse.key, key.separator, parse.headers, headers.delimiter, headers.separator, headers.key.separator, ignore.error, null.marker.',
    },
    'request-required-acks': { value: 'required', doc: '-1 (all), 0 or 1.' },
    'request-timeout-ms': { value: 'required', doc: 'How long the broker may wait for replicas.' },
    'retry-backoff-ms': { value: 'required', doc: 'Has no effect.' },
    'socket-buffer-size': { value: 'required', doc: 'Has no effect.' },
    sync: { value: 'none', doc: 'Wait for every record before the next.' },
    timeout: { value: 'required', doc: 'How long a batch waits for more records.' },
    topic: { value: 'required', doc: 'REQUIRED: the topic.' },
  },
  async run(context) {
    const { options } = context
    requireOptions(options, 'bootstrap-server', 'topic')
    warnDeprecated(context, 'property', 'reader-property')
    warnDeprecated(context, 'producer-property', 'command-property')
    const producer = new Producer(context.cluster, producerOptions(options))
    const reader = new LineReader(readerProperties(options), options.value('topic') ?? '')
    await sendLines(context, producer, reader)
    return 0
  },
}

function warnDeprecated(context: ToolContext, old: string, replacement: string): void {
  if (!context.options.has(old)) return
  context.print(
    `Warning: --${old} is deprecated and will be removed in a future version. Use --${replacement} instead.\n`,
  )
}

function producerOptions(options: ParsedOptions): ConstructorParameters<typeof Producer>[1] {
  const file = options.value('command-config') ?? options.value('producer.config')
  const properties = new Map([
    ...(file === undefined ? [] : readProperties(file)),
    ...options.properties('producer-property', 'command-property'),
  ])
  const codec = options.has('compression-codec')
    ? (options.value('compression-codec') ?? 'gzip')
    : (properties.get('compression.type') ?? 'none')
  if (!CODECS.includes(codec as Codec)) {
    throw new ToolError(
      `org.apache.kafka.common.config.ConfigException: Invalid value ${codec} for configuration compression.type: String must be one of: none, gzip, snappy, lz4, zstd`,
    )
  }
  const acks = options.value('request-required-acks') ?? properties.get('acks') ?? 'all'
  const batchBytes =
    options.integer('batch-size') ??
    options.integer('max-partition-memory-bytes') ??
    Number(properties.get('batch.size') ?? 16_384)
  return {
    compression: codec as Codec,
    acks: acks === '0' ? 0 : acks === '1' ? 1 : -1,
    isIdempotent: acks !== '0' && acks !== '1' && properties.get('enable.idempotence') !== 'false',
    batchBytes: Math.max(1, batchBytes),
    lingerMs: options.integer('timeout') ?? Number(properties.get('linger.ms') ?? 5),
    bufferBytes: options.integer('max-memory-bytes') ?? 33_554_432,
    ackTimeoutMs: options.integer('request-timeout-ms') ?? 1_500,
    deliveryTimeoutMs: options.integer('max-block-ms') ?? DEFAULT_MAX_BLOCK_MS,
    allowAutoTopicCreation: true,
  }
}

function readerProperties(options: ParsedOptions): Map<string, string> {
  const file = options.value('reader-config')
  return new Map([
    ...(file === undefined ? [] : readProperties(file)),
    ...options.properties('property', 'reader-property'),
  ])
}

class LineReader {
  readonly #topic: string
  readonly #parseKey: boolean
  readonly #parseHeaders: boolean
  readonly #ignoreError: boolean
  readonly #nullMarker: string | null
  readonly #keySeparator: string
  readonly #headersDelimiter: string
  readonly #headersSeparator: string
  readonly #headersKeySeparator: string

  constructor(properties: ReadonlyMap<string, string>, topic: string) {
    const isTrue = (name: string): boolean => properties.get(name)?.trim().toLowerCase() === 'true'
    this.#topic = topic
    this.#parseKey = isTrue('parse.key')
    this.#parseHeaders = isTrue('parse.headers')
    this.#ignoreError = isTrue('ignore.error')
    this.#nullMarker = properties.get('null.marker') ?? null
    this.#keySeparator = properties.get('key.separator') ?? '\t'
    this.#headersDelimiter = properties.get('headers.delimiter') ?? '\t'
    this.#headersSeparator = properties.get('headers.separator') ?? ','
    this.#headersKeySeparator = properties.get('headers.key.separator') ?? ':'
  }

  /** Throws ToolError for a line without its parts. `number` counts from 1. */
  parse(line: string, number: number): ProducerRecord {
    let rest = line
    let headers: { key: string; value: string | null }[] = []
    let key: string | null = null
    if (this.#parseHeaders) {
      const [text, after] = this.#cut(rest, this.#headersDelimiter, 'headers delimiter', number)
      rest = after
      if (text !== null && text !== this.#nullMarker) headers = this.#headers(text, number)
    }
    if (this.#parseKey) {
      const [text, after] = this.#cut(rest, this.#keySeparator, 'key separator', number)
      rest = after
      key = this.#orNull(text)
    }
    return { topic: this.#topic, key, value: this.#orNull(rest), headers }
  }

  #cut(
    text: string,
    separator: string,
    what: string,
    number: number,
  ): [before: string | null, after: string] {
    const at = text.indexOf(separator)
    if (at >= 0) return [text.slice(0, at), text.slice(at + separator.length)]
    if (this.#ignoreError) return [null, text]
    throw new ToolError(
      `org.apache.kafka.common.KafkaException: No ${what} found on line number ${number}: '${text}'`,
    )
  }

  #headers(text: string, number: number): { key: string; value: string | null }[] {
    return text.split(this.#headersSeparator).map(pair => {
      const at = pair.indexOf(this.#headersKeySeparator)
      if (at < 0 && !this.#ignoreError) {
        throw new ToolError(
          `org.apache.kafka.common.KafkaException: No header key separator found in pair '${pair}' on line number ${number}`,
        )
      }
      if (at < 0) return { key: pair, value: null }
      const value = pair.slice(at + this.#headersKeySeparator.length)
      return { key: pair.slice(0, at), value: this.#orNull(value) }
    })
  }

  #orNull(text: string | null): string | null {
    return text === this.#nullMarker ? null : text
  }
}

async function sendLines(
  context: ToolContext,
  producer: Producer,
  reader: LineReader,
): Promise<void> {
  const { io, options } = context
  const lines = createInterface({ input: io.stdin, crlfDelay: Number.POSITIVE_INFINITY })
  io.signal.addEventListener('abort', () => lines.close(), { once: true })
  const prompt = (): void => {
    if (io.isInteractive) context.print('>')
  }
  let number = 0
  prompt()
  try {
    for await (const line of lines) {
      number++
      const record = reader.parse(line, number)
      const onDone = (error: Error | null): void => {
        if (error !== null) logFailure(context, record, error)
      }
      if (options.has('sync')) {
        await producer.send(record).catch(onDone)
      } else {
        await producer.enqueue(record, onDone).catch(onDone)
      }
      prompt()
    }
  } finally {
    await producer.flush()
  }
}

/** The Java tool logs records that were not sent, and ends with 0 all the same. */
function logFailure(context: ToolContext, record: ProducerRecord, error: Error): void {
  const size = (data: Buffer | string | null): string =>
    data === null ? 'null' : `${Buffer.byteLength(data)} bytes`
  context.log(
    'ERROR',
    `Error when sending message to topic ${record.topic} with key: ${size(record.key)}, value: ${size(record.value)} with error: ${javaException(error)}`,
    'org.apache.kafka.clients.producer.internals.ErrorLoggingCallback',
  )
}
