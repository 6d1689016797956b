// Partial partitions: every way in which the links between nodes can work or not, each direction on
// its own. Wherever some node has two-way links to a majority there must be one leader, soon, and it
// must stay (correctness.md Q2).

import { RaftCluster } from './raft-cluster.ts'
import { ELECTION_TIMEOUT_MS, optionsOf } from './raft-sim-options.ts'
import { HEALING_TIMEOUTS, NO_BUGS } from './run-seed.ts'

const STABLE_TIMEOUTS = 10

export interface MaskResult {
  /** Whether some node is connected both ways with a majority, itself counted. */
  readonly mustLead: boolean
  /** Null if there was one leader in time and it stayed, or none was demanded. */
  readonly violation: string | null
}

/** All ordered pairs of nodes: bit i of a mask says whether link i works. */
export function linksOf(nodeCount: number): { from: number; to: number }[] {
  const ids = Array.from({ length: nodeCount }, (_, i) => i + 1)
  return ids.flatMap(from => ids.filter(to => to !== from).map(to => ({ from, to })))
}

function hasHub(nodeCount: number, works: (from: number, to: number) => boolean): boolean {
  for (let hub = 1; hub <= nodeCount; hub++) {
    let count = 1
    for (let other = 1; other <= nodeCount; other++)
      if (other !== hub && works(hub, other) && works(other, hub)) count++
    if (count > nodeCount / 2) return true
  }
  return false
}

/** Starts a quiet cluster with these links and watches it. */
export function runMask(nodeCount: number, mask: number, seed: number): MaskResult {
  const links = linksOf(nodeCount)
  const works = (from: number, to: number) =>
    links.some((link, i) => link.from === from && link.to === to && ((mask >> i) & 1) === 1)
  const options = { ...optionsOf(seed), voters: nodeCount, endsPartitioned: false, skew: 0 }
  const cluster = new RaftCluster(options, NO_BUGS)
  cluster.isFaulty = false
  for (const { from, to } of links) if (!works(from, to)) cluster.cuts.add(`${from}>${to}`)
  const runFor = (ms: number) => cluster.queue.runUntil(cluster.nowMs + ms)
  const mustLead = hasHub(nodeCount, works)
  runFor(HEALING_TIMEOUTS * ELECTION_TIMEOUT_MS)
  if (!mustLead) return { mustLead, violation: null }
  return { mustLead, violation: watch(cluster, runFor) }
}

function watch(cluster: RaftCluster, runFor: (ms: number) => void): string | null {
  const leaders = [...cluster.nodes.values()].filter(node => node.isLeader)
  if (leaders.length !== 1) return `${leaders.length} leaders`
  const [leader] = leaders
  const term = leader?.raft?.term
  const before = cluster.checker.acknowledgedWrites
  cluster.proposeOn(leader ?? null)
  for (let i = 0; i < STABLE_TIMEOUTS; i++) {
    runFor(ELECTION_TIMEOUT_MS)
    if (leader?.isLeader !== true || leader.raft?.term !== term) return 'the leader did not stay'
    for (const node of cluster.nodes.values())
      if (node.raft !== null && node.raft.term > (term ?? 0)) return 'a term was started'
  }
  return cluster.checker.acknowledgedWrites > before ? null : 'no progress'
}
