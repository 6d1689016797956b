// weir groups reset-offsets: shows where the offsets would go, and moves them with --execute.
import {
  type Cluster,
  commitGroupOffsets,
  fetchGroupOffsets,
  type TopicPartition,
} from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { CommandError, throwFirst, UsageError } from '../../errors.ts'
import { comparePartitions, refuseActiveGroup } from '../../group-lag.ts'
import {
  bootstrapOption,
  executeOption,
  jsonOption,
  NOTHING_CHANGED,
  topicsPositional,
} from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'
import { readText } from '../../read-text.ts'
import { selectedPartitions } from '../../selected-partitions.ts'
import { parseTopicSelection } from '../../values/key-values.ts'
import {
  type OffsetMove,
  parseOffsetCsv,
  planOffsets,
  type ResetTarget,
} from '../../values/offset-plan.ts'
import { parseStart } from '../../values/read-range.ts'

export const resetOffsetsCommand = defineCommand({
  positionals: {
    group: { type: 'string', demandOption: true, describe: 'Name of the group' },
    topics: {
      ...topicsPositional.topics,
      describe: 'Topics, or TOPIC:PARTITIONS as in orders:0,3-5; without any: all it has committed',
    },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    to: {
      type: 'string',
      describe: 'earliest, latest, current, an offset, a time, or a duration ago',
      requiresArg: true,
    },
    shift: {
      type: 'number',
      describe: 'Move by this many records, back if negative',
      conflicts: ['to', 'file'],
      requiresArg: true,
    },
    file: {
      type: 'string',
      describe: 'A file of lines TOPIC,PARTITION,OFFSET',
      conflicts: ['to', 'shift'],
      requiresArg: true,
    },
    ...executeOption,
  },
  examples: [
    ['$0 groups reset-offsets billing orders --to earliest', 'show the plan: everything again'],
    ['$0 groups reset-offsets billing orders --to earliest --execute', 'do it'],
    ['$0 groups reset-offsets billing orders:0 --shift -100 --execute', 'the last hundred again'],
    ['$0 groups reset-offsets billing --to 2h --execute', 'the last two hours of all its topics'],
  ],
  completePositional: ['groups', 'topics'],
  async run({ io }, args) {
    const target = targetOf(args)
    const selections = args.topics.map(parseTopicSelection)
    return await withCluster(io, args, async cluster => {
      if (args.execute) await refuseActiveGroup(cluster, args.group)
      const committed = await fetchGroupOffsets(cluster, args.group)
      let partitions: TopicPartition[] = committed
      if (target.kind === 'file') partitions = [...target.offsets]
      if (selections.length > 0) partitions = await selectedPartitions(cluster, selections)
      if (partitions.length === 0) {
        throw new CommandError(
          `group '${args.group}' has committed nothing yet: name the topics to reset`,
        )
      }
      partitions.sort(comparePartitions)
      const plan = await planOffsets(cluster, partitions, { target, committed })
      if (args.execute) await execute(cluster, args.group, plan)
      if (args.json) printJson(io, plan)
      else {
        void io.stdout.write(renderTable(io.stdout, COLUMNS, plan))
        const hint = args.execute
          ? `Moved ${plan.length} offset${plan.length === 1 ? '' : 's'}.\n`
          : `${NOTHING_CHANGED}\n`
        void io.stderr.write(hint)
      }
      return 0
    })
  },
})

const COLUMNS = [
  { title: 'TOPIC', cell: (row: OffsetMove) => row.topic },
  { title: 'PARTITION', cell: (row: OffsetMove) => row.partition, align: 'right' as const },
  { title: 'FROM', cell: (row: OffsetMove) => row.from, align: 'right' as const },
  { title: 'TO', cell: (row: OffsetMove) => row.to, align: 'right' as const },
  { title: 'NOTE', cell: (row: OffsetMove) => row.note },
]

function targetOf(args: {
  to?: string | undefined
  shift?: number | undefined
  file?: string | undefined
}): ResetTarget {
  if (args.shift !== undefined) {
    if (!Number.isSafeInteger(args.shift)) throw new UsageError('--shift takes a whole number')
    return { kind: 'shift', by: args.shift }
  }
  if (args.file !== undefined) {
    return { kind: 'file', offsets: parseOffsetCsv(readText(args.file)) }
  }
  if (args.to === undefined) {
    throw new UsageError('say where to: --to earliest, --to latest, --shift -10 or --file PLAN')
  }
  return args.to === 'current' ? { kind: 'current' } : { kind: 'start', start: parseStart(args.to) }
}

async function execute(
  cluster: Cluster,
  groupId: string,
  plan: readonly OffsetMove[],
): Promise<void> {
  const outcomes = await commitGroupOffsets(
    cluster,
    groupId,
    plan.map(({ topic, partition, to }) => ({ topic, partition, offset: to })),
  )
  throwFirst(outcomes)
}
