// Which names a topic may have (docs/traps.md H8), with Kafka's words for those that it may not.

const MAX_TOPIC_NAME_LENGTH = 249

/** Kafka's own topic of cluster metadata; nobody may create it. */
export const CLUSTER_METADATA_TOPIC = '__cluster_metadata'

export const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
])

/** Null if the name is legal, else the reason as Kafka gives it. */
export function topicNameProblem(name: string): string | null {
  const problem = problemOf(name)
  return problem === null ? null : `Topic name is invalid: ${problem}`
}

function problemOf(name: string): string | null {
  if (name === '') return 'the empty string is not allowed'
  if (name === '.' || name === '..') return `'${name}' is not allowed`
  if (name.length > MAX_TOPIC_NAME_LENGTH) {
    return `the length of '${name}' is longer than the max allowed length ${MAX_TOPIC_NAME_LENGTH}`
  }
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return null
  return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
}

/** Topics that brokers keep for themselves; clients see them marked. */
export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** Names that differ only in '.' and '_' collide: metrics and paths of Kafka cannot tell them apart. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
