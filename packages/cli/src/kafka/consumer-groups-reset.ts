// kafka-consumer-groups --reset-offsets
import {
  type Cluster,
  type CommittedOffset,
  commitGroupOffsets,
  describeGroup,
  fetchGroupOffsets,
  listOffsets,
  OFFSET_EARLIEST,
  OFFSET_LATEST,
  partitionKey,
  type TopicPartition,
} from '@weir/client'
import { comparePartitions } from '../group-lag.ts'
import { parseIsoDurationMs } from '../values/duration.ts'
import { chosenGroups, splitTopic } from './group-names.ts'
import { ToolError, usageError } from './option-parser.ts'
import { left, readText, type ToolContext } from './tool.ts'

const SCENARIOS = [
  'to-current',
  'to-earliest',
  'to-offset',
  'shift-by',
  'from-file',
  'to-datetime',
  'by-duration',
  'to-latest',
]
const MIN_COLUMN = 15
const LOGGER = 'org.apache.kafka.tools.OffsetsUtils'

type Target = TopicPartition & { readonly offset: number }

export async function resetOffsets(context: ToolContext): Promise<number> {
  const { options, cluster } = context
  const scenarios = SCENARIOS.filter(name => options.has(name))
  const isImport = options.has('from-file')
  const hasScope = options.has('topic') || options.has('all-topics') || isImport
  const plans: { groupId: string; targets: Target[] }[] = []
  const groups = await chosenGroups(context)
  for (const groupId of groups) {
    const group = await describeGroup(cluster, groupId)
    const isInactive = group.error !== null || group.state === 'Empty' || group.state === 'Dead'
    if (!isInactive) {
      context.print(
        `\nError: Assignments can only be reset if the group '${groupId}' is inactive, but the current state is ${group.state}.\n`,
      )
      plans.push({ groupId, targets: [] })
      continue
    }
    if (!hasScope)
      throw usageError('One of the reset scopes should be defined: --all-topics, --topic.')
    const committed = await fetchGroupOffsets(cluster, groupId)
    const partitions = isImport
      ? parsePlan(readText(options.value('from-file') ?? ''), groupId)
      : await partitionsInScope(context, committed)
    if (scenarios.length !== 1) {
      throw usageError(
        `Option '[reset-offsets]' requires one of the following scenarios: [${SCENARIOS.map(name => `[${name}]`).join(', ')}]`,
      )
    }
    const targets = await planTargets(context, partitions, committed)
    if (options.has('execute')) await commit(context, groupId, targets)
    plans.push({ groupId, targets })
  }
  if (options.has('export')) context.print(`${exportCsv(plans)}\n`)
  else printPlans(context, plans)
  return 0
}

async function partitionsInScope(
  { options, cluster }: ToolContext,
  committed: readonly CommittedOffset[],
): Promise<TopicPartition[]> {
  if (options.has('all-topics')) return [...committed].sort(comparePartitions)
  const partitions: TopicPartition[] = []
  for (const text of options.values('topic')) {
    const [topic, numbers] = splitTopic(text)
    const all = (await cluster.topic(topic)).partitions.map(item => item.partitionIndex)
    for (const partition of numbers ?? all) partitions.push({ topic, partition })
  }
  return partitions
}

async function planTargets(
  context: ToolContext,
  partitions: readonly (TopicPartition & { offset?: number })[],
  committed: readonly CommittedOffset[],
): Promise<Target[]> {
  const { options, cluster } = context
  const current = new Map(committed.map(item => [partitionKey(item), item.offset]))
  const currentOf = ({ topic, partition }: TopicPartition): number | undefined =>
    current.get(partitionKey({ topic, partition }))
  if (options.has('to-earliest')) return await ask(cluster, partitions, OFFSET_EARLIEST)
  if (options.has('to-latest')) return await ask(cluster, partitions, OFFSET_LATEST)
  if (options.has('to-datetime')) {
    const timestamp = parseDateTime(options.value('to-datetime') ?? '')
    return await askByTime(context, partitions, timestamp)
  }
  if (options.has('by-duration')) {
    const durationMs = parseIsoDurationMs(options.value('by-duration') ?? '')
    if (durationMs === null) throw new ToolError('Text cannot be parsed to a Duration')
    return await askByTime(context, partitions, Date.now() - durationMs)
  }
  if (options.has('to-current')) {
    const ends = await ask(cluster, partitions, OFFSET_LATEST)
    return ends.map(end => ({ ...end, offset: currentOf(end) ?? end.offset }))
  }
  const shift = options.integer('shift-by')
  const wanted = partitions.map(item => {
    if (shift === undefined)
      return { ...item, offset: item.offset ?? options.integer('to-offset') ?? 0 }
    const offset = currentOf(item)
    if (offset === undefined) {
      throw new ToolError(
        `Cannot shift offset for partition ${item.topic}-${item.partition} since there is no current committed offset`,
      )
    }
    return { ...item, offset: offset + shift }
  })
  return await keepWithinLog(context, wanted)
}

