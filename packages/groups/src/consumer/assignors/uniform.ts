// The assignor `uniform`: everybody gets the same number of partitions, give or take one, and keeps
// what it has as far as that allows. Partitions that change hands go to a member in a rack of one of
// their replicas, if there is one with room.
//
// Members with different subscriptions are balanced as far as these allow: a partition moves as long
// as the receiver ends up with fewer than the giver had.

import { type PartitionSet, PartitionSetBuilder } from '../partitions.ts'
import type { AssignorInput, AssignorMember, AssignorTopic } from './assignor.ts'

/** Rounds of moving partitions between members with different subscriptions. */
const MAX_BALANCE_ROUNDS = 16

interface Place {
  readonly topicId: string
  readonly partitionIndex: number
}

interface Share {
  readonly member: AssignorMember
  /** Begins with what the member has and may keep. */
  readonly target: PartitionSetBuilder
}

export function assignUniformly(input: AssignorInput): Map<string, PartitionSet> {
  const { members } = input
  if (members.length === 0) return new Map()
  const shares = members.map(member => ({
    member,
    target: new PartitionSetBuilder(member.target),
  }))
  const taken = new TakenPartitions(input)
  for (const share of shares) dropInvalid(input, share)
  if (haveEqualTopics(members)) assignEqual(input, shares, taken)
  else assignDifferent(input, shares, taken)
  return new Map(shares.map(({ member, target }) => [member.memberId, target.build()]))
}

function haveEqualTopics(members: readonly AssignorMember[]): boolean {
  const first = members[0]?.topicIds ?? []
  return members.every(
    ({ topicIds }) =>
      topicIds === first ||
      (topicIds.length === first.length && topicIds.every((each, index) => each === first[index])),
  )
}

function assignEqual(input: AssignorInput, shares: readonly Share[], taken: TakenPartitions): void {
  const topics = topicsOf(input, shares[0]?.member.topicIds ?? [])
  const total = topics.reduce((sum, topic) => sum + topic.partitionCount, 0)
  const quota = Math.floor(total / shares.length)
  // So many members get one more than the quota.
  let extras = total % shares.length
  for (const { target } of shares) {
    let kept = 0
    keepWhere(target, (topicId, partitionIndex) => {
      const hasRoom = kept < quota || (kept === quota && extras > 0)
      if (!hasRoom || !taken.take(topicId, partitionIndex)) return false
      if (kept === quota) extras--
      kept++
      return true
    })
  }
  const hasRoom = ({ target }: Share) => target.count < quota
  const free = placeByRack(input, shares, freePartitions(topics, taken), hasRoom)
  const rest = place(shares, free, hasRoom)
  // What is left now is one more for some: as many as `extras`.
  const hasQuota = ({ target }: Share) => target.count === quota
  place(shares, placeByRack(input, shares, rest, hasQuota), hasQuota)
}

/** Gives one member after the other what it has room for; answers the rest. */
function place(
  shares: readonly Share[],
  places: readonly Place[],
  hasRoom: (share: Share) => boolean,
): Place[] {
  const open = new OpenShares(shares, hasRoom)
  return places.filter(({ topicId, partitionIndex }) => {
    const share = open.next()
    share?.target.add(topicId, partitionIndex)
    return share === undefined
  })
}

/** Members with room, in their order. Room is only ever used up. */
class OpenShares {
  readonly #shares: readonly Share[]
  readonly #hasRoom: (share: Share) => boolean
  #at = 0

  constructor(shares: readonly Share[], hasRoom: (share: Share) => boolean) {
    this.#shares = shares
    this.#hasRoom = hasRoom
  }

