// `topic/orders`, `broker/1`, `broker` (all of them), `group/billing`: what has settings.
import type { ConfigResource, ConfigResourceType } from '@weir/client'
import { UsageError } from '../errors.ts'

const TYPES: ReadonlyMap<string, ConfigResourceType> = new Map<string, ConfigResourceType>([
  ['topic', 'topic'],
  ['topics', 'topic'],
  ['broker', 'broker'],
  ['brokers', 'broker'],
  ['group', 'group'],
  ['groups', 'group'],
  ['client-metrics', 'client-metrics'],
])

/** Throws UsageError. */
export function parseConfigResource(text: string): ConfigResource {
  const at = text.indexOf('/')
  const type = TYPES.get(at < 0 ? text : text.slice(0, at))
  const name = at < 0 ? '' : text.slice(at + 1)
  if (type === undefined || (name === '' && type !== 'broker')) {
    throw new UsageError(
      `'${text}' has no settings: write topic/NAME, broker/ID, broker (the default of all) or group/NAME`,
    )
  }
  if (type === 'broker' && name !== '' && !/^\d+$/.test(name)) {
    throw new UsageError(`brokers have numbers: broker/1, not '${text}'`)
  }
  return { type, name }
}

export function describeResource({ type, name }: ConfigResource): string {
  return name === '' ? 'all brokers' : `${type} '${name}'`
}
