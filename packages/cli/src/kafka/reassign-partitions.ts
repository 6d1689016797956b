// kafka-reassign-partitions
import { type Cluster, describeCluster, listReassignments, listTopics } from '@weir/client'
import { parsePlaces } from '../reassign/reassignment-plan.ts'
import { type PlacedPartition, placeReplicas } from '../values/replica-placement.ts'
import { javaException } from './java-errors.ts'
import { type ParsedOptions, requireOptions, ToolError, usageError } from './option-parser.ts'
import {
  type Assignment,
  assignmentDocument,
  cancelAssignment,
  executeAssignment,
  verifyAssignment,
} from './reassign-actions.ts'
import { failure } from './reassign-failure.ts'
import { logDirTargets } from './reassign-log-dirs.ts'
import { type KafkaTool, parseIds, readText, type ToolContext } from './tool.ts'

const ACTIONS = ['generate', 'execute', 'verify', 'cancel', 'list'] as const

export const reassignPartitionsTool: KafkaTool = {
  description: 'This tool helps to move topic partitions between replicas.',
  options: {
    additional: { value: 'none', doc: 'Beside moves that are under way; changes a throttle, too.' },
    'bootstrap-controller': { value: 'required', doc: 'The addresses of controllers instead.' },
    'bootstrap-server': { value: 'required', doc: 'The addresses of brokers to connect to.' },
    'broker-list': { value: 'required', doc: 'Ids of brokers with commas, for --generate.' },
    cancel: { value: 'none', doc: 'Take moves back.' },
    'command-config': { value: 'required', doc: 'A file of client settings.' },
    'disable-rack-aware': { value: 'none', doc: 'With --generate: racks do not matter.' },
    'disallow-replication-factor-change': {
      value: 'none',
      doc: 'Refuse a plan that changes the number of replicas.',
    },
    execute: { value: 'none', doc: 'Start the moves of --reassignment-json-file.' },
    generate: { value: 'none', doc: 'Make a plan and print it.' },
    list: { value: 'none', doc: 'Moves under way.' },
    'preserve-throttles': { value: 'none', doc: 'Leave throttles as they are.' },
    'reassignment-json-file': { value: 'required', doc: 'The file with the plan.' },
    'replica-alter-log-dirs-throttle': {
      value: 'required',
      doc: 'Bytes a second between directories of a broker.',
    },
    throttle: { value: 'required', doc: 'Bytes a second between brokers.' },
    timeout: { value: 'required', doc: 'Milliseconds to wait for moves between directories.' },
    'topics-to-move-json-file': {
      value: 'required',
      doc: 'For --generate: a file {"version":1,"topics":[{"topic":"t"}]}.',
    },
    verify: { value: 'none', doc: 'Tell whether the plan is done, and remove throttles then.' },
  },
  async run(context) {
    const { options } = context
    const action = checkArguments(options)
    switch (action) {
      case 'generate':
        return await generate(context)
      case 'execute':
        return await executeAssignment(context, planOf(options))
      case 'verify':
        return await verifyAssignment(context, planOf(options))
      case 'cancel':
        return await cancelAssignment(context, planOf(options))
      case 'list':
        return await list(context)
    }
  },
  fail(context, error) {
    const text = javaException(error)
    context.print(
      `Error: ${text}\njava.util.concurrent.ExecutionException: ${text}\nCaused by: ${text}\n\n`,
    )
    return 1
  },
}

/** What an action has to have besides itself. */
const REQUIRED: Readonly<Record<(typeof ACTIONS)[number], readonly string[]>> = {
  generate: ['broker-list', 'topics-to-move-json-file'],
  execute: ['reassignment-json-file'],
  verify: ['reassignment-json-file'],
  cancel: ['reassignment-json-file'],
  list: [],
}

function checkArguments(options: ParsedOptions): (typeof ACTIONS)[number] {
  const [action, ...more] = ACTIONS.filter(name => options.has(name))
  if (action === undefined || more.length > 0) {
    const names = ACTIONS.map(name => `--${name}`).join(', ')
    throw usageError(`Command must include exactly one action: ${names}`)
  }
  if (!options.has('bootstrap-server') && !options.has('bootstrap-controller')) {
    throw usageError('Please specify either --bootstrap-server or --bootstrap-controller')
  }
  requireOptions(options, ...REQUIRED[action])
  return action
}

