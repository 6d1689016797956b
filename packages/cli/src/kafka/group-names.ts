// Which groups and topics kafka-consumer-groups was asked about.
import { type ListedGroup, listGroups } from '@weir/client'
import type { ToolContext } from './tool.ts'

/** Groups of consumers, also those that nobody has joined yet. */
export async function listConsumerGroups(context: ToolContext): Promise<ListedGroup[]> {
  const groups = await listGroups(context.cluster)
  return groups.filter(
    ({ type, protocolType }) =>
      (protocolType === '' || protocolType === 'consumer') &&
      type !== 'share' &&
      type !== 'streams',
  )
}

/** The groups that --group or --all-groups names. */
export async function chosenGroups(context: ToolContext): Promise<string[]> {
  if (!context.options.has('all-groups')) return [...context.options.values('group')]
  return (await listConsumerGroups(context)).map(group => group.groupId)
}

/** `orders:0,2` -> ['orders', [0, 2]]; without partitions the second is undefined. */
export function splitTopic(text: string): [topic: string, partitions?: number[]] {
  const match = /^(.*):(\d+(?:,\d+)*)$/.exec(text)
  if (match === null) return [text]
  return [match[1] ?? '', (match[2] ?? '').split(',').map(Number)]
}
