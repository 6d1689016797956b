// kafka-consumer-groups --describe: offsets, members, state.
import {
  type DescribedGroup,
  describeGroup,
  type GroupMember,
  type TopicPartition,
} from '@weir/client'
import { comparePartitions, groupLag, type PartitionLag } from '../group-lag.ts'
import { chosenGroups } from './group-names.ts'
import { left, type ToolContext } from './tool.ts'

const MIN_COLUMN = 15
const MIN_COORDINATOR_COLUMN = 25
const ABSENT = '-'

export async function describeGroups(context: ToolContext): Promise<number> {
  const { options } = context
  const isVerbose = options.has('verbose')
  for (const name of await chosenGroups(context)) {
    const group = await describeGroup(context.cluster, name)
    if (group.error !== null) throw group.error
    if (options.has('members')) printMembers(context, group, isVerbose)
    else if (options.has('state')) printState(context, group, isVerbose)
    else printOffsets(context, group, await groupLag(context.cluster, group), isVerbose)
  }
  context.print('\n')
  return 0
}

/** Says what stands in the way of rows; true if there is something to print. */
function announce(context: ToolContext, group: DescribedGroup, rowCount: number): boolean {
  switch (group.state) {
    case 'Dead':
      context.print(`\nError: Consumer group '${group.groupId}' does not exist.\n`)
      break
    case 'Empty':
      context.printError(`\nConsumer group '${group.groupId}' has no active members.\n`)
      break
    case 'PreparingRebalance':
    case 'CompletingRebalance':
    case 'Assigning':
    case 'Reconciling':
      context.printError(`\nWarning: Consumer group '${group.groupId}' is rebalancing.\n`)
      break
    default:
  }
  return group.state !== 'Dead' && rowCount > 0
}

function printOffsets(
  context: ToolContext,
  group: DescribedGroup,
  lag: readonly PartitionLag[],
  isVerbose: boolean,
): void {
  const idle = group.members.filter(member => member.assignment.length === 0)
  if (!announce(context, group, lag.length + idle.length)) return
  const epochTitle = isVerbose ? ['LEADER-EPOCH'] : []
  const rows: (readonly string[])[] = [
    [
      'GROUP',
      'TOPIC',
      'PARTITION',
      ...epochTitle,
      'CURRENT-OFFSET',
      'LOG-END-OFFSET',
      'LAG',
      'CONSUMER-ID',
      'HOST',
      'CLIENT-ID',
    ],
    ...inToolOrder(group, lag).map(row => [
      group.groupId,
      row.topic,
      String(row.partition),
      ...(isVerbose ? [orAbsent(row.committedEpoch < 0 ? null : row.committedEpoch)] : []),
      orAbsent(row.committed),
      orAbsent(row.endOffset),
      orAbsent(row.lag),
      orAbsent(row.member?.memberId),
      orAbsent(row.member?.clientHost),
      orAbsent(row.member?.clientId),
    ]),
    ...idle.map(member => [
      group.groupId,
      ...Array.from({ length: isVerbose ? 6 : 5 }, () => ABSENT),
      member.memberId,
      member.clientHost,
      member.clientId,
    ]),
  ]
  const fixed = isVerbose ? [10, 15, 15, 15, 15] : [10, 15, 15, 15]
  const memberAt = isVerbose ? 7 : 6
  const widths = [
    columnWidth(rows, 0),
    columnWidth(rows, 1),
    ...fixed,
    columnWidth(rows, memberAt),
    columnWidth(rows, memberAt + 1),
    0,
  ]
  context.print(
    rows.map(row => `\n${row.map((cell, i) => left(cell, widths[i] ?? 0)).join(' ')}`).join(''),
  )
}

/** Member by member, those with the fewest partitions first, then what nobody has. */
function inToolOrder(group: DescribedGroup, lag: readonly PartitionLag[]): PartitionLag[] {
  const members = [...group.members].sort((a, b) => a.assignment.length - b.assignment.length)
  const owned = members.flatMap(member => lag.filter(row => row.member === member))
  return [...owned, ...lag.filter(row => row.member === null)]
}

