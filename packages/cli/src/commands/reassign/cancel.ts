// weir reassign cancel: moves under way go back to where they came from.
import { alterReassignments } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { UsageError } from '../../errors.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { movesUnderWay } from '../../reassign/progress.ts'
import { selectedPartitions } from '../../reassign/selected-partitions.ts'

export const cancelReassignmentsCommand = defineCommand({
  positionals: {
    topics: {
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'none',
      describe: 'Topics, or TOPIC:PARTITIONS as in orders:0,3-5',
    },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    all: { type: 'boolean', default: false, describe: 'Everything that moves' },
  },
  examples: [
    ['$0 reassign cancel orders', 'its replicas stay where they were'],
    ['$0 reassign cancel --all', 'the same for everything that moves'],
  ],
  completePositional: ['topics'],
  async run({ io }, args) {
    if (args.all === args.topics.length > 0) {
      throw new UsageError('say which topics, or --all')
    }
    return await withCluster(io, args, async cluster => {
      const partitions = args.all ? null : await selectedPartitions(cluster, args.topics)
      const moves = await movesUnderWay(cluster, partitions)
      const outcomes =
        moves.length === 0
          ? []
          : await alterReassignments(
              cluster,
              moves.map(({ topic, partition }) => ({ topic, partition, replicas: null })),
            )
      // Done in the meantime: there is nothing to take back.
      const refused = outcomes.filter(
        ({ error }) => error !== null && error.errorName !== 'NO_REASSIGNMENT_IN_PROGRESS',
      )
      const cancelled = outcomes.filter(outcome => outcome.error === null)
      if (args.json) {
        printJson(
          io,
          cancelled.map(({ topic, partition }) => ({ topic, partition })),
        )
      } else if (cancelled.length === 0) void io.stderr.write('Nothing moves.\n')
      else {
        void io.stdout.write(
          cancelled.map(({ topic, partition }) => `Cancelled ${topic}-${partition}\n`).join(''),
        )
      }
      const [first] = refused
      if (first?.error != null) throw first.error
      return 0
    })
  },
})
