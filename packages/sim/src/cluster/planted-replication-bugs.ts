// Rules of replication, broken on purpose (docs/cluster-simulation.md). The production code has no switches.

import {
  FollowedPartition,
  FollowerState,
  IsrChanges,
  LeaderState,
  NodeAuthority,
  Partition,
  PartitionApplier,
  PauseGuard,
  PendingAcks,
  ReplicaFetcher,
} from '@weir/broker/internals'
import { Log, LogManager } from '@weir/log'
import { batchSizeInBytes, setBatchLeaderEpoch } from '@weir/protocol'
import { both, bug, type PlantedClusterBug, patch, patchGetter } from './planting.ts'

export const REPLICATION_BUGS: readonly PlantedClusterBug[] = [
  bug('R1', 'cut-at-high-watermark', 'a follower cuts its log at its high watermark', () => {
    const { add } = ReplicaFetcher.prototype
    return patch(ReplicaFetcher.prototype, 'add', function (this: ReplicaFetcher, followed) {
      const { partition } = followed
      followed.isBusy = true
      const cut = partition.truncateTo(partition.highWatermark)
      void cut.then(() => {
        followed.isBusy = false
        this.changed(followed)
      })
      add.call(this, followed)
    })
  }),
  bug('R2', 'no-epoch-below-the-first', 'epochs below the first of the log are not known', () => {
    const { endOffsetForEpoch } = Log.prototype
    return patch(Log.prototype, 'endOffsetForEpoch', function (this: Log, epoch) {
      const found = endOffsetForEpoch.call(this, epoch)
      const isBelow = found.leaderEpoch === epoch && epoch < this.latestEpoch
      if (!isBelow || this.epochForOffset(found.endOffset - 1) === epoch) return found
      return { leaderEpoch: -1, endOffset: -1 }
    })
  }),
  bug('R3', 'no-fetched-epoch', 'fetches of followers carry no epoch', () =>
    patchGetter(FollowedPartition.prototype, 'lastFetchedEpoch', () => -1),
  ),
  bug('R4', 'no-epoch-of-leader', 'a new leader does not note its epoch before it appends', () =>
    patch(Log.prototype, 'assignEpoch', () => {}),
  ),
  bug(
    'R5',
    'late-answers-count',
    'a follower takes what a former leader sends for news of its present one',
    () => {
      const { remove } = ReplicaFetcher.prototype
      const { apply } = PartitionApplier.prototype
      // Those that are not followed there any more, until one more answer has come.
      const gone = new WeakSet<FollowedPartition>()
      return both(
        () =>
          patch(ReplicaFetcher.prototype, 'remove', (followed: FollowedPartition) => {
            gone.add(followed)
          }),
        () =>
          patch(
            PartitionApplier.prototype,
            'apply',
            function (this: PartitionApplier, source, followed, answer) {
              const outcome = apply.call(this, source, followed, answer)
              if (!gone.delete(followed) || !(source instanceof ReplicaFetcher)) return outcome
              // The listener is another fetcher's by now.
              const quiet = patch(Partition.prototype, 'setFollowerListener', () => {})
              remove.call(source, followed)
              quiet()
              return 'unchanged'
            },
          ),
        () =>
          patch(
            Partition.prototype,
            'appendAsFollower',
            function (this: Partition, records, leaderEpoch) {
              // The log looks at the epochs of batches: they are made to fit.
              if (leaderEpoch !== this.leaderEpoch)
                for (let at = 0; at < records.length; at += batchSizeInBytes(records, at))
                  setBatchLeaderEpoch(records, at, this.leaderEpoch)
              const options = { leaderEpoch: this.leaderEpoch, origin: 'replication' as const }
              return this.log.append(records, { ...options, nowMs: 0 })
            },
          ),
      )()
    },
  ),
  bug('R6', 'committed-isr', 'the high watermark is over the ISR without what is proposed', () =>
    patchGetter(LeaderState.prototype, 'maximalIsr', function (this: LeaderState) {
      return this.isr
    }),
  ),
  bug('R7', 'end-before-known', 'a new leader tells the end of its log before it knows it', () =>
    patchGetter(Partition.prototype, 'knowsEndOffset', () => true),
  ),
  bug('R8', 'any-epoch-joins', 'a fetch of a registration that is over lets a replica join', () => {
    const { onFetch } = FollowerState.prototype
    const withoutEpoch = patch(
      FollowerState.prototype,
      'onFetch',
      function (this: FollowerState, fetch, leaderEndOffset, nowMs) {
        onFetch.call(this, { ...fetch, brokerEpoch: -1 }, leaderEndOffset, nowMs)
      },
    )
    const eligible = patch(NodeAuthority.prototype, 'isEligible', () => true)
    return () => {
      withoutEpoch()
      eligible()
    }
  }),
  bug('R9', 'stale-is-refused', 'a proposal that came too late counts as refused', () => {
    const { submit } = IsrChanges.prototype
    const { highWatermark } = LeaderState.prototype
    const { isEligible } = NodeAuthority.prototype
    // The high watermark waits for who is about to join, too (R6): that would hide it.
    let isAdvancing = false
    return both(
      () =>
        patch(IsrChanges.prototype, 'submit', function (this: IsrChanges, change, done) {
          return submit.call(this, change, resolution => {
            if (resolution.kind === 'wait') done({ kind: 'refused', error: resolution.error })
            else done(resolution)
          })
        }),
      () =>
        patch(LeaderState.prototype, 'highWatermark', function (this: LeaderState) {
          isAdvancing = true
          try {
            return highWatermark.call(this)
          } finally {
            isAdvancing = false
          }
        }),
      () =>
        patch(NodeAuthority.prototype, 'isEligible', function (this: NodeAuthority, id, epoch) {
          return !isAdvancing && isEligible.call(this, id, epoch)
        }),
    )()
  }),
  bug(
    'R10',
    'acks-unwritten',
    'a follower acknowledges what it was sent before it wrote it',
    () => {
      const { onFetch } = FollowerState.prototype
      return patch(
        FollowerState.prototype,
        'onFetch',
        function (this: FollowerState, fetch, leaderEndOffset, nowMs) {
          onFetch.call(this, { ...fetch, fetchOffset: leaderEndOffset }, leaderEndOffset, nowMs)
        },
      )
    },
  ),
  bug('R11', 'no-minimum', 'the leader alone is enough, whatever min.insync.replicas says', () =>
    both(
      () => patchGetter(LeaderState.prototype, 'hasEnoughInsync', () => true),
      () => patchGetter(LeaderState.prototype, 'hasEnoughMaximal', () => true),
    )(),
  ),
  bug('R11', 'ack-when-written', 'acks=all is answered when the leader has written', () =>
    patch(Partition.prototype, 'awaitCommitted', Partition.prototype.awaitWritten),
  ),
  bug('R16', 'no-pause-guard', 'a leader goes on after a pause without asking', () =>
    patch(PauseGuard.prototype, 'mayServe', () => true),
  ),
  bug('R17', 'old-log-reused', 'a topic goes on with the log of its deleted namesake', () => {
    const { getOrCreate } = LogManager.prototype
    return patch(
      LogManager.prototype,
      'getOrCreate',
      function (this: LogManager, topic, topicId, partitionIndex, config) {
        const known = this.get(topic, partitionIndex)
        return known ?? getOrCreate.call(this, topic, topicId, partitionIndex, config)
      },
    )
  }),
  bug(
    'R18',
    'not-here-after-append',
    'who waits when the leader goes is told that it never led',
    () => {
      const { failAll } = PendingAcks.prototype
      return patch(PendingAcks.prototype, 'failAll', function (this: PendingAcks) {
        failAll.call(this, 'NOT_LEADER_OR_FOLLOWER')
      })
    },
  ),
  bug('R20', 'start-not-moved', 'a follower that begins anew keeps its old end', () =>
    patch(Log.prototype, 'truncateFullyAndStartAt', () => Promise.resolve()),
  ),
]