function planOf(options: ParsedOptions): Assignment {
  const text = readText(options.value('reassignment-json-file') ?? '')
  let places: PlacedPartition[]
  try {
    places = parsePlaces(text)
  } catch (error) {
    throw failure(error instanceof Error ? error.message : String(error))
  }
  const names = places.map(({ topic, partition }) => `${topic}-${partition}`)
  const twice = repeated(names)
  if (twice.length > 0) {
    throw failure(`Partition reassignment contains duplicate topic partitions: ${twice.join(',')}`)
  }
  for (const [index, { replicas }] of places.entries()) {
    const again = repeated(replicas)
    if (again.length === 0) continue
    throw failure(
      `Partition replica lists may not contain duplicate entries: ${names[index]} contains multiple entries for ${again.join(',')}`,
    )
  }
  return { plan: places, logDirs: logDirTargets(text) }
}

function repeated<T>(items: readonly T[]): T[] {
  return [...new Set(items.filter((item, index) => items.indexOf(item) !== index))]
}

async function generate(context: ToolContext): Promise<number> {
  const { options, cluster } = context
  const names = topicNames(readText(options.value('topics-to-move-json-file') ?? ''))
  const brokerIds = parseIds(options.value('broker-list') ?? '')
  const twice = brokerIds.filter((nodeId, index) => brokerIds.indexOf(nodeId) !== index)
  if (twice.length > 0) {
    throw failure(`Broker list contains duplicate entries: [${twice.join(', ')}]`)
  }
  const current = await partitionsOf(cluster, names)
  const { brokers } = await describeCluster(cluster)
  const chosen = brokers
    .filter(broker => !broker.isFenced && brokerIds.includes(broker.nodeId))
    .map(({ nodeId, rack }) => ({
      nodeId,
      rack: options.has('disable-rack-aware') ? null : rack,
    }))
  const most = Math.max(0, ...current.map(place => place.replicas.length))
  if (most > chosen.length) {
    throw failure(
      `The target replication factor of ${most} cannot be reached because only ${chosen.length} broker(s) are registered or some brokers have all their log directories cordoned.`,
    )
  }
  const proposed = placeReplicas(current, { brokers: chosen, replicationFactor: null })
  const now = JSON.stringify(await assignmentDocument(cluster, current))
  context.print(`Current partition replica assignment\n${now}\n\n`)
  const anywhere = proposed.map(place => ({ ...place, log_dirs: place.replicas.map(() => 'any') }))
  context.print(
    `Proposed partition reassignment configuration\n${JSON.stringify({ version: 1, partitions: anywhere })}\n`,
  )
  return 0
}

function topicNames(text: string): string[] {
  let document: { topics?: unknown }
  try {
    document = JSON.parse(text) as { topics?: unknown }
  } catch (error) {
    throw new ToolError('Error: The input string is not a valid JSON', { cause: error })
  }
  const topics: readonly unknown[] = Array.isArray(document.topics) ? document.topics : []
  return topics.flatMap(item => {
    const { topic } = (item ?? {}) as { topic?: unknown }
    return typeof topic === 'string' ? topic : []
  })
}

async function partitionsOf(
  cluster: Cluster,
  names: readonly string[],
): Promise<PlacedPartition[]> {
  const topics = await listTopics(cluster)
  const missing = names.find(name => !topics.some(topic => topic.name === name))
  if (missing !== undefined) throw failure(`Topic ${missing} not found.`)
  return topics
    .filter(topic => names.includes(topic.name))
    .flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, replicas }) => {
        return { topic: name, partition: partitionIndex, replicas }
      }),
    )
}

async function list(context: ToolContext): Promise<number> {
  const moves = await listReassignments(context.cluster)
  if (moves.length === 0) {
    context.print('No partition reassignments found.\n')
    return 0
  }
  moves.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition))
  context.print('Current partition reassignments:\n')
  for (const { topic, partition, replicas, addingReplicas, removingReplicas } of moves) {
    const adding = addingReplicas.length === 0 ? '' : ` adding: ${addingReplicas.join(',')}.`
    const removing =
      removingReplicas.length === 0 ? '' : ` removing: ${removingReplicas.join(',')}.`
    context.print(`${topic}-${partition}: replicas: ${replicas.join(',')}.${adding}${removing}\n`)
  }
  return 0
}
