// kafka-topics
import {
  ClientError,
  type Cluster,
  createPartitions,
  createTopics,
  deleteTopics,
  describeConfigs,
  describeTopicPartitions,
  listReassignments,
  listTopics,
  type OngoingReassignment,
  type TopicInfo,
} from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { javaClass, javaMessage } from './java-errors.ts'
import { requireOptions, ToolError, usageError } from './option-parser.ts'
import { isInternalTopic, type KafkaTool, namePattern, type ToolContext } from './tool.ts'

const LOGGER = 'org.apache.kafka.tools.TopicCommand'
const ACTIONS = ['create', 'list', 'alter', 'describe', 'delete'] as const

export const topicsTool: KafkaTool = {
  description: 'This tool helps to create, delete, describe, or change a topic.',
  options: {
    alter: { value: 'none', doc: 'Add partitions to topics.' },
    'at-min-isr-partitions': {
      value: 'none',
      doc: 'With --describe: only partitions with exactly min.insync.replicas in sync.',
    },
    'bootstrap-server': { value: 'required', doc: 'REQUIRED: the addresses to connect to.' },
    'command-config': { value: 'required', doc: 'A file of client settings.' },
    config: { value: 'required', repeats: true, doc: 'With --create: a setting, name=value.' },
    create: { value: 'none', doc: 'Create a topic.' },
    delete: { value: 'none', doc: 'Delete topics.' },
    'delete-config': { value: 'required', repeats: true, doc: 'Not supported since Kafka 4.0.' },
    describe: { value: 'none', doc: 'Show details of topics.' },
    'exclude-internal': {
      value: 'none',
      doc: 'Leave out internal topics when listing or describing.',
    },
    'if-exists': {
      value: 'none',
      doc: 'No error if the topic does not exist (alter, delete, describe).',
    },
    'if-not-exists': { value: 'none', doc: 'No error if the topic exists (create).' },
    list: { value: 'none', doc: 'List topics.' },
    'partition-size-limit-per-response': {
      value: 'required',
      doc: 'Partitions in one answer at most.',
    },
    partitions: {
      value: 'required',
      doc: 'Number of partitions of a topic that is created or altered.',
    },
    'replica-assignment': {
      value: 'required',
      doc: 'Broker ids: 1:2,2:3 is two partitions on two brokers each.',
    },
    'replication-factor': { value: 'required', doc: 'Replicas of each partition of a new topic.' },
    topic: { value: 'required', doc: 'Name, or except with --create a regular expression.' },
    'topic-id': { value: 'required', doc: 'With --describe: the id of a topic.' },
    'topics-with-overrides': {
      value: 'none',
      doc: 'With --describe: only topics with settings of their own.',
    },
    'unavailable-partitions': {
      value: 'none',
      doc: 'With --describe: only partitions without a leader.',
    },
    'under-min-isr-partitions': {
      value: 'none',
      doc: 'With --describe: only partitions below min.insync.replicas.',
    },
    'under-replicated-partitions': {
      value: 'none',
      doc: 'With --describe: only partitions with replicas out of sync.',
    },
  },
  async run(context) {
    const action = checkArguments(context)
    switch (action) {
      case 'create':
        return await create(context)
      case 'list':
        return await list(context)
      case 'alter':
        return await alter(context)
      case 'describe':
        return await describe(context)
      case 'delete':
        return await remove(context)
    }
  },
  fail(context, error) {
    const message = javaMessage(error)
    context.print(`Error while executing topic command : ${message}\n`)
    const name = error instanceof KafkaError ? javaClass(error.errorName) : 'java.lang.Exception'
    context.log('ERROR', `${name}: ${message}\n`, LOGGER)
    return 1
  },
}

/** IllegalArgumentException of the Java tool. */
function refused(context: ToolContext, message: string): ToolError {
  context.log('ERROR', `java.lang.IllegalArgumentException: ${message}\n`, LOGGER)
  return new ToolError(`Error while executing topic command : ${message}`, { stream: 'stdout' })
}

