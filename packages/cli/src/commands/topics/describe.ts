// weir topics describe
import {
  type Cluster,
  describeConfigs,
  describeTopicPartitions,
  type PartitionInfo,
  type TopicInfo,
} from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { UsageError } from '../../errors.ts'
import type { CliIo } from '../../io.ts'
import { findTopics } from '../../names.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { type Column, renderFields, renderTable } from '../../output/table.ts'
import {
  HEALTH_FILTERS,
  type HealthFilter,
  type PartitionHealth,
  partitionsInNeed,
} from '../../topic-health.ts'

export const describeTopicsCommand = defineCommand({
  positionals: {
    topics: {
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'all, with one of the options below',
      describe: 'Names of topics',
    },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    'under-replicated': {
      type: 'boolean',
      default: false,
      describe: 'Only partitions with a replica that is not in sync',
    },
    offline: { type: 'boolean', default: false, describe: 'Only partitions without a leader' },
    'under-min-isr': {
      type: 'boolean',
      default: false,
      describe: 'Only partitions that refuse acks=all: too few replicas in sync',
    },
    'at-min-isr': {
      type: 'boolean',
      default: false,
      describe: 'Only partitions that would refuse it with one replica less',
    },
  },
  examples: [
    ['$0 topics describe orders', 'its id, partitions, leaders and changed settings'],
    ['$0 topics describe --under-replicated', 'of all topics, what is not in order'],
    ['$0 topics describe --offline --under-min-isr --json', 'the worst, for a program'],
  ],
  completePositional: ['topics'],
  async run({ io }, args) {
    const filters = HEALTH_FILTERS.filter(filter => args[filter])
    if (args.topics.length === 0 && filters.length === 0) {
      throw new UsageError(
        'say which topics, or --under-replicated, --offline, --under-min-isr or --at-min-isr',
      )
    }
    return await withCluster(io, args, async cluster => {
      const topics = args.topics.length === 0 ? null : await findTopics(cluster, args.topics)
      if (filters.length > 0) await describeNeed(io, cluster, { args, topics, filters })
      else await describeAll(io, cluster, { args, topics: topics ?? [] })
      return 0
    })
  },
})

const PARTITION_COLUMNS: readonly Column<PartitionInfo>[] = [
  { title: 'PARTITION', cell: row => row.partitionIndex, align: 'right' },
  { title: 'LEADER', cell: row => (row.leaderId < 0 ? 'none' : row.leaderId), align: 'right' },
  { title: 'EPOCH', cell: row => row.leaderEpoch, align: 'right' },
  { title: 'REPLICAS', cell: row => row.replicas.join(',') },
  { title: 'IN-SYNC', cell: row => row.isr.join(',') },
]

const NEED_COLUMNS: readonly Column<PartitionHealth>[] = [
  { title: 'TOPIC', cell: row => row.topic },
  ...PARTITION_COLUMNS,
  { title: 'OFFLINE', cell: row => row.offlineReplicas.join(',') },
  { title: 'MIN-ISR', cell: row => row.minIsr, align: 'right' },
]

async function describeNeed(
  io: CliIo,
  cluster: Cluster,
  options: {
    readonly args: { readonly json: boolean }
    readonly topics: readonly TopicInfo[] | null
    readonly filters: readonly HealthFilter[]
  },
): Promise<void> {
  const names = options.topics?.map(topic => topic.name) ?? null
  const partitions = await partitionsInNeed(cluster, names, options.filters)
  if (options.args.json) {
    printJson(
      io,
      partitions.map(partition => ({
        topic: partition.topic,
        ...partitionJson(partition),
        minIsr: partition.minIsr,
      })),
    )
  } else if (partitions.length === 0) {
    void io.stderr.write(`No partition is ${options.filters.join(' or ')}.\n`)
  } else {
    void io.stdout.write(renderTable(io.stdout, NEED_COLUMNS, partitions))
  }
}

async function describeAll(
  io: CliIo,
  cluster: Cluster,
  { args, topics }: { args: { readonly json: boolean }; topics: readonly TopicInfo[] },
): Promise<void> {
  const described = await Promise.all(
    topics.map(async topic => ({ topic, configs: await changedSettings(cluster, topic.name) })),
  )
  if (args.json) {
    const names = topics.map(topic => topic.name)
    const eligible = await describeTopicPartitions(cluster, names)
    printJson(
      io,
      described.map(({ topic, configs }) => ({
        name: topic.name,
        topicId: topic.topicId,
        internal: topic.isInternal,
        replicationFactor: topic.partitions[0]?.replicas.length ?? 0,
        configs: Object.fromEntries(configs),
        partitions: topic.partitions.map(partition => ({
          ...partitionJson(partition),
          eligibleLeaderReplicas:
            eligible?.get(topic.name)?.get(partition.partitionIndex)?.eligibleLeaderReplicas ??
            null,
        })),
      })),
    )
    return
  }
  for (const [index, { topic, configs }] of described.entries()) {
    if (index > 0) void io.stdout.write('\n')
    const settings = configs.map(([name, value]) => `${name}=${value}`)
    void io.stdout.write(
      renderFields(io.stdout, [
        { name: 'Topic', value: topic.name, style: 'cyan' },
        { name: 'Id', value: topic.topicId },
        { name: 'Partitions', value: topic.partitions.length },
        { name: 'Replication factor', value: topic.partitions[0]?.replicas.length ?? 0 },
        {
          name: 'Settings',
          value: settings.length === 0 ? 'all at their defaults' : settings.join(' '),
        },
      ]),
    )
    void io.stdout.write('\n')
    void io.stdout.write(renderTable(io.stdout, PARTITION_COLUMNS, topic.partitions))
  }
}

async function changedSettings(
  cluster: Cluster,
  name: string,
): Promise<readonly (readonly [string, string | null])[]> {
  const { entries, error } = await describeConfigs(cluster, { type: 'topic', name })
  if (error !== null) throw error
  return entries
    .filter(entry => entry.source === 'DYNAMIC_TOPIC_CONFIG')
    .map(entry => [entry.name, entry.value])
}

function partitionJson(partition: PartitionInfo) {
  return {
    partition: partition.partitionIndex,
    leader: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicas,
    isr: partition.isr,
    offlineReplicas: partition.offlineReplicas,
  }
}
