// weir produce: lines or JSON from standard input become records.
import { createInterface } from 'node:readline'
import { Producer, type ProducerOptions, type ProducerRecord } from '@weir/client'
import { defineCommand } from '../command.ts'
import { timeoutMsOf, withCluster } from '../connect.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { CliIo } from '../io.ts'
import { findTopics } from '../names.ts'
import { bootstrapOption, jsonOption } from '../options.ts'
import { startProgress } from '../output/progress.ts'
import { checkInteger, parseKeyValues } from '../values/key-values.ts'
import { type LineParser, parseJsonRecord, parseLineRecord } from '../values/record-input.ts'

const MAX_PARTITION = 1_000_000
const ACKS: ReadonlyMap<string, -1 | 0 | 1> = new Map<string, -1 | 0 | 1>([
  ['all', -1],
  ['-1', -1],
  ['0', 0],
  ['1', 1],
])

export const produceCommand = defineCommand({
  positionals: {
    topic: { type: 'string', demandOption: true, describe: 'Topic to send to' },
  },
  options: {
    ...bootstrapOption,
    input: {
      alias: 'i',
      type: 'string',
      choices: ['lines', 'json'] as const,
      default: 'lines' as const,
      describe: 'One record a line: as text, or {"key","value","headers","partition","timestamp"}',
    },
    key: { alias: 'k', type: 'string', describe: 'The key of every record', requiresArg: true },
    'key-separator': {
      alias: 'K',
      type: 'string',
      describe: 'What is before this text in a line is the key',
      requiresArg: true,
    },
    header: {
      alias: 'H',
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'none',
      describe: 'A header of every record, NAME=VALUE (repeatable)',
      nargs: 1,
    },
    partition: { alias: 'p', type: 'number', describe: 'Partition, instead of one by key' },
    compression: {
      alias: 'z',
      type: 'string',
      choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const,
      default: 'none' as const,
      describe: 'How batches are compressed',
    },
    acks: {
      type: 'string',
      choices: ['all', '-1', '0', '1'] as const,
      default: 'all' as const,
      describe: 'Who has to have a record before it counts',
    },
    tombstones: {
      type: 'boolean',
      default: false,
      describe: 'An empty value becomes null, which deletes the key in a compacted topic',
    },
    create: { type: 'boolean', default: false, describe: 'Let the broker create a missing topic' },
    'one-record': {
      alias: '1',
      type: 'boolean',
      default: false,
      describe: 'The whole input is the value of one record',
    },
    ...jsonOption,
    quiet: { alias: 'q', type: 'boolean', default: false, describe: 'Do not say what was sent' },
  },
  examples: [
    ['echo hello | $0 produce orders', 'one record'],
    ["printf 'k1:v1\\nk2:v2\\n' | $0 produce orders -K :", 'with keys'],
    ['$0 produce orders -1 < picture.png', 'a file as one record'],
    ['jq -c .[] orders.json | $0 produce orders -i json', 'JSON lines with key, value, headers'],
  ],
  completePositional: ['topics', 'none'],
  async run({ io }, args) {
    const partition = checkInteger(args.partition, '--partition', { min: 0, max: MAX_PARTITION })
    if (args.key !== undefined && args['key-separator'] !== undefined) {
      throw new UsageError('use either --key or --key-separator')
    }
    const headers = [...parseKeyValues(args.header, '--header')].map(([key, value]) => {
      return { key, value }
    })
    const parse: LineParser =
      args.input === 'json'
        ? parseJsonRecord
        : parseLineRecord({
            key: args.key ?? null,
            keySeparator: expandEscapes(args['key-separator']),
            isEmptyNull: args.tombstones,
          })
    const options: ProducerOptions = {
      compression: args.compression,
      acks: ACKS.get(args.acks) ?? -1,
      allowAutoTopicCreation: args.create,
      deliveryTimeoutMs: timeoutMsOf(args),
    }
    return await withCluster(io, args, async cluster => {
      if (!args.create) await findTopics(cluster, [args.topic])
      const producer = new Producer(cluster, options)
      const toRecord = (line: string | Buffer, number: number): ProducerRecord => {
        const parsed = parse(line, number)
        return {
          topic: args.topic,
          ...parsed,
          headers: [...headers, ...parsed.headers],
          ...(partition === undefined ? {} : { partition }),
        }
      }
      const lines = args['one-record'] ? wholeInput(io) : inputLines(io)
      const sent = await sendAll(io, producer, lines, toRecord)
      if (args.json) void io.stdout.write(`${JSON.stringify({ topic: args.topic, ...sent })}\n`)
      else if (!args.quiet && io.stderr.isTerminal) {
        const plural = sent.records === 1 ? '' : 's'
        void io.stderr.write(`Sent ${sent.records} record${plural} to ${args.topic}\n`)
      }
      return 0
    })
  },
})

async function sendAll(
  io: CliIo,
  producer: Producer,
  lines: AsyncIterable<string | Buffer>,
  toRecord: (line: string | Buffer, number: number) => ProducerRecord,
): Promise<{ records: number; partitions: Record<string, number> }> {
  let records = 0
  let acknowledged = 0
  let failure: Error | null = null
  // What waits behind a batch that nobody took would only wait as long again, batch by batch.
  let giveUp: () => void = () => undefined
  const failed = new Promise<void>(resolve => {
    giveUp = resolve
  })
  const partitions: Record<string, number> = {}
  const progress = startProgress(io, () => `${records} read, ${acknowledged} acknowledged`)
  try {
    for await (const line of lines) {
      if (failure !== null || io.signal.aborted) break
      records++
      await producer.enqueue(toRecord(line, records), (error, metadata) => {
        failure ??= error
        if (error !== null) giveUp()
        if (metadata === null) return
        acknowledged++
        partitions[metadata.partition] = (partitions[metadata.partition] ?? 0) + 1
      })
    }
    await Promise.race([producer.flush(), failed])
  } catch (error) {
    // What was read before the bad line still goes out, as it would have with a slower typist.
    await Promise.race([producer.flush().catch(() => {}), failed])
    if (error instanceof CommandError) {
      throw new CommandError(`${error.message}; ${acknowledged} sent before it`, error)
    }
    failure ??= error instanceof Error ? error : new Error(String(error))
  } finally {
    progress.stop()
  }
  if (failure !== null) {
    void io.stderr.write(`${acknowledged} of the ${records} records read were acknowledged\n`)
    throw failure
  }
  return { records: acknowledged, partitions }
}

async function* inputLines(io: CliIo): AsyncGenerator<string> {
  if (io.isInteractive) {
    void io.stderr.write('One record a line; Ctrl-D ends, Ctrl-C ends, too.\n')
  }
  const lines = createInterface({ input: io.stdin, crlfDelay: Number.POSITIVE_INFINITY })
  io.signal.addEventListener('abort', () => lines.close(), { once: true })
  for await (const line of lines) yield line
}

const MAX_RECORD_BYTES = 1024 * 1024 * 1024

async function* wholeInput(io: CliIo): AsyncGenerator<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of io.stdin) {
    const data = Buffer.from(chunk)
    bytes += data.length
    if (bytes > MAX_RECORD_BYTES) throw new CommandError('the input is larger than any record')
    chunks.push(data)
  }
  yield Buffer.concat(chunks)
}

/** `\t` and `\n` typed in a shell. */
function expandEscapes(text: string | undefined): string | null {
  if (text === undefined) return null
  return text.replaceAll('\\t', '\t').replaceAll('\\n', '\n').replaceAll('\\0', '\0')
}