  next(): Share | undefined {
    for (; this.#at < this.#shares.length; this.#at++) {
      const share = this.#shares[this.#at]
      if (share !== undefined && this.#hasRoom(share)) return share
    }
    return undefined
  }
}

function assignDifferent(
  input: AssignorInput,
  shares: readonly Share[],
  taken: TakenPartitions,
): void {
  const subscribers = new Map<string, Share[]>()
  for (const share of shares) {
    for (const topicId of share.member.topicIds) {
      const known = subscribers.get(topicId)
      if (known === undefined) subscribers.set(topicId, [share])
      else known.push(share)
    }
  }
  for (const { target } of shares) {
    keepWhere(target, (topicId, partitionIndex) => taken.take(topicId, partitionIndex))
  }
  // The topics with the least choice first.
  const topics = topicsOf(input, [...subscribers.keys()].sort()).sort(
    (a, b) => (subscribers.get(a.topicId)?.length ?? 0) - (subscribers.get(b.topicId)?.length ?? 0),
  )
  for (const { topicId, partitionIndex } of freePartitions(topics, taken)) {
    leastLoaded(subscribers.get(topicId) ?? [])?.target.add(topicId, partitionIndex)
  }
  balance(shares, subscribers)
}

function balance(shares: readonly Share[], subscribers: ReadonlyMap<string, Share[]>): void {
  // Looked up once a topic until something moves: most often nothing does.
  const takers = new Map<string, Share | undefined>()
  const takerOf = (topicId: string) => {
    if (!takers.has(topicId)) takers.set(topicId, leastLoaded(subscribers.get(topicId) ?? []))
    return takers.get(topicId)
  }
  for (let round = 0; round < MAX_BALANCE_ROUNDS; round++) {
    let hasMoved = false
    for (const giver of [...shares].sort((a, b) => b.target.count - a.target.count)) {
      for (const { topicId, partitionIndex } of placesOf(giver.target.build())) {
        const taker = takerOf(topicId)
        if (taker === undefined || taker.target.count + 1 >= giver.target.count) continue
        giver.target.remove(topicId, partitionIndex)
        taker.target.add(topicId, partitionIndex)
        takers.clear()
        hasMoved = true
      }
    }
    if (!hasMoved) return
  }
}

function leastLoaded(shares: readonly Share[]): Share | undefined {
  let least = shares[0]
  for (const share of shares) {
    if (least !== undefined && share.target.count < least.target.count) least = share
  }
  return least
}

/** Places what finds a member with room in one of its racks; answers the rest. */
function placeByRack(
  input: AssignorInput,
  shares: readonly Share[],
  places: readonly Place[],
  hasRoom: (share: Share) => boolean,
): Place[] {
  const byRack = new Map<string, Share[]>()
  for (const share of shares) {
    const { rackId } = share.member
    if (rackId === null || !hasRoom(share)) continue
    const known = byRack.get(rackId)
    if (known === undefined) byRack.set(rackId, [share])
    else known.push(share)
  }
  if (byRack.size === 0) return [...places]
  const open = new Map([...byRack].map(([rack, there]) => [rack, new OpenShares(there, hasRoom)]))
  return places.filter(({ topicId, partitionIndex }) => {
    for (const rack of input.topics.get(topicId)?.racksOf(partitionIndex) ?? []) {
      const share = open.get(rack)?.next()
      if (share === undefined) continue
      share.target.add(topicId, partitionIndex)
      return false
    }
    return true
  })
}

function topicsOf(input: AssignorInput, topicIds: readonly string[]): AssignorTopic[] {
  return topicIds.flatMap(topicId => input.topics.get(topicId) ?? [])
}

/** Drops what the member may not keep: the topic is not subscribed, or has no such partition. */
function dropInvalid(input: AssignorInput, { member, target }: Share): void {
  keepWhere(
    target,
    (topicId, partitionIndex) =>
      member.topicIds.includes(topicId) &&
      partitionIndex < (input.topics.get(topicId)?.partitionCount ?? 0),
  )
}

/** Most members keep all they have: then nothing is copied. */
function keepWhere(
  target: PartitionSetBuilder,
  isKept: (topicId: string, partitionIndex: number) => boolean,
): void {
  const dropped: Place[] = []
  for (const [topicId, indexes] of target.build()) {
    for (const partitionIndex of indexes) {
      if (!isKept(topicId, partitionIndex)) dropped.push({ topicId, partitionIndex })
    }
  }
  for (const { topicId, partitionIndex } of dropped) target.remove(topicId, partitionIndex)
}

function freePartitions(topics: readonly AssignorTopic[], taken: TakenPartitions): Place[] {
  const free: Place[] = []
  for (const { topicId, partitionCount } of topics) {
    for (let partitionIndex = 0; partitionIndex < partitionCount; partitionIndex++) {
      if (taken.take(topicId, partitionIndex)) free.push({ topicId, partitionIndex })
    }
  }
  return free
}

function placesOf(partitions: PartitionSet): Place[] {
  const places: Place[] = []
  for (const [topicId, indexes] of partitions) {
    for (const partitionIndex of indexes) places.push({ topicId, partitionIndex })
  }
  return places
}

/** Which partitions have somebody already. */
class TakenPartitions {
  readonly #topics = new Map<string, Uint8Array>()

  constructor({ topics }: AssignorInput) {
    for (const [topicId, { partitionCount }] of topics) {
      this.#topics.set(topicId, new Uint8Array(partitionCount))
    }
  }

  /** False if it is taken already, or does not exist. */
  take(topicId: string, partitionIndex: number): boolean {
    const taken = this.#topics.get(topicId)
    if (taken?.[partitionIndex] !== 0) return false
    taken[partitionIndex] = 1
    return true
  }
}