function checkArguments(context: ToolContext): (typeof ACTIONS)[number] {
  const { options } = context
  const [action, ...more] = ACTIONS.filter(name => options.has(name))
  if (action === undefined || more.length > 0) {
    throw usageError(
      'Command must include exactly one action: --list, --describe, --create, --alter or --delete',
    )
  }
  if (!options.has('bootstrap-server')) throw new ToolError('--bootstrap-server must be specified')
  if (action === 'create') requireOptions(options, 'topic')
  if (action === 'alter') {
    requireOptions(options, 'topic')
    if (options.has('config') || options.has('delete-config')) {
      throw usageError(
        'Option combination "[bootstrap-server],[config]" can\'t be used with option "[alter]" (the kafka-configs tool can be used instead)',
      )
    }
    if (!options.has('partitions')) requireOptions(options, 'partitions')
  }
  if (action === 'delete') requireOptions(options, 'topic')
  return action
}

async function create(context: ToolContext): Promise<number> {
  const { options, cluster } = context
  const name = options.value('topic') ?? ''
  if (/[._]/.test(name)) {
    context.print(
      "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best to use either, but not both.\n",
    )
  }
  const partitionCount = options.integer('partitions') ?? -1
  const replicationFactor = options.integer('replication-factor') ?? -1
  if (options.has('partitions') && partitionCount < 1) {
    throw refused(context, 'The partitions must be greater than 0')
  }
  const isInRange = replicationFactor >= 1 && replicationFactor <= 32_767
  if (options.has('replication-factor') && !isInRange) {
    throw refused(context, 'The replication factor must be between 1 and 32767 inclusive')
  }
  const assignment = options.value('replica-assignment')
  const configs = new Map(
    options.values('config').map(item => {
      const at = item.indexOf('=')
      if (at < 0) {
        throw refused(
          context,
          'requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".',
        )
      }
      return [item.slice(0, at).trim(), item.slice(at + 1).trim()] as const
    }),
  )
  const [outcome] = await createTopics(cluster, [
    {
      name,
      partitionCount,
      replicationFactor,
      configs,
      ...(assignment === undefined ? {} : { assignments: parseAssignments(assignment) }),
    },
  ])
  const error = outcome?.error ?? null
  if (error === null) context.print(`Created topic ${name}.\n`)
  else if (error.errorName !== 'TOPIC_ALREADY_EXISTS' || !options.has('if-not-exists')) throw error
  return 0
}

function parseAssignments(text: string): number[][] {
  return text.split(',').map(part => part.split(':').map(id => Number(id.trim())))
}

async function list(context: ToolContext): Promise<number> {
  const topics = await matchingTopics(context)
  context.print(topics.map(topic => `${topic.name}\n`).join(''))
  return 0
}

/** Topics that --topic matches, all without it. */
async function matchingTopics(context: ToolContext): Promise<TopicInfo[]> {
  const { options, cluster } = context
  const text = options.value('topic')
  const pattern = text === undefined ? null : namePattern(text)
  const topics = await listTopics(cluster)
  return topics.filter(({ name }) => {
    if (options.has('exclude-internal') && isInternalTopic(name)) return false
    return pattern === null || pattern.test(name)
  })
}

/** As `matchingTopics`; a refusal if there are none and that is not allowed. */
async function existingTopics(context: ToolContext): Promise<TopicInfo[]> {
  const topics = await matchingTopics(context)
  const name = context.options.value('topic')
  if (topics.length === 0 && name !== undefined && !context.options.has('if-exists')) {
    throw refused(context, `Topic '${name}' does not exist as expected`)
  }
  return topics
}

async function alter(context: ToolContext): Promise<number> {
  const { options, cluster } = context
  const topics = await existingTopics(context)
  if (topics.length === 0) return 0
  const partitionCount = options.integer('partitions') ?? 0
  const assignment = options.value('replica-assignment')
  const outcomes = await createPartitions(
    cluster,
    topics.map(topic => ({
      name: topic.name,
      partitionCount,
      ...(assignment === undefined
        ? {}
        : { assignments: parseAssignments(assignment).slice(topic.partitions.length) }),
    })),
  )
  for (const { error } of outcomes) if (error !== null) throw error
  return 0
}

async function remove(context: ToolContext): Promise<number> {
  const topics = await existingTopics(context)
  if (topics.length === 0) return 0
  const outcomes = await deleteTopics(
    context.cluster,
    topics.map(topic => topic.name),
  )
  for (const { error } of outcomes) if (error !== null) throw error
  return 0
}

