// One change of one partition: what becomes of ISR, ELR, leader and reassignment when a broker goes
// or comes, the leader reports another ISR, or an operator asks for something. The rules are KIP-966's.
//
// - ISR members that are not alive leave the ISR; the last one, too.
// - While the ISR is below min.insync.replicas nothing is committed: who leaves it then has all that is
//   committed and becomes eligible (ELR), unless it came back from a crash.
// - A leader is elected from the ISR, then from the ELR, never from elsewhere unless unclean elections
//   are on; but if neither has anybody left, the last leader is the best there is.
//
// Pure; answers null if nothing changes.

import type { PartitionImage } from './image.ts'
import {
  LEADER_RECOVERING,
  NO_LEADER,
  NO_PARTITION_CHANGE,
  type PartitionChangeRecord,
} from './records.ts'

export interface PartitionRules {
  /** Registered, unfenced and not about to stop. */
  readonly isAlive: (brokerId: number) => boolean
  /** Back from a crash, or not registered: it is no longer known to have what is committed. Never alive. */
  readonly isSuspect: (brokerId: number) => boolean
  readonly minInsyncReplicas: number
  readonly uncleanElection: boolean
}

export interface WantedChange {
  readonly isr?: readonly number[]
  readonly replicas?: readonly number[]
  readonly addingReplicas?: readonly number[]
  readonly removingReplicas?: readonly number[]
  readonly leaderRecoveryState?: number
  /** Give the lead to the first replica if it may lead. */
  readonly preferred?: boolean
}

type Ids = readonly number[]
const NOBODY: Ids = Object.freeze([])

interface Draft {
  replicas: Ids
  adding: Ids
  removing: Ids
  isr: Ids
  elr: Ids
  lastKnownElr: Ids
  leader: number
  recovery: number
}

export function partitionChange(
  partition: PartitionImage,
  wanted: WantedChange,
  rules: PartitionRules,
): PartitionChangeRecord | null {
  const draft: Draft = {
    replicas: wanted.replicas ?? partition.replicas,
    adding: wanted.addingReplicas ?? partition.addingReplicas,
    removing: wanted.removingReplicas ?? partition.removingReplicas,
    isr: (wanted.isr ?? partition.isr).filter(rules.isAlive),
    elr: partition.elr,
    lastKnownElr: partition.lastKnownElr,
    leader: partition.leader,
    recovery: wanted.leaderRecoveryState ?? partition.leaderRecoveryState,
  }
  completeReassignment(partition, draft, rules)
  draft.elr = eligible(partition, draft, rules)
  elect(partition, draft, wanted, rules)
  draft.lastKnownElr = lastKnown(partition, draft)
  return difference(partition, draft)
}

/** Who has all that is committed without being in the ISR. */
function eligible(partition: PartitionImage, draft: Draft, rules: PartitionRules): Ids {
  if (isAtMinimum(draft, rules)) return NOBODY
  const candidates = [...new Set([...partition.elr, ...partition.isr])]
  return candidates.filter(
    id => !draft.isr.includes(id) && draft.replicas.includes(id) && !rules.isSuspect(id),
  )
}

function isAtMinimum({ isr, replicas }: Draft, { minInsyncReplicas }: PartitionRules): boolean {
  return isr.length >= Math.min(minInsyncReplicas, replicas.length)
}

function elect(
  partition: PartitionImage,
  draft: Draft,
  wanted: WantedChange,
  rules: PartitionRules,
): void {
  const { isAlive } = rules
  const canLead = (id: number) => draft.isr.includes(id) && isAlive(id)
  const [first] = draft.replicas
  if (wanted.preferred === true && first !== undefined && canLead(first)) {
    draft.leader = first
    return
  }
  if (canLead(partition.leader)) return
  const clean =
    draft.replicas.find(canLead) ?? draft.replicas.find(id => draft.elr.includes(id) && isAlive(id))
  if (clean !== undefined) {
    draft.leader = clean
    if (draft.isr.includes(clean)) return
    draft.isr = [clean]
    draft.elr = eligible(partition, draft, rules)
    return
  }
  const unclean = uncleanLeader(draft, rules)
  draft.leader = unclean ?? NO_LEADER
  if (unclean === null) return
  draft.isr = [unclean]
  draft.elr = NOBODY
  draft.recovery = LEADER_RECOVERING
}

