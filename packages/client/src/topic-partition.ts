// A partition by the name of its topic and its number.

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** For maps: no name of a topic has a slash. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${partition}/${topic}`
}

/** Items of one topic together, as most requests carry them. */
export function groupByTopic<P extends TopicPartition>(items: Iterable<P>): Map<string, P[]> {
  const topics = new Map<string, P[]>()
  for (const item of items) {
    const list = topics.get(item.topic) ?? []
    list.push(item)
    topics.set(item.topic, list)
  }
  return topics
}
