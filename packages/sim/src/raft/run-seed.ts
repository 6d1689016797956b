// One seed: faults for a while, then the cluster heals and has to lead and to make progress within
// ten election timeouts.

import { errorMessage } from '@weir/core'
import type { SimRandom } from '@weir/core/sim'
import { operate, startFaults } from './faults.ts'
import { RaftCluster } from './raft-cluster.ts'
import { ELECTION_TIMEOUT_MS, optionsOf, type RaftSimOptions } from './raft-sim-options.ts'
import type { DriverBugs } from './sim-node.ts'

export const HEALING_TIMEOUTS = 10
const STABLE_MS = 5000

export const NO_BUGS: DriverBugs = {
  sendsBeforeSync: false,
  emptiesLogBeforeSnapshot: false,
  ignoresSyncErrors: false,
  returnsAfterWipe: false,
}

export interface SeedResult {
  readonly seed: number
  /** Null if everything held. */
  readonly violation: string | null
  readonly trace: number
  readonly events: number
  readonly simulatedMs: number
  readonly committed: number
  readonly reads: number
  readonly leaderTerms: number
}

export function runSeed(seed: number, bugs: DriverBugs = NO_BUGS): SeedResult {
  return run(optionsOf(seed), bugs)
}

function run(options: RaftSimOptions, bugs: DriverBugs): SeedResult {
  const cluster = new RaftCluster(options, bugs)
  let events = 0
  let violation: string | null = null
  const runFor = (ms: number) => {
    events += cluster.queue.runUntil(cluster.nowMs + ms)
  }
  try {
    startWorkload(cluster)
    startFaults(cluster)
    runFor(options.faultMs)
    violation = finish(cluster, runFor)
  } catch (error) {
    violation = errorMessage(error)
  }
  return {
    seed: options.seed,
    violation,
    trace: cluster.trace,
    events,
    simulatedMs: cluster.nowMs,
    committed: cluster.checker.committedIndex,
    reads: cluster.checker.answeredReads,
    leaderTerms: cluster.checker.leaderTerms,
  }
}

function startWorkload(cluster: RaftCluster): void {
  const { options } = cluster
  const repeat = (everyMs: number, act: () => void) => {
    cluster.after(everyMs, () => {
      act()
      repeat(everyMs, act)
    })
  }
  repeat(options.proposeEveryMs, () => {
    // Also a leader of the past is asked, if it believes it leads.
    const believers = [...cluster.nodes.values()].filter(node => node.isLeader)
    const node = believers[cluster.random.below(believers.length)]
    cluster.proposeOn(node ?? null)
  })
  repeat(options.readEveryMs, () => cluster.anyNode()?.read())
}

/** Faults end. What is wrong afterwards, or null. */
function finish(cluster: RaftCluster, runFor: (ms: number) => void): string | null {
  cluster.isFaulty = false
  heal(cluster)
  // Disks and messages of the past come to rest.
  runFor(2500)
  heal(cluster)
  const before = cluster.checker.acknowledgedWrites
  const deadline = cluster.nowMs + HEALING_TIMEOUTS * ELECTION_TIMEOUT_MS
  while (cluster.checker.acknowledgedWrites === before) {
    if (cluster.nowMs >= deadline) return 'no progress ten election timeouts after healing'
    runFor(50)
  }
  replaceLost(cluster, runFor)
  if (cluster.options.endsPartitioned) partition(cluster, cluster.random)
  runFor(HEALING_TIMEOUTS * ELECTION_TIMEOUT_MS)
  return checkStable(cluster, runFor)
}

function heal(cluster: RaftCluster): void {
  cluster.cuts.clear()
  for (const node of cluster.nodes.values()) {
    node.syncMs = 1
    node.failNextSync = false
    node.resume()
    cluster.restart(node)
  }
}

/** The operator's last task: voters whose disk is gone are taken out. */
function replaceLost(cluster: RaftCluster, runFor: (ms: number) => void): void {
  for (let i = 0; i < 10; i++) {
    const voters = cluster.leader()?.raft?.status().membership.voters ?? []
    if (voters.length > 0 && voters.every(id => cluster.nodes.has(id))) return
    operate(cluster)
    runFor(ELECTION_TIMEOUT_MS)
  }
}

/**
 * Any links are cut but those within a majority of voters. (A node in the middle of a star is not
 * enough: one with a longer log at its edge can neither win nor let the middle win.)
 */
function partition(cluster: RaftCluster, random: SimRandom): void {
  const membership = cluster.leader()?.raft?.status().membership
  const voters = [...(membership?.voters ?? [])]
  // In a joint configuration another majority counts, too.
  if (voters.length < 3 || membership?.outgoingVoters.length !== 0) return
  const start = random.below(voters.length)
  const size = Math.floor(voters.length / 2) + 1
  const majority = new Set(
    Array.from({ length: size }, (_, i) => voters[(start + i) % voters.length] ?? 0),
  )
  for (const from of voters)
    for (const to of voters) {
      const isKept = majority.has(from) && majority.has(to)
      if (from !== to && !isKept && random.chance(0.7)) cluster.cuts.add(`${from}>${to}`)
    }
}

/** One leader stays the leader, and writes get through. */
function checkStable(cluster: RaftCluster, runFor: (ms: number) => void): string | null {
  const { checker } = cluster
  const term = cluster.leader()?.raft?.term
  if (term === undefined) return 'no leader ten election timeouts after the partition'
  const writes = checker.acknowledgedWrites
  runFor(STABLE_MS)
  const now = cluster.leader()?.raft?.term
  if (now !== term) return `leadership is not stable: term ${term}, then ${now}`
  if (checker.acknowledgedWrites === writes) return 'a leader without progress'
  return null
}
