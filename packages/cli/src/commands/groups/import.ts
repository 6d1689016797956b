// weir groups import: commits exported offsets, as they were: leader epochs and metadata, too.
import {
  type Cluster,
  commitGroupOffsets,
  fetchGroupOffsets,
  listOffsets,
  OFFSET_EARLIEST,
  OFFSET_LATEST,
  partitionKey,
} from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { throwFirst, UsageError } from '../../errors.ts'
import { type ExportedGroup, parseGroupFile } from '../../group-file.ts'
import { refuseActiveGroup } from '../../group-lag.ts'
import { bootstrapOption, executeOption, jsonOption, NOTHING_CHANGED } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'
import { readText } from '../../read-text.ts'

interface Row {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Null if nothing is committed now. */
  readonly from: number | null
  readonly to: number
  readonly note: string
}

export const importGroupsCommand = defineCommand({
  positionals: {
    file: {
      type: 'string',
      demandOption: true,
      describe: "What 'weir groups export' wrote, JSON or CSV; - for standard input",
    },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    group: {
      type: 'string',
      describe: 'Commit for this group instead; the file has to have one only',
      requiresArg: true,
    },
    ...executeOption,
  },
  examples: [
    ['$0 groups import billing.json', 'show what would be committed'],
    ['$0 groups import billing.json --execute', 'do it'],
    ['$0 groups import billing.json --group billing-2 --execute', 'for another group'],
  ],
  async run({ io }, args) {
    const groups = renamed(parseGroupFile(readText(args.file)), args.group)
    return await withCluster(io, args, async cluster => {
      const rows: Row[] = []
      for (const each of groups) rows.push(...(await planOf(cluster, each)))
      if (args.execute) {
        // All groups are looked at before the first one is changed.
        for (const { group } of groups) await refuseActiveGroup(cluster, group)
        for (const each of groups) await commit(cluster, each)
      }
      if (args.json) printJson(io, rows)
      else {
        void io.stdout.write(renderTable(io.stdout, COLUMNS, rows))
        const hint = args.execute
          ? `Committed ${rows.length} offset${rows.length === 1 ? '' : 's'}.\n`
          : `${NOTHING_CHANGED}\n`
        void io.stderr.write(hint)
      }
      return 0
    })
  },
})

const COLUMNS = [
  { title: 'GROUP', cell: (row: Row) => row.group },
  { title: 'TOPIC', cell: (row: Row) => row.topic },
  { title: 'PARTITION', cell: (row: Row) => row.partition, align: 'right' as const },
  { title: 'FROM', cell: (row: Row) => row.from, align: 'right' as const },
  { title: 'TO', cell: (row: Row) => row.to, align: 'right' as const },
  { title: 'NOTE', cell: (row: Row) => row.note },
]

function renamed(groups: readonly ExportedGroup[], name: string | undefined): ExportedGroup[] {
  if (name === undefined) return [...groups]
  const [only, ...others] = groups
  if (only === undefined || others.length > 0) {
    throw new UsageError(`--group needs a file of one group, this one has ${groups.length}`)
  }
  return [{ ...only, group: name }]
}

/** Offsets outside of the log are committed as they are: consumers then follow auto.offset.reset. */
async function planOf(cluster: Cluster, { group, offsets }: ExportedGroup): Promise<Row[]> {
  const known = await fetchGroupOffsets(cluster, group)
  const committed = new Map(known.map(each => [partitionKey(each), each.offset]))
  const ask = (timestamp: number) =>
    listOffsets(
      cluster,
      offsets.map(({ topic, partition }) => ({ topic, partition, timestamp })),
    )
  const [first, end] = await Promise.all([ask(OFFSET_EARLIEST), ask(OFFSET_LATEST)])
  return offsets.map(({ topic, partition, offset }, index) => {
    const start = first[index]
    const error = start?.error ?? end[index]?.error ?? null
    if (error !== null) throw error
    const startOffset = start?.value?.offset ?? 0
    const endOffset = end[index]?.value?.offset ?? 0
    let note = ''
    if (offset < startOffset) note = `before the first record, ${startOffset}`
    if (offset > endOffset) note = `beyond the end, ${endOffset}`
    const from = committed.get(partitionKey({ topic, partition })) ?? null
    return { group, topic, partition, from, to: offset, note }
  })
}

async function commit(cluster: Cluster, { group, offsets }: ExportedGroup): Promise<void> {
  const outcomes = await commitGroupOffsets(cluster, group, offsets)
  throwFirst(outcomes)
}
