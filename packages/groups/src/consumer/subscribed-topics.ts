// Which topics the members of a consumer group consume, and whether that or the topics themselves
// have changed since the group looked last.

import type { TopicsView } from '../types.ts'
import type { ConsumerMember } from './consumer-member.ts'
import type { GroupDraft } from './group-draft.ts'
import { compilePattern } from './patterns.ts'

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

  constructor(draft: GroupDraft, topics: TopicsView) {
    this.#draft = draft
    this.#topics = topics
  }

  /** Sorted; the same array for members with the same subscription. */
  namesOf(member: ConsumerMember): readonly string[] {
    const pattern = patternOf(member)
    // Neither names of topics nor the separator can be mistaken for each other.
    const key = `${member.metadata.subscribedTopicNames.join()}/${pattern ?? ''}`
    let names = this.#known.get(key)
    if (names === undefined) {
      names = this.#resolve(member.metadata.subscribedTopicNames, pattern)
      this.#known.set(key, names)
    }
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
 * subscription or one of the topics has changed.
 */
export function refreshSubscriptions(
  draft: GroupDraft,
  topics: TopicsView,
  options: { readonly hasSubscriptionChanged: boolean; readonly nowMs: number },
): void {
  const { hasSubscriptionChanged, nowMs } = options
  const haveTopicsChanged = draft.group.seenTopicsChange !== topics.changeCount
  if (!hasSubscriptionChanged && !haveTopicsChanged) return
  const hasRegexChanged = resolvePatterns(draft, topics, haveTopicsChanged, nowMs)
  const hash = hashOfTopics(draft, topics)
  if (hasSubscriptionChanged || hasRegexChanged || hash !== draft.metadataHash) {
    draft.setGroupEpoch(draft.groupEpoch + 1, hash)
  }
}

function resolvePatterns(
  draft: GroupDraft,
  topics: TopicsView,
  isStale: boolean,
  nowMs: number,
): boolean {
  const used = new Set<string>()
  for (const member of draft.members()) {
    const pattern = patternOf(member)
    if (pattern !== null) used.add(pattern)
  }
  let hasChanged = false
  for (const pattern of used) {
    const known = draft.regex(pattern)
    if (known !== undefined && !isStale) continue
    const compiled = compilePattern(pattern)
    const names = new Set<string>()
    for (const name of topics.names()) if (compiled?.matches(name) === true) names.add(name)
    if (known !== undefined && sameSet(known.topics, names)) continue
    draft.setRegex(pattern, { topics: names, version: topics.changeCount, timestampMs: nowMs })
    hasChanged = true
  }
  for (const pattern of draft.group.regexes.keys()) {
    if (!used.has(pattern) && draft.regex(pattern) !== undefined) draft.setRegex(pattern, null)
  }
  return hasChanged
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false
  for (const each of a) if (!b.has(each)) return false
  return true
}

const NO_TOPICS_HASH = 0n
const FNV_PRIME = 16_777_619
const FNV_BASIS = 0x811c_9dc5
const SECOND_BASIS = 0x9e37_79b9

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
  let high = FNV_BASIS
  let low = SECOND_BASIS
  const mix = (text: string) => {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      high = Math.imul(high ^ unit, FNV_PRIME)
      low = Math.imul(low ^ (unit + at), FNV_PRIME)
    }
    high = Math.imul(high ^ 0xff, FNV_PRIME)
    low = Math.imul(low ^ 0xfe, FNV_PRIME)
  }
  for (const name of [...names].sort()) {
    const count = topics.partitionCount(name)
    mix(`${name}/${topics.topicId(name)}/${count}`)
    for (let index = 0; index < count; index++) {
      const racks = topics.racksOf(name, index)
      if (racks.length > 0) mix(`${index}:${[...racks].sort().join()}`)
    }
  }
  return BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0))
}
