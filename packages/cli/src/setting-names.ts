// A refused setting whose name is misspelt: the refusal, with the name that was probably meant.
import type { ConfigResourceType } from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { CommandError } from './errors.ts'
import { nearest } from './values/nearest.ts'

/** Runs `change`; throws what it throws, or a CommandError that says more. */
export async function withSuggestion<R>(
  type: ConfigResourceType,
  names: readonly string[],
  change: () => Promise<R>,
): Promise<R> {
  try {
    return await change()
  } catch (error) {
    const isRefused = error instanceof KafkaError && error.errorName === 'INVALID_CONFIG'
    const advice = isRefused ? await suggestion(type, names) : null
    if (!isRefused || advice === null) throw error
    throw new CommandError(`${error.message.replace(/\.$/, '')}: ${advice}`, error)
  }
}

async function suggestion(
  type: ConfigResourceType,
  names: readonly string[],
): Promise<string | null> {
  const known = await knownNames(type)
  for (const name of names) {
    const near = known.includes(name) ? null : nearest(name, known)
    if (near !== null) return `did you mean '${near}'?`
  }
  return null
}

async function knownNames(type: ConfigResourceType): Promise<readonly string[]> {
  const { allGroupRows, allTopicRows, brokerRows } = await import('@weir/settings')
  switch (type) {
    case 'topic':
      return [...allTopicRows()].map(row => row.key)
    case 'broker':
      return [...brokerRows()].map(row => row.key)
    case 'group':
      return [...allGroupRows()].map(row => row.key)
    case 'broker-logger':
    case 'client-metrics':
      return []
  }
}
