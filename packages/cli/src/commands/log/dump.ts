// weir log dump: what is in the files of a partition, and whether it is sound. No broker is asked.
import { DiskError } from '@weir/core'
import { type DumpedBatch, dumpSegment, dumpSmallFile } from '@weir/log'
import { type DecodedRecord, RecordsError } from '@weir/protocol'
import { createClientEnv } from '../../client-env.ts'
import { defineCommand } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { jsonOption } from '../../options.ts'
import { recordToJson } from '../../output/record-json.ts'
import { styled } from '../../output/style.ts'
import { sanitise } from '../../output/table.ts'

const RECORD_PREVIEW_BYTES = 120

export const dumpLogCommand = defineCommand({
  positionals: {
    files: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Files of a partition: segments, indexes, snapshots, checkpoints',
    },
  },
  options: {
    ...jsonOption,
    records: {
      alias: 'r',
      type: 'boolean',
      default: false,
      describe: 'The records in the batches, too',
    },
    verify: { type: 'boolean', default: false, describe: 'Print only damage and a summary' },
    from: { type: 'number', default: 0, describe: 'Begin at the batch with this offset' },
    max: { alias: 'n', type: 'number', describe: 'End after this many batches or entries' },
  },
  examples: [
    ['$0 log dump data/orders-0/*.log', 'the batches of a partition'],
    ['$0 log dump data/orders-0/00000000000000000000.log --records', 'with their records'],
    ['$0 log dump data/orders-0/* --verify', 'is everything sound?'],
  ],
  async run({ io }, args) {
    let damageCount = 0
    const sink: Sink = {
      say(line) {
        if (!args.verify) void io.stdout.write(line)
      },
      problem(path, text) {
        damageCount++
        void io.stdout.write(`${styled(io.stdout, 'red', 'damaged')} ${path}: ${text}\n`)
      },
    }
    const options = { ...args, max: args.max ?? Number.POSITIVE_INFINITY }
    for (const path of args.files) {
      if (args.files.length > 1) sink.say(`${styled(io.stdout, 'bold', `# ${path}`)}\n`)
      const summary = await dumpFile(path, options, sink)
      if (args.verify) void io.stdout.write(`${path}: ${summary}\n`)
    }
    return damageCount === 0 ? 0 : 1
  },
})

interface Sink {
  say(line: string): void
  problem(path: string, text: string): void
}

interface DumpOptions {
  readonly json: boolean
  readonly records: boolean
  readonly from: number
  readonly max: number
}

/** Prints one file; answers what it was in a few words. */
async function dumpFile(path: string, options: DumpOptions, sink: Sink): Promise<string> {
  try {
    return path.endsWith('.log')
      ? dumpBatches(path, options, sink)
      : await dumpEntries(path, options, sink)
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    if (error.code === 'EISDIR') {
      throw new CommandError(`${path} is a directory: name the files in it, as ${path}/*`, error)
    }
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new CommandError(`cannot read ${path}: ${reason}`, error)
  }
}

function dumpBatches(path: string, options: DumpOptions, sink: Sink): string {
  let batchCount = 0
  let recordCount = 0
  const { disk } = createClientEnv()
  try {
    for (const batch of dumpSegment(disk, path, { withRecords: true })) {
      if (batch.problem !== null) {
        sink.problem(path, `at position ${batch.position}: ${batch.problem}`)
      }
      if (batch.recordCount === 0 && batch.problem !== null) break
      if (batch.lastOffset < options.from) continue
      if (batchCount >= options.max) break
      batchCount++
      recordCount += batch.recordCount
      sink.say(
        options.json ? batchToJson(batch, options.records) : renderBatch(batch, options.records),
      )
    }
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error
    sink.problem(path, `the records of a batch after ${batchCount} batches: ${error.message}`)
  }
  return `${batchCount} batches, ${recordCount} records`
}

async function dumpEntries(path: string, options: DumpOptions, sink: Sink): Promise<string> {
  const dump = await dumpSmallFile(createClientEnv().disk, path)
  if (dump === null) {
    const isThere = (await createClientEnv().disk.stat(path)) !== null
    throw new CommandError(
      isThere
        ? `${path} is no file that 'weir log dump' knows: give it files of a partition, as data/orders-0/*`
        : `cannot read ${path}: there is no such file`,
    )
  }
  for (const problem of dump.problems) sink.problem(path, problem)
  const rows = dump.rows
    .filter(row => typeof row['offset'] !== 'number' || row['offset'] >= options.from)
    .slice(0, options.max)
  for (const row of rows) {
    const fields = Object.entries(row).map(([name, value]) => `${name} ${plain(value)}`)
    sink.say(options.json ? `${JSON.stringify(row)}\n` : `${fields.join('  ')}\n`)
  }
  return `${dump.kind}, ${rows.length} entries`
}

function plain(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}

function batchToJson({ records, ...batch }: DumpedBatch, withRecords: boolean): string {
  const list = withRecords
    ? {
        records: records.map(record =>
          JSON.parse(recordToJson({ topic: '', partition: 0, ...record })),
        ),
      }
    : {}
  return `${JSON.stringify({ ...batch, ...list })}\n`
}

function renderBatch(batch: DumpedBatch, withRecords: boolean): string {
  const flags = [
    batch.isTransactional ? 'transactional' : '',
    batch.isControl ? 'control' : '',
    batch.hasDeleteHorizon ? 'delete-horizon' : '',
  ].filter(flag => flag !== '')
  const producer =
    batch.producerId < 0
      ? []
      : [`producer ${batch.producerId} epoch ${batch.producerEpoch} sequence ${batch.baseSequence}`]
  const fields = [
    `offsets ${batch.baseOffset}-${batch.lastOffset}`,
    `records ${batch.recordCount}`,
    `position ${batch.position}`,
    `bytes ${batch.sizeInBytes}`,
    `epoch ${batch.leaderEpoch}`,
    `time ${batch.maxTimestamp}`,
    `codec ${batch.codec}`,
    batch.problem === null ? 'crc ok' : 'DAMAGED',
    ...producer,
    ...flags,
  ]
  const lines = withRecords ? batch.records.map(renderRecord) : []
  return [`${fields.join('  ')}\n`, ...lines].join('')
}

function renderRecord(record: DecodedRecord): string {
  const key = record.key === null ? 'null' : preview(record.key)
  const value = record.value === null ? 'null' : preview(record.value)
  const headers = record.headers.map(({ key: name, value: data }) => `${name}=${data ?? 'null'}`)
  const tail = headers.length === 0 ? '' : `  headers ${sanitise(headers.join(','))}`
  return `  | offset ${record.offset}  time ${record.timestamp}  key ${key}  value ${value}${tail}\n`
}

function preview(bytes: Buffer): string {
  const text = sanitise(bytes.subarray(0, RECORD_PREVIEW_BYTES).toString('utf8'))
  return bytes.length > RECORD_PREVIEW_BYTES ? `${text}... (${bytes.length} bytes)` : text
}
