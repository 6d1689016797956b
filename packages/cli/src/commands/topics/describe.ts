// weir topics describe
import { describeConfigs } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { findTopics } from '../../names.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { type Field, renderFields, renderTable } from '../../output/table.ts'

export const describeTopicsCommand = defineCommand({
  positionals: {
    topics: { type: 'string', array: true, demandOption: true, describe: 'Names of topics' },
  },
  options: { ...bootstrapOption, ...jsonOption },
  examples: [['$0 topics describe orders', 'its id, partitions, leaders and changed settings']],
  completePositional: ['topics'],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      const topics = await findTopics(cluster, args.topics)
      const described = await Promise.all(
        topics.map(async topic => {
          const configs = await describeConfigs(cluster, { type: 'topic', name: topic.name }).catch(
            () => ({ entries: [] }), // A broker without DescribeConfigs still has partitions to show.
          )
          const changed = configs.entries.filter(entry => entry.source === 'DYNAMIC_TOPIC_CONFIG')
          return {
            name: topic.name,
            topicId: topic.topicId,
            internal: topic.isInternal,
            replicationFactor: topic.partitions[0]?.replicas.length ?? 0,
            configs: Object.fromEntries(changed.map(entry => [entry.name, entry.value])),
            partitions: topic.partitions.map(partition => ({
              partition: partition.partitionIndex,
              leader: partition.leaderId,
              leaderEpoch: partition.leaderEpoch,
              replicas: partition.replicas,
              isr: partition.isr,
              offlineReplicas: partition.offlineReplicas,
            })),
          }
        }),
      )
      if (args.json) {
        printJson(io, described)
        return 0
      }
      for (const [index, topic] of described.entries()) {
        if (index > 0) void io.stdout.write('\n')
        const configs = Object.entries(topic.configs).map(([name, value]) => `${name}=${value}`)
        const fields: Field[] = [
          { name: 'Topic', value: topic.name, style: 'cyan' },
          { name: 'Id', value: topic.topicId },
          { name: 'Partitions', value: topic.partitions.length },
          { name: 'Replication factor', value: topic.replicationFactor },
          {
            name: 'Settings',
            value: configs.length === 0 ? 'all at their defaults' : configs.join(' '),
          },
        ]
        void io.stdout.write(renderFields(io.stdout, fields))
        void io.stdout.write('\n')
        void io.stdout.write(
          renderTable(
            io.stdout,
            [
              { title: 'PARTITION', cell: row => row.partition, align: 'right' },
              {
                title: 'LEADER',
                cell: row => (row.leader < 0 ? 'none' : row.leader),
                align: 'right',
              },
              { title: 'EPOCH', cell: row => row.leaderEpoch, align: 'right' },
              { title: 'REPLICAS', cell: row => row.replicas.join(',') },
              { title: 'IN-SYNC', cell: row => row.isr.join(',') },
            ],
            topic.partitions,
          ),
        )
      }
      return 0
    })
  },
})
