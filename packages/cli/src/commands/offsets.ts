// weir offsets
import { listOffsets, OFFSET_EARLIEST, OFFSET_LATEST, OFFSET_MAX_TIMESTAMP } from '@weir/client'
import { defineCommand } from '../command.ts'
import { withCluster } from '../connect.ts'
import { throwFirst } from '../errors.ts'
import { bootstrapOption, jsonOption } from '../options.ts'
import { printJson } from '../output/json.ts'
import { renderTable } from '../output/table.ts'
import { selectedPartitions } from '../selected-partitions.ts'
import { formatTimestamp, parseDurationMs, parseTimestampMs } from '../values/duration.ts'
import { parseTopicSelection } from '../values/key-values.ts'

interface Row {
  readonly topic: string
  readonly partition: number
  readonly first: number | null
  readonly end: number | null
  readonly atTime?: number | null
}

export const offsetsCommand = defineCommand({
  positionals: {
    topics: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Topics, or TOPIC:PARTITIONS as in orders:0,3-5',
    },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    at: {
      type: 'string',
      describe:
        'Also the offset of the first record at or after this time, or "max" for the newest',
      requiresArg: true,
    },
    ago: {
      type: 'string',
      describe: 'The same, this long before now: 30m, 2h, 7d',
      conflicts: 'at',
      requiresArg: true,
    },
  },
  examples: [
    ['$0 offsets orders', 'first and end offset of every partition, and how many lie between'],
    ['$0 offsets orders:0,1 --at 2026-01-31T12:00', 'where that time begins'],
  ],
  completePositional: ['topics'],
  async run({ io }, args) {
    const time = timeOf(args)
    const selections = args.topics.map(parseTopicSelection)
    return await withCluster(io, args, async cluster => {
      const partitions = await selectedPartitions(cluster, selections)
      const ask = (timestamp: number) =>
        listOffsets(
          cluster,
          partitions.map(item => ({ ...item, timestamp })),
        )
      const [first, end, atTime] = await Promise.all([
        ask(OFFSET_EARLIEST),
        ask(OFFSET_LATEST),
        time === null ? null : ask(time),
      ])
      throwFirst([first, end, atTime ?? []].flat())
      const rows = partitions.map((item, index): Row => {
        const found = atTime?.[index]?.value ?? null
        return {
          ...item,
          first: first[index]?.value?.offset ?? null,
          end: end[index]?.value?.offset ?? null,
          ...(atTime === null
            ? {}
            : { atTime: found === null || found.offset < 0 ? null : found.offset }),
        }
      })
      if (args.json) {
        printJson(io, rows)
        return 0
      }
      const atTitle =
        time === OFFSET_MAX_TIMESTAMP || time === null ? 'NEWEST' : formatTimestamp(time)
      void io.stdout.write(
        renderTable(
          io.stdout,
          [
            { title: 'TOPIC', cell: row => row.topic },
            { title: 'PARTITION', cell: row => row.partition, align: 'right' },
            { title: 'FIRST', cell: row => row.first, align: 'right' },
            { title: 'END', cell: row => row.end, align: 'right' },
            {
              title: 'BETWEEN',
              cell: row => (row.end === null || row.first === null ? null : row.end - row.first),
              align: 'right',
            },
            ...(time === null
              ? []
              : [{ title: atTitle, cell: (row: Row) => row.atTime, align: 'right' as const }]),
          ],
          rows,
        ),
      )
      return 0
    })
  },
})

function timeOf(args: { at?: string | undefined; ago?: string | undefined }): number | null {
  if (args.at === 'max') return OFFSET_MAX_TIMESTAMP
  if (args.at !== undefined) return parseTimestampMs(args.at)
  if (args.ago !== undefined) return Date.now() - parseDurationMs(args.ago)
  return null
}
