// The topics that a request names, whatever its API: by name or by id, at any depth.

const NAME_FIELDS: ReadonlySet<string> = new Set(['name', 'topic', 'topicName'])
const LIST_FIELDS: ReadonlySet<string> = new Set(['topics', 'topicNames', 'subscribedTopicNames'])
const ID_FIELD = 'topicId'

/** `nameOf` answers the name of a topic id, null if there is none. */
export function topicsOf(body: unknown, nameOf: (topicId: string) => string | null): Set<string> {
  const names = new Set<string>()
  const stack: unknown[] = [body]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next === null || typeof next !== 'object' || Buffer.isBuffer(next)) continue
    for (const [field, value] of Object.entries(next)) {
      if (typeof value === 'object') stack.push(value)
      if (typeof value === 'string' && NAME_FIELDS.has(field)) names.add(value)
      if (typeof value === 'string' && field === ID_FIELD) {
        const name = nameOf(value)
        if (name !== null) names.add(name)
      }
      if (LIST_FIELDS.has(field) && Array.isArray(value)) {
        for (const each of value) if (typeof each === 'string') names.add(each)
      }
    }
  }
  return names
}
