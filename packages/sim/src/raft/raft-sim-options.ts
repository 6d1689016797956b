// What a seed means: the size of the cluster, its limits, and which faults it has how often. Each
// seed leaves a random half of the faults out ("swarm"), so that rare ones are not drowned.

import { SimRandom } from '@weir/core/sim'
import type { RaftLimits } from '@weir/raft'

export const TICK_MS = 50
/** The longest that a follower waits: 6 ticks, and up to 5 more by chance. */
export const ELECTION_TIMEOUT_MS = 12 * TICK_MS

export interface RaftSimOptions {
  readonly seed: number
  readonly voters: number
  readonly faultMs: number
  readonly limits: RaftLimits
  readonly snapshotEvery: number
  readonly trailingEntries: number
  /** Probabilities for each message. */
  readonly loss: number
  readonly duplication: number
  readonly longDelay: number
  readonly maxDelayMs: number
  /** Through the codec, bytes and back. */
  readonly isEncoded: boolean
  /** Mean time between two of a kind; 0: never. */
  readonly crashEveryMs: number
  readonly pauseEveryMs: number
  readonly cutEveryMs: number
  readonly jumpEveryMs: number
  readonly resetEveryMs: number
  readonly transferEveryMs: number
  readonly membershipEveryMs: number
  readonly damageEveryMs: number
  readonly wipeEveryMs: number
  readonly syncErrorEveryMs: number
  readonly stallEveryMs: number
  /** Ticks of the nodes differ by up to this factor. */
  readonly skew: number
  readonly proposeEveryMs: number
  readonly readEveryMs: number
  /** After the faults: all links, or only some with which a majority is connected both ways. */
  readonly endsPartitioned: boolean
}

export function optionsOf(seed: number): RaftSimOptions {
  const random = new SimRandom(`options ${seed}`)
  const on = (value: number) => (random.chance(0.5) ? value : 0)
  const every = (min: number, max: number) => on(Math.round(random.between(min, max)))
  return {
    seed,
    voters: random.chance(0.6) ? 3 : 5,
    faultMs: 20_000,
    limits: {
      electionTicks: 6,
      heartbeatTicks: 2,
      maxAppendBytes: random.chance(0.4) ? 1 : 2048,
      maxInflightMessages: 1 + random.below(16),
      maxInflightBytes: random.chance(0.3) ? 256 : 65536,
      maxUncommittedBytes: random.chance(0.3) ? 1024 : 65536,
      maxApplyBytes: random.chance(0.3) ? 1 : 65536,
      maxObservers: 16,
    },
    snapshotEvery: random.chance(0.5) ? 10 + random.below(100) : 100_000,
    trailingEntries: random.below(20),
    loss: on(random.between(0, 0.2)),
    duplication: on(random.between(0, 0.1)),
    longDelay: on(random.between(0, 0.1)),
    maxDelayMs: random.chance(0.5) ? 500 : 2000,
    isEncoded: random.chance(0.1),
    crashEveryMs: every(300, 4000),
    pauseEveryMs: every(1000, 6000),
    cutEveryMs: every(300, 4000),
    jumpEveryMs: every(1000, 6000),
    resetEveryMs: every(500, 4000),
    transferEveryMs: every(500, 5000),
    membershipEveryMs: every(300, 2000),
    damageEveryMs: every(1000, 5000),
    wipeEveryMs: every(2000, 8000),
    syncErrorEveryMs: every(1000, 8000),
    stallEveryMs: every(1000, 8000),
    skew: on(random.between(0, 0.5)),
    proposeEveryMs: 5 + random.below(60),
    readEveryMs: 10 + random.below(60),
    endsPartitioned: random.chance(0.5),
  }
}
