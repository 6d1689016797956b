// Topics and groups by the names on a command line: unknown ones are refused with the nearest name.
import { type Cluster, listGroups, listTopics, type TopicInfo } from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { CommandError } from './errors.ts'
import { nearest } from './values/nearest.ts'

/** The topics in the order of the names. Throws CommandError for those that do not exist. */
export async function findTopics(cluster: Cluster, names: readonly string[]): Promise<TopicInfo[]> {
  await cluster.retry(() => cluster.refreshMetadata(names))
  const topics: TopicInfo[] = []
  for (const name of names) topics.push(await findTopic(cluster, name))
  return topics
}

/** One that is only being made, or that nobody may see, is not said to be missing. */
async function findTopic(cluster: Cluster, name: string): Promise<TopicInfo> {
  try {
    return await cluster.topic(name)
  } catch (error) {
    const isMissing =
      error instanceof KafkaError && error.errorName === 'UNKNOWN_TOPIC_OR_PARTITION'
    if (!isMissing) throw error
    throw new CommandError(await unknownTopic(cluster, name), error)
  }
}

export async function unknownTopic(cluster: Cluster, name: string): Promise<string> {
  const topics = await listTopics(cluster)
  const near = nearest(
    name,
    topics.map(topic => topic.name),
  )
  const advice =
    near === null
      ? `create it with 'weir topics create ${name}', or see 'weir topics list'`
      : `did you mean '${near}'?`
  return `topic '${name}' does not exist: ${advice}`
}

export async function unknownGroup(cluster: Cluster, groupId: string): Promise<string> {
  const groups = await listGroups(cluster)
  const near = nearest(
    groupId,
    groups.map(group => group.groupId),
  )
  const advice = near === null ? "see 'weir groups list'" : `did you mean '${near}'?`
  return `group '${groupId}' does not exist: ${advice}`
}
