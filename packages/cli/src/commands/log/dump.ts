// weir log dump: what is in segment and index files, and whether it is sound. No broker is asked.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { defineCommand } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { jsonOption } from '../../options.ts'
import { recordToJson } from '../../output/record-json.ts'
import { styled } from '../../output/style.ts'
import { sanitise } from '../../output/table.ts'
import {
  type DumpedBatch,
  dumpOffsetIndex,
  dumpSegment,
  dumpTimeIndex,
  type FileReader,
} from '../../values/log-file.ts'

const RECORD_PREVIEW_BYTES = 120

export const dumpLogCommand = defineCommand({
  positionals: {
    files: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Files of a partition: .log, .index, .timeindex',
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
    const max = args.max ?? Number.POSITIVE_INFINITY
    let damaged = 0
    for (const path of args.files) {
      const file = openFile(path)
      try {
        const say = (line: string): void => {
          if (!args.verify) void io.stdout.write(line)
        }
        const problem = (text: string): void => {
          damaged++
          void io.stdout.write(`${styled(io.stdout, 'red', 'damaged')} ${path}: ${text}\n`)
        }
        if (args.files.length > 1) say(`${styled(io.stdout, 'bold', `# ${path}`)}\n`)
        const counts = dumpFile(path, file, { ...args, max }, { say, problem })
        if (args.verify) void io.stdout.write(`${path}: ${counts}\n`)
      } finally {
        closeSync(file.descriptor)
      }
      await Promise.resolve()
    }
    return damaged === 0 ? 0 : 1
  },
})

interface Sink {
  say(line: string): void
  problem(text: string): void
}

interface DumpArguments {
  readonly json: boolean
  readonly records: boolean
  readonly from: number
  readonly max: number
}

/** Prints one file; answers what it was in a few words. */
function dumpFile(path: string, file: FileReader, args: DumpArguments, sink: Sink): string {
  const name = basename(path)
  let printed = 0
  if (name.endsWith('.log')) {
    let records = 0
    let batches = 0
    for (const batch of dumpSegment(file, args.records)) {
      if (batch.problem !== null) sink.problem(batch.problem)
      if (batch.lastOffset < args.from) continue
      if (++printed > args.max) break
      batches++
      records += batch.recordCount
      sink.say(args.json ? `${JSON.stringify(jsonOf(batch))}\n` : renderBatch(batch))
    }
    return `${batches} batches, ${records} records, ${file.bytes} bytes`
  }
  const isTime = name.endsWith('.timeindex')
  if (!isTime && !name.endsWith('.index')) {
    throw new CommandError(`${path} is none of .log, .index and .timeindex`)
  }
  const baseOffset = Number(/^(\d{20})\./.exec(name)?.[1] ?? 0)
  for (const entry of isTime
    ? dumpTimeIndex(file, baseOffset)
    : dumpOffsetIndex(file, baseOffset)) {
    if (entry.problem !== null) sink.problem(entry.problem)
    if (entry.offset < args.from) continue
    if (++printed > args.max) break
    const { problem: _problem, ...fields } = entry
    sink.say(
      args.json
        ? `${JSON.stringify(fields)}\n`
        : `${Object.entries(fields)
            .map(([key, value]) => `${key} ${value}`)
            .join('  ')}\n`,
    )
  }
  return `${printed} entries`
}

function jsonOf({ records, ...batch }: DumpedBatch): unknown {
  if (records === null) return batch
  return {
    ...batch,
    records: records.map(record =>
      JSON.parse(recordToJson({ topic: '', partition: 0, ...record })),
    ),
  }
}

function renderBatch(batch: DumpedBatch): string {
  const flags = [
    batch.isTransactional ? 'transactional' : '',
    batch.isControl ? 'control' : '',
    batch.hasDeleteHorizon ? 'delete-horizon' : '',
    batch.timestampType === 'LogAppendTime' ? 'log-append-time' : '',
  ].filter(flag => flag !== '')
  const producer =
    batch.producerId < 0
      ? ''
      : `  producer ${batch.producerId} epoch ${batch.producerEpoch} sequence ${batch.baseSequence}`
  const head =
    `offsets ${batch.baseOffset}-${batch.lastOffset}  records ${batch.recordCount}  position ${batch.position}` +
    `  bytes ${batch.bytes}  epoch ${batch.leaderEpoch}  time ${batch.maxTimestamp}  codec ${batch.codec}` +
    `  crc ${batch.isCrcValid ? 'ok' : 'WRONG'}${producer}${flags.map(flag => `  ${flag}`).join('')}\n`
  const lines = (batch.records ?? []).map(record => {
    const key = record.key === null ? 'null' : preview(record.key)
    const value = record.value === null ? 'null' : preview(record.value)
    const headers = record.headers.map(({ key: name, value: text }) => `${name}=${text ?? 'null'}`)
    const tail = headers.length === 0 ? '' : `  headers ${sanitise(headers.join(','))}`
    return `  | offset ${record.offset}  time ${record.timestamp}  key ${key}  value ${value}${tail}\n`
  })
  return head + lines.join('')
}

function preview(bytes: Buffer): string {
  const text = sanitise(bytes.subarray(0, RECORD_PREVIEW_BYTES).toString('utf8'))
  return bytes.length > RECORD_PREVIEW_BYTES ? `${text}... (${bytes.length} bytes)` : text
}

function openFile(path: string): FileReader & { readonly descriptor: number } {
  try {
    const descriptor = openSync(path, 'r')
    const bytes = fstatSync(descriptor).size
    return {
      descriptor,
      bytes,
      read(position, length) {
        const target = Buffer.allocUnsafe(Math.max(0, Math.min(length, bytes - position)))
        let at = 0
        while (at < target.length) {
          const count = readSync(descriptor, target, at, target.length - at, position + at)
          if (count === 0) break
          at += count
        }
        return target.subarray(0, at)
      },
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    throw new CommandError(
      `cannot read ${path}: ${code === 'ENOENT' ? 'there is no such file' : code}`,
      error,
    )
  }
}
