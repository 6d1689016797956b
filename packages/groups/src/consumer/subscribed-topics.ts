// Which topics the members of a consumer group consume, and whether that or the topics themselves
// have changed since the group looked last.

import type { TopicsView } from '../types.ts'
import { type ConsumerMember, sameNames } from './consumer-member.ts'
import type { GroupDraft } from './group-draft.ts'
import { patternTopicsOf } from './pattern-topics.ts'

/** The member's pattern, null if it has none. */
export function patternOf(member: ConsumerMember): string | null {
  const { subscribedTopicRegex } = member.metadata
  return subscribedTopicRegex === '' ? null : subscribedTopicRegex
}

/** Which existing topics the members of a draft consume; equal subscriptions are looked up once. */
export class TopicResolver {
  readonly #draft: GroupDraft
  readonly #topics: TopicsView
  readonly #known = new Map<string, readonly string[]>()
  #last: {
    readonly subscribed: readonly string[]
    readonly pattern: string | null
    readonly names: readonly string[]
  } | null = null

  constructor(draft: GroupDraft, topics: TopicsView) {
    this.#draft = draft
    this.#topics = topics
  }

  /** Sorted; the same array for members with the same subscription. */
  namesOf(member: ConsumerMember): readonly string[] {
    const { subscribedTopicNames } = member.metadata
    const pattern = patternOf(member)
    // Most members have the subscription of the one before.
    const last = this.#last
    if (last?.pattern === pattern && sameNames(last.subscribed, subscribedTopicNames)) {
      return last.names
    }
    // Neither names of topics nor the separator can be mistaken for each other.
    const key = `${subscribedTopicNames.join()}/${pattern ?? ''}`
    let names = this.#known.get(key)
    if (names === undefined) {
      names = this.#resolve(subscribedTopicNames, pattern)
      this.#known.set(key, names)
    }
    this.#last = { subscribed: subscribedTopicNames, pattern, names }
    return names
  }

  #resolve(subscribed: readonly string[], pattern: string | null): string[] {
    const names = new Set(subscribed)
    for (const name of pattern === null ? [] : (this.#draft.regex(pattern)?.topics ?? [])) {
      names.add(name)
    }
    return [...names].filter(name => this.#topics.topicId(name) !== null).sort()
  }
}

/**
 * Brings patterns and the hash of the topics up to date, and begins a new group epoch if a member's
 * subscription or one of the topics has changed. False if a pattern is still being matched: then it
 * has to be called again.
 */
export function refreshSubscriptions(
  draft: GroupDraft,
  topics: TopicsView,
  options: { readonly hasSubscriptionChanged: boolean; readonly nowMs: number },
): boolean {
  const { hasSubscriptionChanged, nowMs } = options
  const haveTopicsChanged = draft.group.seenTopicsChange !== topics.changeCount
  if (!hasSubscriptionChanged && !haveTopicsChanged) return true
  const resolved = resolvePatterns(draft, topics, nowMs)
  const hash = hashOfTopics(draft, topics)
  if (hasSubscriptionChanged || resolved.hasChanged || hash !== draft.metadataHash) {
    draft.setGroupEpoch(draft.groupEpoch + 1, hash)
  }
  return resolved.isComplete
}

function resolvePatterns(
  draft: GroupDraft,
  topics: TopicsView,
  nowMs: number,
): { readonly hasChanged: boolean; readonly isComplete: boolean } {
  const used = new Set<string>()
  for (const member of draft.members()) {
    const pattern = patternOf(member)
    if (pattern !== null) used.add(pattern)
  }
  let hasChanged = false
  let isComplete = true
  for (const pattern of used) {
    const known = draft.regex(pattern)
    const names = patternTopicsOf(topics).resolve(pattern)
    // Until it is matched what was known holds.
    if (names === null) isComplete = false
    if (names === null || (known !== undefined && sameSet(known.topics, names))) continue
    draft.setRegex(pattern, { topics: names, version: topics.changeCount, timestampMs: nowMs })
    hasChanged = true
  }
  for (const pattern of draft.group.regexes.keys()) {
    if (!used.has(pattern) && draft.regex(pattern) !== undefined) draft.setRegex(pattern, null)
  }
  return { hasChanged, isComplete }
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false
  for (const each of a) if (!b.has(each)) return false
  return true
}

const NO_TOPICS_HASH = 0n

/**
 * Over id, partitions and racks of every topic that a member consumes: a change of any of them is a
 * reason to assign anew. Zero if there are none. Signed, as the record has it.
 */
export function hashOfTopics(draft: GroupDraft, topics: TopicsView): bigint {
  const resolver = new TopicResolver(draft, topics)
  const lists = new Set<readonly string[]>()
  for (const member of draft.members()) lists.add(resolver.namesOf(member))
  const names = new Set<string>()
  for (const list of lists) for (const name of list) names.add(name)
  if (names.size === 0) return NO_TOPICS_HASH
  const hash = new TextHash()
  const digests = digestsOf(topics)
  for (const name of [...names].sort()) hash.mix(digests.of(name))
  return hash.value()
}

/** Two hashes of 32 bits beside each other. */
class TextHash {
  static readonly #PRIME = 16_777_619
  #high = 0x811c_9dc5
  #low = 0x9e37_79b9

  mix(text: string): void {
    const prime = TextHash.#PRIME
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      this.#high = Math.imul(this.#high ^ unit, prime)
      this.#low = Math.imul(this.#low ^ (unit + at), prime)
    }
    this.#high = Math.imul(this.#high ^ 0xff, prime)
    this.#low = Math.imul(this.#low ^ 0xfe, prime)
  }

  /** Signed. */
  value(): bigint {
    return BigInt.asIntN(64, (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0))
  }
}

/** A short text for each topic, made once for each state of the topics: a large topic has many racks. */
class TopicDigests {
  readonly #topics: TopicsView
  readonly #known = new Map<string, string>()
  #changeCount = -1

  constructor(topics: TopicsView) {
    this.#topics = topics
  }

  of(name: string): string {
    if (this.#changeCount !== this.#topics.changeCount) {
      this.#changeCount = this.#topics.changeCount
      this.#known.clear()
    }
    let digest = this.#known.get(name)
    if (digest === undefined) {
      digest = this.#digest(name)
      this.#known.set(name, digest)
    }
    return digest
  }

  #digest(name: string): string {
    const hash = new TextHash()
    const count = this.#topics.partitionCount(name)
    hash.mix(`${name}/${this.#topics.topicId(name)}/${count}`)
    for (let index = 0; index < count; index++) {
      const racks = this.#topics.racksOf(name, index)
      if (racks.length > 0) hash.mix(`${index}:${[...racks].sort().join()}`)
    }
    return hash.value().toString(36)
  }
}

/** All groups that look at the same topics share what was computed of them. */
const allDigests = new WeakMap<TopicsView, TopicDigests>()

function digestsOf(topics: TopicsView): TopicDigests {
  let digests = allDigests.get(topics)
  if (digests === undefined) {
    digests = new TopicDigests(topics)
    allDigests.set(topics, digests)
  }
  return digests
}
