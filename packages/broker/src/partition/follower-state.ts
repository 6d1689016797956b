// What the leader of a partition knows of one follower: a fetch offset is an acknowledgement.
// Forgotten whenever the leader epoch changes: an old fetch must not count for a new leader.

export class FollowerState {
  readonly replicaId: number
  /** The next offset that the follower asked for: it has written all below. -1 before its first fetch. */
  logEndOffset = -1
  logStartOffset = -1
  /** -1 when the follower did not say. */
  brokerEpoch = -1
  /** Monotonic time at which it last had everything. */
  lastCaughtUpMs = Number.NEGATIVE_INFINITY

  constructor(replicaId: number) {
    this.replicaId = replicaId
  }
}