/** Offsets outside of the log become its first or end offset, with a warning. */
async function keepWithinLog(context: ToolContext, wanted: readonly Target[]): Promise<Target[]> {
  const first = await ask(context.cluster, wanted, OFFSET_EARLIEST)
  const end = await ask(context.cluster, wanted, OFFSET_LATEST)
  return wanted.map((item, index) => {
    const earliest = first[index]?.offset ?? 0
    const latest = end[index]?.offset ?? 0
    const name = `${item.topic}-${item.partition}`
    if (item.offset > latest) {
      context.log(
        'WARN',
        `New offset (${item.offset}) is higher than latest offset for topic partition ${name}. Value will be set to ${latest}`,
        LOGGER,
      )
      return { ...item, offset: latest }
    }
    if (item.offset < earliest) {
      context.log(
        'WARN',
        `New offset (${item.offset}) is lower than earliest offset for topic partition ${name}. Value will be set to ${earliest}`,
        LOGGER,
      )
      return { ...item, offset: earliest }
    }
    return item
  })
}

async function askByTime(
  context: ToolContext,
  partitions: readonly TopicPartition[],
  timestamp: number,
): Promise<Target[]> {
  const found = await ask(context.cluster, partitions, timestamp)
  if (!found.some(item => item.offset < 0)) return found
  const ends = await ask(context.cluster, partitions, OFFSET_LATEST)
  return found.map((item, index) => {
    if (item.offset >= 0) return item
    context.print(
      `\nWarn: Partition ${item.partition} from topic ${item.topic} is empty. Falling back to latest known offset.\n`,
    )
    return { ...item, offset: ends[index]?.offset ?? 0 }
  })
}

async function ask(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  timestamp: number,
): Promise<Target[]> {
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }))
  return (await listOffsets(cluster, queries)).map(({ request, value, error }) => {
    if (value === null) throw error
    return { topic: request.topic, partition: request.partition, offset: value.offset }
  })
}

async function commit(
  context: ToolContext,
  groupId: string,
  targets: readonly Target[],
): Promise<void> {
  for (const { error } of await commitGroupOffsets(context.cluster, groupId, targets)) {
    if (error !== null) throw error
  }
}

function printPlans(
  context: ToolContext,
  plans: readonly { groupId: string; targets: readonly Target[] }[],
): void {
  const rows = plans.flatMap(({ groupId, targets }) =>
    targets.map(target => ({ groupId, ...target })),
  )
  const groupWidth = Math.max(MIN_COLUMN, ...rows.map(row => row.groupId.length))
  const topicWidth = Math.max(MIN_COLUMN, ...rows.map(row => row.topic.length))
  const line = (group: string, topic: string, partition: string, offset: string): string =>
    `${left(group, groupWidth)} ${left(topic, topicWidth)} ${left(partition, 10)} ${offset}\n`
  context.print(`\n${line('GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET')}`)
  for (const { groupId, topic, partition, offset } of rows) {
    context.print(line(groupId, topic, String(partition), String(offset)))
  }
}

function exportCsv(plans: readonly { groupId: string; targets: readonly Target[] }[]): string {
  const hasOneGroup = plans.length === 1
  return plans
    .flatMap(({ groupId, targets }) =>
      targets.map(({ topic, partition, offset }) =>
        [...(hasOneGroup ? [] : [groupId]), topic, partition, offset].join(','),
      ),
    )
    .map(line => `${line}\n`)
    .join('')
}

/** `topic,partition,offset`, or with the group in front for several groups. */
function parsePlan(text: string, groupId: string): Target[] {
  return text.split('\n').flatMap(line => {
    if (line.trim() === '') return []
    const cells = line.split(',').map(cell => cell.trim().replaceAll('"', ''))
    const [group, topic, partition, offset] = cells.length === 4 ? cells : [groupId, ...cells]
    if (topic === undefined || !/^\d+$/.test(partition ?? '') || !/^\d+$/.test(offset ?? '')) {
      throw new ToolError(`Invalid line in the CSV file: ${line}`)
    }
    if (group !== groupId) return []
    return [{ topic, partition: Number(partition), offset: Number(offset) }]
  })
}

/** `YYYY-MM-DDThh:mm:ss.sss`, with a zone or else in UTC, as the Java tool reads it. */
function parseDateTime(text: string): number {
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/.test(text)
  const value = Date.parse(hasZone ? text : `${text}Z`)
  if (Number.isNaN(value)) throw new ToolError(`Unparseable date: "${text}"`)
  return value
}