function columnWidth(rows: readonly (readonly string[])[], index: number): number {
  return Math.max(MIN_COLUMN, ...rows.slice(1).map(row => (row[index] ?? '').length))
}

function printMembers(context: ToolContext, group: DescribedGroup, isVerbose: boolean): void {
  announce(context, group, group.members.length)
  if (group.state === 'Dead') return
  const { members } = group
  const hasStatic = members.some(member => member.groupInstanceId !== null)
  const widest = (of: (member: GroupMember) => string): number =>
    Math.max(MIN_COLUMN, ...members.map(member => of(member).length))
  const widths = [
    Math.max(MIN_COLUMN, group.groupId.length),
    widest(member => member.memberId),
    ...(hasStatic
      ? [
          Math.max(
            17,
            widest(member => member.groupInstanceId ?? ''),
          ),
        ]
      : []),
    widest(member => member.clientHost),
    widest(member => member.clientId),
    15,
    ...(isVerbose ? [15, 20, 15, 20] : []),
  ]
  const print = (cells: readonly (string | number)[]): void => {
    const line = cells.map((cell, index) => left(cell, widths[index] ?? 0)).join(' ')
    context.print(`\n${line}${isVerbose ? '' : ' '}`)
  }
  print([
    'GROUP',
    'CONSUMER-ID',
    ...(hasStatic ? ['GROUP-INSTANCE-ID'] : []),
    'HOST',
    'CLIENT-ID',
    '#PARTITIONS',
    ...(isVerbose
      ? ['CURRENT-EPOCH', 'CURRENT-ASSIGNMENT', 'TARGET-EPOCH', 'TARGET-ASSIGNMENT']
      : []),
  ])
  for (const member of [...members].sort((a, b) => b.assignment.length - a.assignment.length)) {
    print([
      group.groupId,
      member.memberId,
      ...(hasStatic ? [member.groupInstanceId ?? ''] : []),
      member.clientHost,
      member.clientId,
      member.assignment.length,
      ...(isVerbose
        ? [
            orAbsent(member.memberEpoch),
            assignmentText(member.assignment),
            orAbsent(group.groupEpoch),
            assignmentText(member.targetAssignment ?? []),
          ]
        : []),
    ])
  }
}

/** `orders:0,1;bills:2` */
function assignmentText(assignment: readonly TopicPartition[]): string {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of [...assignment].sort(comparePartitions)) {
    topics.set(topic, [...(topics.get(topic) ?? []), partition])
  }
  const text = [...topics].map(([topic, list]) => `${topic}:${list.join(',')}`).join(';')
  return text === '' ? ABSENT : text
}

function printState(context: ToolContext, group: DescribedGroup, isVerbose: boolean): void {
  announce(context, group, 1)
  if (group.state === 'Dead') return
  const broker = context.cluster.brokers.get(group.coordinatorId)
  const coordinator = `${broker?.host}:${broker?.port}  (${group.coordinatorId})`
  const widths = [
    Math.max(MIN_COLUMN, group.groupId.length),
    Math.max(MIN_COORDINATOR_COLUMN, coordinator.length),
    20,
    20,
    ...(isVerbose ? [15, 25] : []),
    0,
  ]
  const epochs = isVerbose ? [orAbsent(group.groupEpoch), orAbsent(group.groupEpoch)] : []
  const rows = [
    [
      'GROUP',
      'COORDINATOR (ID)',
      'ASSIGNMENT-STRATEGY',
      'STATE',
      ...(isVerbose ? ['GROUP-EPOCH', 'TARGET-ASSIGNMENT-EPOCH'] : []),
      '#MEMBERS',
    ],
    [
      group.groupId,
      coordinator,
      orAbsent(group.protocol),
      group.state,
      ...epochs,
      String(group.members.length),
    ],
  ]
  context.print(
    rows.map(row => `\n${row.map((cell, i) => left(cell, widths[i] ?? 0)).join(' ')}`).join(''),
  )
}

function orAbsent(value: string | number | null | undefined): string {
  return value === null || value === undefined || value === '' ? ABSENT : String(value)
}
