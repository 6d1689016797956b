// Rules of correctness.md, broken on purpose, one at a time, to see that the simulation of the cluster
// notices (docs/cluster-simulation.md). The production code has no switches: its methods are replaced
// while a bug is planted.

import {
  FollowedPartition,
  FollowerState,
  IsrChanges,
  LeaderState,
  NodeAuthority,
  Partition,
  PauseGuard,
  ReplicaFetcher,
} from '@weir/broker/internals'
import { BrokerControl, EffectiveSettings } from '@weir/controller/internals'
import { Log, LogManager } from '@weir/log'

export interface PlantedClusterBug {
  readonly rule: string
  readonly name: string
  readonly what: string
  /** Replaces methods; answers what puts them back. */
  plant(): () => void
}

/** Replaces one method of a class. */
function patch<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  method: T[K],
): () => void {
  return patchProperty(prototype, name, { value: method, writable: true, configurable: true })
}

/** Replaces a getter. */
function patchGetter<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  get: (this: T) => T[K],
): () => void {
  return patchProperty(prototype, name, { get, configurable: true })
}

function patchProperty(
  prototype: object,
  name: PropertyKey,
  replacement: PropertyDescriptor,
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)
  if (original === undefined) throw new Error(`there is no ${String(name)} to replace`)
  Object.defineProperty(prototype, name, replacement)
  return () => Object.defineProperty(prototype, name, original)
}

function both(...plants: readonly (() => () => void)[]): () => () => void {
  return () => {
    const restores = plants.map(plant => plant())
    return () => {
      for (const restore of restores.reverse()) restore()
    }
  }
}

const bug = (
  rule: string,
  name: string,
  what: string,
  plant: () => () => void,
): PlantedClusterBug => ({ rule, name, what, plant })

const replication: readonly PlantedClusterBug[] = [
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
  bug('R3', 'no-fetched-epoch', 'fetches of followers carry no epoch', () =>
    patchGetter(FollowedPartition.prototype, 'lastFetchedEpoch', () => -1),
  ),
  bug('R4', 'no-epoch-of-leader', 'a new leader does not note its epoch before it appends', () =>
    patch(Log.prototype, 'assignEpoch', () => {}),
  ),
  bug('R5', 'late-answers-count', 'a follower appends what it asked a former leader for', () =>
    both(
      () => patch(ReplicaFetcher.prototype, 'remove', () => {}),
      () =>
        patch(
          Partition.prototype,
          'appendAsFollower',
          function (this: Partition, records, leaderEpoch) {
            return this.log.append(records, { leaderEpoch, origin: 'replication', nowMs: 0 })
          },
        ),
    )(),
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
    return patch(IsrChanges.prototype, 'submit', function (this: IsrChanges, change, done) {
      return submit.call(this, change, resolution => {
        if (resolution.kind === 'wait') done({ kind: 'refused', error: resolution.error })
        else done(resolution)
      })
    })
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
  bug('R20', 'start-not-moved', 'a follower that begins anew keeps its old end', () =>
    patch(Log.prototype, 'truncateFullyAndStartAt', () => Promise.resolve()),
  ),
]

const controller: readonly PlantedClusterBug[] = [
  bug('R12', 'unclean-elections', 'anybody is elected when nobody who may is alive', () =>
    patch(EffectiveSettings.prototype, 'uncleanElection', () => true),
  ),
  bug(
    'R13',
    'crash-is-clean',
    'a broker that crashed is taken for one that stopped in order',
    () => {
      const { register } = BrokerControl.prototype
      return patch(
        BrokerControl.prototype,
        'register',
        function (this: BrokerControl, registration, recordOffset, nowMs) {
          const decision = register.call(this, registration, recordOffset, nowMs)
          const records = decision.records.map(record =>
            record.kind === 'registerBroker' ? { ...record, isSuspect: false } : record,
          )
          return { ...decision, records }
        },
      )
    },
  ),
]

export const PLANTED_CLUSTER_BUGS: readonly PlantedClusterBug[] = [...replication, ...controller]
