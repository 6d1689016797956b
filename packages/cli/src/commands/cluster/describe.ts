// weir cluster describe
import { describeCluster, formatAddress } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderFields, renderTable } from '../../output/table.ts'

export const describeClusterCommand = defineCommand({
  positionals: {},
  options: { ...bootstrapOption, ...jsonOption },
  examples: [['$0 cluster describe', 'who is in the cluster']],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      const described = await describeCluster(cluster)
      if (args.json) {
        printJson(io, described)
        return 0
      }
      const { clusterId, controllerId, brokers } = described
      void io.stdout.write(
        renderFields(io.stdout, [
          { name: 'Cluster', value: clusterId },
          { name: 'Controller', value: controllerId < 0 ? 'none' : `node ${controllerId}` },
          { name: 'Brokers', value: brokers.length },
        ]),
      )
      void io.stdout.write('\n')
      void io.stdout.write(
        renderTable(
          io.stdout,
          [
            { title: 'NODE', cell: row => row.nodeId, align: 'right' },
            { title: 'ADDRESS', cell: row => formatAddress(row) },
            { title: 'RACK', cell: row => row.rack },
            { title: 'STATE', cell: row => (row.isFenced ? 'fenced' : 'active') },
          ],
          brokers,
        ),
      )
      return 0
    })
  },
})
