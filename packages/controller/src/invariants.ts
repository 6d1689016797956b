// What must hold of every image, and of every change. Tests and the simulation ask after each step.

import type { MetadataImage, PartitionImage } from './image.ts'
import { PartitionIndex } from './partition-index.ts'
import { LEADER_RECOVERED, NO_LEADER } from './records.ts'

type Ids = readonly number[]

/** The problems of a partition by itself; empty if it is sound. */
export function partitionProblems(partition: PartitionImage, minInsyncReplicas: number): string[] {
  const { replicas, isr, elr, leader, addingReplicas, removingReplicas, lastKnownElr } = partition
  const isSubset = (ids: Ids) => ids.every(id => replicas.includes(id)) && isDistinct(ids)
  const facts: readonly (readonly [boolean, string])[] = [
    [replicas.length > 0 && isDistinct(replicas), 'replicas are no set'],
    [isSubset(isr), 'the ISR is no subset of the replicas'],
    [isSubset(elr), 'the ELR is no subset of the replicas'],
    [isSubset(addingReplicas), 'replicas to add are not among the replicas'],
    [isSubset(removingReplicas), 'replicas to remove are not among the replicas'],
    [!addingReplicas.some(id => removingReplicas.includes(id)), 'a replica is added and removed'],
    [removingReplicas.length < replicas.length, 'all replicas are to be removed'],
    [!elr.some(id => isr.includes(id)), 'a replica is in ISR and ELR'],
    [
      leader === NO_LEADER ? isr.length === 0 : isr.includes(leader),
      'the leader is not of the ISR',
    ],
    [
      elr.length === 0 || isr.length < Math.min(minInsyncReplicas, replicas.length),
      'an ELR beside an ISR of the minimum size',
    ],
    [lastKnownElr.length <= (leader === NO_LEADER ? 1 : 0), 'a last leader beside a leader'],
    [
      partition.leaderRecoveryState === LEADER_RECOVERED || isr.length <= 1,
      'others follow a leader that has not recovered',
    ],
    [partition.partitionEpoch >= partition.leaderEpoch, 'more leader epochs than changes'],
  ]
  return facts.filter(([holds]) => !holds).map(([, problem]) => problem)
}

/** What is wrong with going from one state of a partition to the next; null if nothing. */
export function changeProblem(before: PartitionImage, after: PartitionImage): string | null {
  if (after.partitionEpoch <= before.partitionEpoch) return 'a change without a new partition epoch'
  if (after.leaderEpoch < before.leaderEpoch) return 'the leader epoch goes back'
  const isSameEpoch = after.leaderEpoch === before.leaderEpoch
  if (isSameEpoch && after.leader !== before.leader) return 'two leaders in one epoch'
  const isLost = before.replicas.some(id => !after.replicas.includes(id))
  if (isSameEpoch && isLost) return 'a replica is gone without a new leader epoch'
  return null
}

/**
 * What holds once no sweep is under way: who is not active is in no ISR, and nobody who could lead
 * waits.
 */
export function settledProblems(image: MetadataImage, partition: PartitionImage): string[] {
  const { isr, elr, leader, replicas } = partition
  const problems: string[] = []
  // The only replica keeps the lead while its broker registers.
  const isOnly = replicas.length === 1
  if (!isOnly && !isr.every(id => image.isActive(id))) problems.push('a dead broker is in the ISR')
  if (leader === NO_LEADER && elr.some(id => image.isActive(id))) {
    problems.push('no leader, although one is eligible')
  }
  return problems
}

/** Differences between the index that an image has kept and one made anew. */
export function indexProblems(image: MetadataImage): string[] {
  const expected = new PartitionIndex()
  for (const topic of image.topics) {
    for (const partition of topic.partitions) expected.update(undefined, partition)
  }
  const kept = image.index.describe()
  const made = expected.describe()
  return kept === made ? [] : [`index differs: ${kept} instead of ${made}`]
}

function isDistinct(ids: Ids): boolean {
  return new Set(ids).size === ids.length
}
