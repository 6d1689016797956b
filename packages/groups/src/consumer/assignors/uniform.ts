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
  readonly target: PartitionSetBuilder
  readonly topicIds: ReadonlySet<string>
}

export function assignUniformly(input: AssignorInput): Map<string, PartitionSet> {
  const shares = input.members.map(member => ({
    member,
    target: new PartitionSetBuilder(),
    topicIds: new Set(member.topicIds),
  }))
  if (shares.length > 0) {
    if (haveEqualTopics(input.members)) assignEqual(input, shares)
    else assignDifferent(input, shares)
  }
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

function assignEqual(input: AssignorInput, shares: readonly Share[]): void {
  const topics = topicsOf(input, shares[0]?.member.topicIds ?? [])
  const total = topics.reduce((sum, topic) => sum + topic.partitionCount, 0)
  const quota = Math.floor(total / shares.length)
  // So many members get one more than the quota.
  let extras = total % shares.length
  const taken = new PartitionSetBuilder()
  for (const { member, target } of shares) {
    for (const { topicId, partitionIndex } of stillValid(input, member)) {
      const hasRoom = target.count < quota || (target.count === quota && extras > 0)
      if (!hasRoom || isTaken(taken, topicId, partitionIndex)) continue
      if (target.count === quota) extras--
      target.add(topicId, partitionIndex)
      taken.add(topicId, partitionIndex)
    }
  }
  const free = freePartitions(topics, taken)
  const rest = placeByRack(input, shares, free, share => share.target.count < quota)
  const open = shares.filter(({ target }) => target.count < quota)
  let at = 0
  for (const { topicId, partitionIndex } of rest) {
    let share = open[at]
    while (share !== undefined && share.target.count >= quota) share = open[++at]
    if (share === undefined) share = shares.find(each => each.target.count === quota)
    share?.target.add(topicId, partitionIndex)
  }
}

function assignDifferent(input: AssignorInput, shares: readonly Share[]): void {
  const subscribers = new Map<string, Share[]>()
  for (const share of shares) {
    for (const topicId of share.topicIds) {
      const known = subscribers.get(topicId)
      if (known === undefined) subscribers.set(topicId, [share])
      else known.push(share)
    }
  }
  const taken = new PartitionSetBuilder()
  for (const { member, target } of shares) {
    for (const { topicId, partitionIndex } of stillValid(input, member)) {
      if (isTaken(taken, topicId, partitionIndex)) continue
      target.add(topicId, partitionIndex)
      taken.add(topicId, partitionIndex)
    }
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
  for (let round = 0; round < MAX_BALANCE_ROUNDS; round++) {
    let hasMoved = false
    for (const giver of [...shares].sort((a, b) => b.target.count - a.target.count)) {
      for (const { topicId, partitionIndex } of placesOf(giver.target.build())) {
        const taker = leastLoaded(subscribers.get(topicId) ?? [])
        if (taker === undefined || taker.target.count + 1 >= giver.target.count) continue
        giver.target.remove(topicId, partitionIndex)
        taker.target.add(topicId, partitionIndex)
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
  free: readonly Place[],
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
  if (byRack.size === 0) return [...free]
  return free.filter(({ topicId, partitionIndex }) => {
    for (const rack of input.topics.get(topicId)?.racksOf(partitionIndex) ?? []) {
      const share = leastLoaded((byRack.get(rack) ?? []).filter(hasRoom))
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

/** What the member has and may keep: the topic is subscribed and still has the partition. */
function stillValid(input: AssignorInput, member: AssignorMember): Place[] {
  const topicIds = new Set(member.topicIds)
  return placesOf(member.target).filter(
    ({ topicId, partitionIndex }) =>
      topicIds.has(topicId) && partitionIndex < (input.topics.get(topicId)?.partitionCount ?? 0),
  )
}

function freePartitions(topics: readonly AssignorTopic[], taken: PartitionSetBuilder): Place[] {
  const free: Place[] = []
  for (const { topicId, partitionCount } of topics) {
    for (let partitionIndex = 0; partitionIndex < partitionCount; partitionIndex++) {
      if (!isTaken(taken, topicId, partitionIndex)) free.push({ topicId, partitionIndex })
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

function isTaken(taken: PartitionSetBuilder, topicId: string, partitionIndex: number): boolean {
  return taken.build().get(topicId)?.has(partitionIndex) === true
}
