// weir reassign move: shows where replicas would go, and moves them with --execute.
import { alterReassignments, type Cluster, describeCluster, type TopicInfo } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { CommandError, throwFirst, UsageError } from '../../errors.ts'
import { findTopics } from '../../names.ts'
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
import {
  addedBy,
  movesBetween,
  type PlannedMove,
  parsePlan,
  planDocument,
  removedBy,
} from '../../reassign/reassignment-plan.ts'
import { setThrottle } from '../../reassign/throttle.ts'
import { checkInteger, parseNumbers, parseTopicSelection } from '../../values/key-values.ts'
import {
  type PlacedPartition,
  type PlacementBroker,
  placeReplicas,
} from '../../values/replica-placement.ts'
import { parseBytes } from '../../values/size.ts'

const MAX_REPLICAS = 32_767

export const moveReplicasCommand = defineCommand({
  positionals: topicsPositional,
  options: {
    ...bootstrapOption,
    ...jsonOption,
    to: {
      type: 'string',
      describe: 'Ids of the brokers that shall have the replicas, as in 1,2,5-7',
      defaultDescription: 'all brokers',
      requiresArg: true,
    },
    replicas: {
      alias: 'r',
      type: 'number',
      describe: 'How many replicas each partition gets',
      defaultDescription: 'as many as it has',
    },
    plan: {
      type: 'string',
      describe:
        'A file with a plan instead, as --json prints it and Kafka takes it; - is the input',
      conflicts: ['to', 'replicas'],
      requiresArg: true,
    },
    throttle: {
      type: 'string',
      describe: 'Copy at most this much a second on each broker, as in 50MB',
      defaultDescription: 'no limit',
      requiresArg: true,
    },
    ...executeOption,
  },
  examples: [
    ['$0 reassign move orders', 'show the plan: spread over all brokers and racks'],
    ['$0 reassign move orders --to 2-4 --throttle 50MB --execute', 'do it, slowly'],
    ['$0 reassign move orders --replicas 3 --execute', 'more replicas of each partition'],
    ['$0 reassign move orders --json > plan.json', 'keep the plan, change it,'],
    ['$0 reassign move --plan plan.json --execute', 'and do that'],
  ],
  completePositional: ['topics'],
  async run({ io }, args) {
    const replicationFactor =
      checkInteger(args.replicas, '--replicas', { min: 1, max: MAX_REPLICAS }) ?? null
    const brokerIds = args.to === undefined ? null : parseNumbers(args.to, 'brokers')
    const bytesPerSecond =
      args.throttle === undefined ? null : parseBytes(args.throttle, '--throttle')
    if (args.plan === undefined && args.topics.length === 0) {
      throw new UsageError('say which topics to move, or --plan FILE')
    }
    if (args.plan !== undefined && args.topics.length > 0) {
      throw new UsageError('--plan already says what to move')
    }
    return await withCluster(io, args, async cluster => {
      const planned =
        args.plan === undefined
          ? await planTopics(cluster, { texts: args.topics, brokerIds, replicationFactor })
          : await readPlan(cluster, args.plan)
      const moves = movesBetween(planned.current, planned.wanted)
      if (args.execute && moves.length > 0) {
        if (bytesPerSecond !== null) await setThrottle(cluster, moves, bytesPerSecond)
        await start(cluster, moves)
      }
      if (args.json) printJson(io, planDocument(planned.wanted))
      else if (moves.length > 0) void io.stdout.write(renderTable(io.stdout, COLUMNS, moves))
      void io.stderr.write(`${hint(moves, args.execute)}\n`)
      return 0
    })
  },
})

const COLUMNS = [
  { title: 'TOPIC', cell: (row: PlannedMove) => row.topic },
  { title: 'PARTITION', cell: (row: PlannedMove) => row.partition, align: 'right' as const },
  { title: 'FROM', cell: (row: PlannedMove) => row.from.join(',') },
  { title: 'TO', cell: (row: PlannedMove) => row.to.join(',') },
  { title: 'ADDS', cell: (row: PlannedMove) => addedBy(row).join(',') },
  { title: 'REMOVES', cell: (row: PlannedMove) => removedBy(row).join(',') },
]

function hint(moves: readonly PlannedMove[], isExecuted: boolean): string {
  if (moves.length === 0) return 'Everything is there already.'
  if (!isExecuted) return NOTHING_CHANGED
  const what = moves.length === 1 ? '1 partition moves' : `${moves.length} partitions move`
  return `${what}: 'weir reassign verify' tells when it is done, and takes a throttle away then.`
}

interface Planned {
  readonly current: readonly PlacedPartition[]
  readonly wanted: readonly PlacedPartition[]
}

interface Wish {
  readonly texts: readonly string[]
  readonly brokerIds: readonly number[] | null
  readonly replicationFactor: number | null
}

async function planTopics(cluster: Cluster, wish: Wish): Promise<Planned> {
  const { texts, brokerIds, replicationFactor } = wish
  const selections = texts.map(parseTopicSelection)
  const topics = await findTopics(
    cluster,
    selections.map(selection => selection.topic),
  )
  const current = topics.flatMap((topic, index) => {
    const chosen = selections[index]?.partitions ?? null
    return placesOf(topic).filter(({ partition }) => chosen?.includes(partition) ?? true)
  })
  const brokers = await chooseBrokers(cluster, brokerIds)
  const most = Math.max(0, ...current.map(place => replicationFactor ?? place.replicas.length))
  if (most > brokers.length) {
    throw new CommandError(
      `${most} replicas need as many brokers, and there are ${brokers.length} to choose from`,
    )
  }
  return { current, wanted: placeReplicas(current, { brokers, replicationFactor }) }
}

async function chooseBrokers(
  cluster: Cluster,
  brokerIds: readonly number[] | null,
): Promise<readonly PlacementBroker[]> {
  const { brokers } = await describeCluster(cluster)
  if (brokerIds === null) return brokers.filter(broker => !broker.isFenced)
  return brokerIds.map(nodeId => {
    const broker = brokers.find(candidate => candidate.nodeId === nodeId)
    const reason = broker === undefined ? 'is not in the cluster' : 'is fenced: it does not answer'
    if (broker === undefined || broker.isFenced) {
      throw new CommandError(`broker ${nodeId} ${reason} (see 'weir cluster describe')`)
    }
    return broker
  })
}

async function readPlan(cluster: Cluster, path: string): Promise<Planned> {
  const wanted = parsePlan(readText(path))
  const names = [...new Set(wanted.map(place => place.topic))]
  const topics = await findTopics(cluster, names)
  return { current: topics.flatMap(placesOf), wanted }
}

function placesOf(topic: TopicInfo): PlacedPartition[] {
  return topic.partitions.map(({ partitionIndex, replicas }) => {
    return { topic: topic.name, partition: partitionIndex, replicas }
  })
}

async function start(cluster: Cluster, moves: readonly PlannedMove[]): Promise<void> {
  const outcomes = await alterReassignments(
    cluster,
    moves.map(({ topic, partition, to }) => ({ topic, partition, replicas: to })),
  )
  throwFirst(outcomes)
}