/** Somebody who may lack committed records: the last leader if all others are gone, or anybody. */
function uncleanLeader(
  { isr, elr, lastKnownElr, replicas }: Draft,
  { isAlive, uncleanElection }: PartitionRules,
): number | null {
  if (isr.length === 0 && elr.length === 0) {
    const last = lastKnownElr.find(id => replicas.includes(id) && isAlive(id))
    if (last !== undefined) return last
  }
  return uncleanElection ? (replicas.find(isAlive) ?? null) : null
}

/** The last leader, while there is none. */
function lastKnown(partition: PartitionImage, draft: Draft): Ids {
  if (draft.leader !== NO_LEADER) return NOBODY
  return partition.leader === NO_LEADER ? partition.lastKnownElr : [partition.leader]
}

/** The replicas to be removed leave when all added ones are in sync and enough stay in sync. */
function completeReassignment(
  partition: PartitionImage,
  draft: Draft,
  rules: PartitionRules,
): void {
  const { adding, removing, isr } = draft
  if (adding.length === 0 && removing.length === 0) return
  if (!adding.every(id => isr.includes(id))) return
  const replicas = draft.replicas.filter(id => !removing.includes(id))
  const remaining = isr.filter(id => !removing.includes(id))
  const enough = Math.max(1, Math.min(rules.minInsyncReplicas, replicas.length))
  if (replicas.length === 0 || remaining.length === 0) return
  // Whoever has all that is committed stays until enough others have it.
  if (remaining.length < enough && countsOn(partition, removing)) return
  draft.replicas = replicas
  draft.isr = remaining
  draft.adding = NOBODY
  draft.removing = NOBODY
}

/** Whether one of these is in the ISR or in the ELR. */
export function countsOn({ isr, elr }: PartitionImage, ids: Ids): boolean {
  return ids.some(id => isr.includes(id) || elr.includes(id))
}

function difference(partition: PartitionImage, draft: Draft): PartitionChangeRecord | null {
  const isNewLeader = draft.leader !== partition.leader
  // A replica that was taken out must not go on as if it were one: its fetches carry the old epoch.
  const losesReplicas = partition.replicas.some(id => !draft.replicas.includes(id))
  const isNewEpoch = isNewLeader || losesReplicas
  const record: PartitionChangeRecord = {
    kind: 'partitionChange',
    topicId: partition.topicId,
    partitionIndex: partition.partitionIndex,
    replicas: changed(partition.replicas, draft.replicas),
    isr: changed(partition.isr, draft.isr),
    addingReplicas: changed(partition.addingReplicas, draft.adding),
    removingReplicas: changed(partition.removingReplicas, draft.removing),
    elr: changed(partition.elr, draft.elr),
    lastKnownElr: changed(partition.lastKnownElr, draft.lastKnownElr),
    leader: isNewLeader ? draft.leader : null,
    leaderRecoveryState: draft.recovery === partition.leaderRecoveryState ? null : draft.recovery,
    leaderEpoch: isNewEpoch ? partition.leaderEpoch + 1 : null,
    partitionEpoch: partition.partitionEpoch + 1,
  }
  return isEmpty(record) ? null : record
}

function changed(before: Ids, after: Ids): Ids | null {
  const isSame = before.length === after.length && before.every((id, at) => id === after[at])
  return isSame ? null : after
}

function isEmpty(record: PartitionChangeRecord): boolean {
  return (
    record.replicas === null &&
    record.isr === null &&
    record.addingReplicas === null &&
    record.removingReplicas === null &&
    record.elr === null &&
    record.lastKnownElr === null &&
    record.leader === null &&
    record.leaderRecoveryState === null &&
    record.leaderEpoch === null
  )
}

/** A record that only begins a new leader epoch: the leader has lost its tail, and leads on. */
export function newLeaderEpoch(partition: PartitionImage): PartitionChangeRecord {
  return {
    ...NO_PARTITION_CHANGE,
    topicId: partition.topicId,
    partitionIndex: partition.partitionIndex,
    leaderEpoch: partition.leaderEpoch + 1,
    partitionEpoch: partition.partitionEpoch + 1,
  }
}
