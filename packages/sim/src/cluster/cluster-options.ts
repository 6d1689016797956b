// What a seed means for the whole cluster: its shape, its machines, and which faults it has. Each seed
// leaves a random half of the faults out ("swarm"), so that rare ones are not drowned.

import { type DiskFaults, type NetFaults, SimRandom } from '@weir/core/sim'
import type { RetryStyle } from './pipeline-partition.ts'

/** combined: three nodes in both roles. separate: three controllers and three brokers. */
export type ClusterShape = 'single' | 'combined' | 'separate'

/** What may go wrong, and what operators do meanwhile. */
export const FAULT_KINDS = [
  'kill',
  'powerLoss',
  'pause',
  'cut',
  'isolate',
  'reset',
  'slowNetwork',
  'clockJump',
  'diskError',
  'diskFull',
  'slowDisk',
  'controlledShutdown',
  'rollingRestart',
  'recreateTopic',
  'reassign',
  'alterConfigs',
  'electLeaders',
  'deleteRecords',
] as const

/** Faults that bite only one after the other (scenes.ts), and what came later: drawn by themselves. */
export const SCENE_KINDS = [
  'strandLeader',
  'lateAnswers',
  'lostTail',
  'lastReplica',
  'rival',
] as const

/** What came last: drawn by themselves, so that the seeds without them stay what they were. */
export const ADDED_KINDS = ['flippedBits', 'changeVoters'] as const

export type SceneKind = (typeof SCENE_KINDS)[number]

export type FaultKind = (typeof FAULT_KINDS)[number] | SceneKind | (typeof ADDED_KINDS)[number]

export interface ClusterSimOptions {
  readonly seed: number
  readonly shape: ClusterShape
  readonly faultMs: number
  /** Mean time between two faults. */
  readonly faultEveryMs: number
  readonly faults: readonly FaultKind[]
  /** Mean time between the beginnings of two scenes. */
  readonly sceneEveryMs: number
  /** Who lags for longer leaves the ISR. */
  readonly lagTimeMaxMs: number
  /** Logs are synced before anything is acknowledged: then power may fail anywhere. */
  readonly isSynced: boolean
  readonly minInsyncReplicas: number
  /** No topic has less than two in-sync replicas: then power may fail in more places. */
  readonly isStrict: boolean
  /** Topics close their segments after so long; null: their logs have one. */
  readonly segmentMs: number | null
  readonly snapshotBytes: number
  readonly disk: Partial<DiskFaults>
  readonly net: Partial<NetFaults>
  readonly producers: number
  /** Mean time between two records of a producer. */
  readonly recordEveryMs: number
  readonly lingerMs: number
  /** How the producer with several requests in flight sends again. */
  readonly retryStyle: RetryStyle
  readonly readers: number
  readonly classicMembers: number
  readonly consumerMembers: number
}

/** Faults and a shape may be asked for; all else is the seed's. */
export function clusterOptionsOf(
  seed: number,
  asked: { readonly shape?: ClusterShape; readonly faults?: readonly string[] } = {},
): ClusterSimOptions {
  const random = new SimRandom(`cluster options ${seed}`)
  const scenes = new SimRandom(`cluster scenes ${seed}`)
  const later = new SimRandom(`cluster additions ${seed}`)
  const isStrict = random.chance(0.4)
  const shape = random.chance(0.5) ? 'combined' : 'separate'
  const isOn = (kind: FaultKind, drawn: boolean) => asked.faults?.includes(kind) ?? drawn
  return {
    seed,
    shape: asked.shape ?? shape,
    faultMs: 12_000,
    faultEveryMs: random.between(150, 1200),
    faults: [
      ...FAULT_KINDS.filter(kind => isOn(kind, random.chance(0.5))),
      ...SCENE_KINDS.filter(kind =>
        isOn(kind, scenes.chance(0.5) || (isStrict && kind === 'lastReplica')),
      ),
      ...ADDED_KINDS.filter(kind => isOn(kind, later.chance(0.5))),
    ],
    sceneEveryMs: scenes.between(500, 3000),
    lagTimeMaxMs: scenes.chance(0.6) ? 3000 : 30_000,
    isSynced: random.chance(0.3),
    minInsyncReplicas: isStrict || random.chance(0.6) ? 2 : 1,
    isStrict,
    segmentMs: later.chance(0.5) ? later.between(1000, 5000) : null,
    snapshotBytes: random.chance(0.5) ? 4096 : 1_048_576,
    disk: {
      maxDelayMs: random.chance(0.7) ? 0.5 : 10,
      syncWriteChance: random.fraction(),
      shortWriteChance: random.chance(0.3) ? 0.02 : 0,
      garbageChance: later.chance(0.5) ? 0.3 : 0,
    },
    net: {
      minLatencyMs: 0.05,
      maxLatencyMs: random.chance(0.6) ? 1 : 25,
      splitChance: random.chance(0.5) ? 0.2 : 0,
    },
    producers: 1 + random.below(3),
    recordEveryMs: random.between(25, 150),
    lingerMs: random.below(10),
    retryStyle: later.chance(0.5) ? 'oneByOne' : 'together',
    readers: 1 + random.below(2),
    classicMembers: random.chance(0.6) ? 1 + random.below(3) : 0,
    consumerMembers: random.chance(0.6) ? 1 + random.below(3) : 0,
  }
}
