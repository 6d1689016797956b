// Which topics the members of a classic group consume, read from their subscriptions.
//
// Every version of the consumer protocol's subscription begins like version 0: the version, then
// the topic names. Only that is read. The bytes belong to the clients and may be anything.

import type { ClassicMember } from './classic-member.ts'

export const CONSUMER_PROTOCOL_TYPE = 'consumer'

interface Subscribed {
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly members: ReadonlyMap<string, ClassicMember>
}

/** Null if the group is not of consumers, has no protocol yet, or a subscription does not parse. */
export function subscribedTopicsOf(group: Subscribed): ReadonlySet<string> | null {
  if (group.protocolType !== CONSUMER_PROTOCOL_TYPE) return null
  const topics = new Set<string>()
  if (group.members.size === 0) return topics
  if (group.protocolName === null) return null
  for (const member of group.members.values()) {
    const names = subscribedTopics(member.metadata(group.protocolName))
    if (names === null) return null
    for (const name of names) topics.add(name)
  }
  return topics
}

const VERSION_BYTES = 2
const COUNT_BYTES = 4
const LENGTH_BYTES = 2

/** The topic names of a subscription; null if the bytes are not one. */
export function subscribedTopics(bytes: Buffer): string[] | null {
  let at = VERSION_BYTES + COUNT_BYTES
  if (bytes.length < at || bytes.readInt16BE(0) < 0) return null
  const count = bytes.readInt32BE(VERSION_BYTES)
  if (count < 0 || count * LENGTH_BYTES > bytes.length - at) return null
  const names: string[] = []
  for (let index = 0; index < count; index++) {
    if (bytes.length - at < LENGTH_BYTES) return null
    const length = bytes.readInt16BE(at)
    at += LENGTH_BYTES
    if (length < 0 || length > bytes.length - at) return null
    names.push(bytes.toString('utf8', at, at + length))
    at += length
  }
  return names
}
