// What a request names, each topic and each partition once: what is answered, and kept in memory for that,
// must not grow with how often a client repeats itself.

type Asked = readonly [topic: string, partitionIndexes: Iterable<number>]

/** In the order in which they are named first. */
export function askedOnce(topics: Iterable<Asked>): Map<string, Set<number>> {
  const asked = new Map<string, Set<number>>()
  for (const [topic, partitionIndexes] of topics) {
    const known = asked.get(topic)
    if (known === undefined) asked.set(topic, new Set(partitionIndexes))
    else for (const partitionIndex of partitionIndexes) known.add(partitionIndex)
  }
  return asked
}
