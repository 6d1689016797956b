// weir topics list
import { listTopics } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'

export const listTopicsCommand = defineCommand({
  positionals: {},
  options: {
    ...bootstrapOption,
    ...jsonOption,
    internal: { type: 'boolean', default: false, describe: 'Internal topics, too' },
    names: { type: 'boolean', default: false, describe: 'Print only names, one a line' },
  },
  examples: [
    ['$0 topics list', 'the topics with their partitions and replicas'],
    ['$0 topics list --names | xargs -n1 weir offsets', 'their names, for other commands'],
  ],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      const all = await listTopics(cluster)
      const topics = all.filter(topic => args.internal || !topic.isInternal)
      const rows = topics.map(topic => ({
        name: topic.name,
        topicId: topic.topicId,
        internal: topic.isInternal,
        partitions: topic.partitions.length,
        replicationFactor: topic.partitions[0]?.replicas.length ?? 0,
        underReplicated: topic.partitions.filter(p => p.isr.length < p.replicas.length).length,
      }))
      if (args.json) printJson(io, rows)
      else if (args.names) void io.stdout.write(rows.map(row => `${row.name}\n`).join(''))
      else if (rows.length === 0) {
        void io.stderr.write('There are no topics. Create one: weir topics create NAME\n')
      } else {
        void io.stdout.write(
          renderTable(
            io.stdout,
            [
              { title: 'TOPIC', cell: row => row.name },
              { title: 'PARTITIONS', cell: row => row.partitions, align: 'right' },
              { title: 'REPLICAS', cell: row => row.replicationFactor, align: 'right' },
              { title: 'UNDER-REPLICATED', cell: row => row.underReplicated, align: 'right' },
            ],
            rows,
          ),
        )
      }
      return 0
    })
  },
})
