// kafka-consumer-groups --describe: offsets, members, state.
import {
  type DescribedGroup,
  describeGroup,
  type GroupMember,
  type TopicPartition,
} from '@weir/client'
import { comparePartitions, groupLag, type PartitionLag } from '../group-lag.ts'
import { chosenGroups } from './group-names.ts'
import type { ToolContext } from './tool.ts'
import { type ColumnWidth, renderToolTable, type ToolColumn } from './tool-table.ts'

const FITTING: ColumnWidth = { atLeast: 15 }
const ABSENT = '-'

export async function describeGroups(context: ToolContext): Promise<number> {
  const { options } = context
  const isVerbose = options.has('verbose')
  const groups: DescribedGroup[] = []
  // All of them before anything is printed: one that is missing is an error alone.
  for (const name of await chosenGroups(context)) {
    const group = await describeGroup(context.cluster, name)
    if (group.error !== null) throw group.error
    groups.push(group)
  }
  for (const group of groups) {
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

/** A partition, or a member without any. */
interface OffsetRow {
  readonly lag: PartitionLag | null
  readonly member: GroupMember | null
}

function printOffsets(
  context: ToolContext,
  group: DescribedGroup,
  lag: readonly PartitionLag[],
  isVerbose: boolean,
): void {
  const idle = group.members.filter(member => member.assignment.length === 0)
  if (!announce(context, group, lag.length + idle.length)) return
  const rows: OffsetRow[] = [
    ...inToolOrder(group, lag).map(row => ({ lag: row, member: row.member })),
    ...idle.map(member => ({ lag: null, member })),
  ]
  context.print(renderToolTable(offsetColumns(group, isVerbose), rows))
}

function offsetColumns(group: DescribedGroup, isVerbose: boolean): ToolColumn<OffsetRow>[] {
  const epoch: ToolColumn<OffsetRow> = {
    title: 'LEADER-EPOCH',
    width: 15,
    cell: ({ lag }) => orAbsent(lag === null || lag.committedEpoch < 0 ? null : lag.committedEpoch),
  }
  return [
    { title: 'GROUP', width: FITTING, cell: () => group.groupId },
    { title: 'TOPIC', width: FITTING, cell: ({ lag }) => orAbsent(lag?.topic) },
    { title: 'PARTITION', width: 10, cell: ({ lag }) => orAbsent(lag?.partition) },
    ...(isVerbose ? [epoch] : []),
    { title: 'CURRENT-OFFSET', width: 15, cell: ({ lag }) => orAbsent(lag?.committed) },
    { title: 'LOG-END-OFFSET', width: 15, cell: ({ lag }) => orAbsent(lag?.endOffset) },
    { title: 'LAG', width: 15, cell: ({ lag }) => orAbsent(lag?.lag) },
    { title: 'CONSUMER-ID', width: FITTING, cell: ({ member }) => orAbsent(member?.memberId) },
    { title: 'HOST', width: FITTING, cell: ({ member }) => orAbsent(member?.clientHost) },
    { title: 'CLIENT-ID', width: 0, cell: ({ member }) => orAbsent(member?.clientId) },
  ]
}

/** Member by member, those with the fewest partitions first, then what nobody has. */
function inToolOrder(group: DescribedGroup, lag: readonly PartitionLag[]): PartitionLag[] {
  const members = [...group.members].sort((a, b) => a.assignment.length - b.assignment.length)
  const owned = members.flatMap(member => lag.filter(row => row.member === member))
  return [...owned, ...lag.filter(row => row.member === null)]
}

function printMembers(context: ToolContext, group: DescribedGroup, isVerbose: boolean): void {
  announce(context, group, group.members.length)
  if (group.state === 'Dead') return
  const members = [...group.members].sort((a, b) => b.assignment.length - a.assignment.length)
  const columns = memberColumns(group, isVerbose)
  context.print(renderToolTable(columns, members, isVerbose ? '' : ' '))
}

function memberColumns(group: DescribedGroup, isVerbose: boolean): ToolColumn<GroupMember>[] {
  const instance: ToolColumn<GroupMember> = {
    title: 'GROUP-INSTANCE-ID',
    width: { atLeast: 17 },
    cell: member => member.groupInstanceId ?? '',
  }
  const epochs: ToolColumn<GroupMember>[] = [
    { title: 'CURRENT-EPOCH', width: 15, cell: member => orAbsent(member.memberEpoch) },
    { title: 'CURRENT-ASSIGNMENT', width: 20, cell: member => assignmentText(member.assignment) },
    { title: 'TARGET-EPOCH', width: 15, cell: () => orAbsent(group.groupEpoch) },
    {
      title: 'TARGET-ASSIGNMENT',
      width: 20,
      cell: member => assignmentText(member.targetAssignment ?? []),
    },
  ]
  const hasStatic = group.members.some(member => member.groupInstanceId !== null)
  return [
    {
      title: 'GROUP',
      width: { atLeast: Math.max(15, group.groupId.length) },
      cell: () => group.groupId,
    },
    { title: 'CONSUMER-ID', width: FITTING, cell: member => member.memberId },
    ...(hasStatic ? [instance] : []),
    { title: 'HOST', width: FITTING, cell: member => member.clientHost },
    { title: 'CLIENT-ID', width: FITTING, cell: member => member.clientId },
    { title: '#PARTITIONS', width: 15, cell: member => member.assignment.length },
    ...(isVerbose ? epochs : []),
  ]
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
  const epochs: ToolColumn<DescribedGroup>[] = [
    { title: 'GROUP-EPOCH', width: 15, cell: () => orAbsent(group.groupEpoch) },
    { title: 'TARGET-ASSIGNMENT-EPOCH', width: 25, cell: () => orAbsent(group.groupEpoch) },
  ]
  const columns: ToolColumn<DescribedGroup>[] = [
    { title: 'GROUP', width: FITTING, cell: () => group.groupId },
    { title: 'COORDINATOR (ID)', width: { atLeast: 25 }, cell: () => coordinator },
    { title: 'ASSIGNMENT-STRATEGY', width: 20, cell: () => orAbsent(group.protocol) },
    { title: 'STATE', width: 20, cell: () => group.state },
    ...(isVerbose ? epochs : []),
    { title: '#MEMBERS', width: 0, cell: () => group.members.length },
  ]
  context.print(renderToolTable(columns, [group]))
}

function orAbsent(value: string | number | null | undefined): string {
  return value === null || value === undefined || value === '' ? ABSENT : String(value)
}
