// weir reassign cancel: moves under way go back to where they came from.
import { alterReassignments } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { throwFirst } from '../../errors.ts'
import { bootstrapOption, jsonOption, topicsPositional } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { movesUnderWay } from '../../reassign/progress.ts'
import { selectedPartitions, topicsOrAll } from '../../selected-partitions.ts'

export const cancelReassignmentsCommand = defineCommand({
  positionals: topicsPositional,
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
    const selections = topicsOrAll(args)
    return await withCluster(io, args, async cluster => {
      const partitions = selections && (await selectedPartitions(cluster, selections))
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
      throwFirst(refused)
      return 0
    })
  },
})
