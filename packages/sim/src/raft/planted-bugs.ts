// The rules of docs/traps.md, broken on purpose, one at a time, to see that the simulation notices.
// The production code has no switches: its methods are replaced while a bug is planted, or the
// driver of the simulation does its work in the wrong order.

import { Progress, RaftLog, RaftState, ReadQueue, Tracker, UncommittedBudget } from '@weir/raft'
import { NO_BUGS } from './run-seed.ts'
import type { DriverBugs } from './sim-node.ts'

export interface PlantedBug {
  readonly name: string
  readonly rule: string
  readonly what: string
  readonly driver: DriverBugs
  /** Replaces methods; answers what puts them back. */
  plant(): () => void
}

/** Replaces one method of a class. */
function patch<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  method: T[K],
): () => void {
  const original = prototype[name]
  prototype[name] = method
  return () => {
    prototype[name] = original
  }
}

function inDriver(
  rule: string,
  name: string,
  what: string,
  driver: Partial<DriverBugs>,
): PlantedBug {
  return { rule, name, what, driver: { ...NO_BUGS, ...driver }, plant: () => () => {} }
}

function inCore(rule: string, name: string, what: string, plant: () => () => void): PlantedBug {
  return { rule, name, what, driver: NO_BUGS, plant }
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  inDriver('Q1', 'send-before-sync', 'messages leave before the sync they depend on', {
    sendsBeforeSync: true,
  }),
  inCore('Q2', 'no-check-quorum', 'a leader without a majority stays leader', () =>
    patch(Tracker.prototype, 'isQuorumActive', () => true),
  ),
  inCore('Q2', 'no-lease', 'nodes that hear their leader help to replace it', () =>
    patch(RaftState.prototype, 'isInLease', () => false),
  ),
  inCore('Q3', 'read-unconfirmed', 'a leader answers reads without asking a majority', () => {
    const confirm = ReadQueue.prototype.confirm
    return patch(ReadQueue.prototype, 'confirm', function (this: ReadQueue) {
      return confirm.call(this, Number.POSITIVE_INFINITY)
    })
  }),
  inCore('Q3', 'read-early', 'a new leader answers reads before it committed in its term', () =>
    patch(ReadQueue.prototype, 'isUsable', () => true),
  ),
  inCore('Q4', 'commit-old-term', 'entries of older terms are committed by counting', () =>
    patch(RaftLog.prototype, 'maybeCommit', function (this: RaftLog, index: number) {
      return Number.isFinite(index) && index > this.commitIndex && this.commitTo(index)
    }),
  ),
  inCore('Q5', 'no-joint', 'several voters change at once without a joint configuration', () => {
    const setMembership = Tracker.prototype.setMembership
    return patch(Tracker.prototype, 'setMembership', function (this: Tracker, membership, next) {
      setMembership.call(this, { ...membership, outgoingVoters: [] }, next)
    })
  }),
  inCore(
    'Q6',
    'commit-unclamped',
    'heartbeats carry a commit index the follower may not have',
    () => patch(Progress.prototype, 'commitFor', (commitIndex: number) => commitIndex),
  ),
  inDriver('Q7', 'log-before-snapshot', 'the log is emptied before the snapshot is durable', {
    emptiesLogBeforeSnapshot: true,
  }),
  inCore('Q8', 'damaged-votes', 'a node votes with a log that lost what it had acknowledged', () =>
    patch(RaftState.prototype, 'isDamaged', () => false),
  ),
  inDriver('Q9', 'wiped-returns', 'a voter whose disk is gone returns under its old id', {
    returnsAfterWipe: true,
  }),
  inDriver('Q10', 'sync-error-ignored', 'a node goes on after a failed sync', {
    ignoresSyncErrors: true,
  }),
  inCore('Q11', 'unbounded', 'a leader accepts proposals without a bound', () =>
    patch(UncommittedBudget.prototype, 'accepts', () => true),
  ),
]