const PARTITION_FILTERS = [
  'under-replicated-partitions',
  'unavailable-partitions',
  'under-min-isr-partitions',
  'at-min-isr-partitions',
] as const

async function describe(context: ToolContext): Promise<number> {
  const { options, cluster } = context
  const filters = PARTITION_FILTERS.filter(name => options.has(name))
  const showsTopics = filters.length === 0
  const showsPartitions = !options.has('topics-with-overrides')
  const topics = await topicsToDescribe(context)
  const details = await describeTopicPartitions(
    cluster,
    topics.map(topic => topic.name),
  )
  const moves = topics.length === 0 ? [] : await movesUnderWay(cluster)
  for (const topic of topics) {
    const needsConfigs = showsTopics || filters.some(filter => filter.includes('min-isr'))
    const configs = needsConfigs
      ? (await describeConfigs(cluster, { type: 'topic', name: topic.name })).entries
      : []
    const changed = configs.filter(entry => entry.source !== 'DEFAULT_CONFIG')
    if (showsTopics && (!options.has('topics-with-overrides') || changed.length > 0)) {
      const replicas = topic.partitions[0]?.replicas.length ?? 0
      const settings = changed.map(({ name, value }) => `${name}=${value ?? ''}`).join(',')
      context.print(
        `Topic: ${topic.name}\tTopicId: ${topic.topicId}\tPartitionCount: ${topic.partitions.length}\tReplicationFactor: ${replicas}\tConfigs: ${settings}\n`,
      )
    }
    if (!showsPartitions) continue
    const minIsr = Number(configs.find(entry => entry.name === 'min.insync.replicas')?.value ?? 1)
    for (const partition of topic.partitions) {
      const move = moves.find(
        each => each.topic === topic.name && each.partition === partition.partitionIndex,
      )
      // Replicas that are still being added are not missed.
      const replicaCount = partition.replicas.length - (move?.addingReplicas.length ?? 0)
      if (!isShown(partition, filters, { minIsr, replicaCount })) continue
      const detail = details?.get(topic.name)?.get(partition.partitionIndex)
      const leader = partition.leaderId < 0 ? 'none' : partition.leaderId
      const elr = details === null ? 'N/A' : (detail?.eligibleLeaderReplicas ?? []).join(',')
      const moving =
        move === undefined
          ? ''
          : `\tAdding Replicas: ${move.addingReplicas.join(',')}\tRemoving Replicas: ${move.removingReplicas.join(',')}`
      const lastElr = details === null ? 'N/A' : (detail?.lastKnownElr ?? []).join(',')
      context.print(
        `\tTopic: ${topic.name}\tPartition: ${partition.partitionIndex}\tLeader: ${leader}\tReplicas: ${partition.replicas.join(',')}\tIsr: ${partition.isr.join(',')}${moving}\tElr: ${elr}\tLastKnownElr: ${lastElr}\n`,
      )
    }
  }
  return 0
}

/** None where the broker does not tell: the rest can be described all the same. */
async function movesUnderWay(cluster: Cluster): Promise<readonly OngoingReassignment[]> {
  try {
    return await listReassignments(cluster)
  } catch (error) {
    const isUnsupported = error instanceof ClientError && error.kind === 'unsupported'
    if (isUnsupported || error instanceof KafkaError) return []
    throw error
  }
}

async function topicsToDescribe(context: ToolContext): Promise<TopicInfo[]> {
  const topicId = context.options.value('topic-id')
  if (topicId === undefined) return await existingTopics(context)
  const all = await listTopics(context.cluster)
  const topics = all.filter(topic => topic.topicId === topicId)
  if (topics.length === 0 && !context.options.has('if-exists')) {
    throw refused(context, `TopicId '${topicId}' does not exist as expected`)
  }
  return topics
}

function isShown(
  partition: TopicInfo['partitions'][number],
  filters: readonly (typeof PARTITION_FILTERS)[number][],
  { minIsr, replicaCount }: { readonly minIsr: number; readonly replicaCount: number },
): boolean {
  const inSync = partition.isr.length
  const holds = {
    'under-replicated-partitions': inSync < replicaCount,
    'unavailable-partitions': partition.leaderId < 0,
    'under-min-isr-partitions': inSync < minIsr,
    'at-min-isr-partitions': inSync === minIsr,
  }
  return filters.every(filter => holds[filter])
}
