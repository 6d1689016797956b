// weir quorum status
import { describeQuorum } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderFields, renderTable } from '../../output/table.ts'
import { formatTimestamp } from '../../values/duration.ts'

export const quorumStatusCommand = defineCommand({
  positionals: {},
  options: { ...bootstrapOption, ...jsonOption },
  examples: [
    ['$0 quorum status', 'who leads, who votes, who is behind'],
    ['$0 quorum status --json', 'the same for a program'],
  ],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      const quorum = await describeQuorum(cluster)
      if (args.json) {
        printJson(io, quorum)
        return 0
      }
      const { leaderId, leaderEpoch, highWatermark, replicas } = quorum
      void io.stdout.write(
        renderFields(io.stdout, [
          { name: 'Leader', value: leaderId < 0 ? 'none' : `node ${leaderId}` },
          { name: 'Epoch', value: leaderEpoch },
          { name: 'High watermark', value: highWatermark },
        ]),
      )
      void io.stdout.write('\n')
      void io.stdout.write(
        renderTable(
          io.stdout,
          [
            { title: 'NODE', cell: row => row.nodeId, align: 'right' },
            { title: 'ROLE', cell: row => row.role },
            { title: 'END', cell: row => row.logEndOffset, align: 'right' },
            { title: 'LAG', cell: row => row.lag, align: 'right' },
            { title: 'CAUGHT UP', cell: row => formatTimestamp(row.lastCaughtUpTimestamp) },
            { title: 'DIRECTORY', cell: row => row.directoryId },
          ],
          replicas,
        ),
      )
      return 0
    })
  },
})
