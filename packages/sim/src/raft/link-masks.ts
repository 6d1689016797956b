// Partial partitions: every way in which the links between nodes can work or not, each direction on
// its own. Wherever some node has two-way links to a majority there must be one leader, soon, and it
// must stay (docs/traps.md Q2).

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

/** The nodes that are connected both ways with a majority, themselves counted. */
function hubsOf(nodeCount: number, works: (from: number, to: number) => boolean): number[] {
  const ids = Array.from({ length: nodeCount }, (_, i) => i + 1)
  return ids.filter(hub => {
    const friends = ids.filter(other => other !== hub && works(hub, other) && works(other, hub))
    return friends.length + 1 > nodeCount / 2
  })
}

/**
 * A quiet cluster in which links fail: from the start, or when the node `firstLeader` leads. Then it
 * is watched.
 */
export function runMask(
  nodeCount: number,
  mask: number,
  seed: number,
  firstLeader: number | null = null,
): MaskResult {
  const links = linksOf(nodeCount)
  const works = (from: number, to: number) =>
    links.some((link, i) => link.from === from && link.to === to && ((mask >> i) & 1) === 1)
  const options = { ...optionsOf(seed), voters: nodeCount, endsPartitioned: false, skew: 0 }
  const cluster = new RaftCluster(options, NO_BUGS)
  cluster.isFaulty = false
  const runFor = (ms: number) => cluster.queue.runUntil(cluster.nowMs + ms)
  if (firstLeader !== null) makeLeader(cluster, firstLeader, runFor)
  const before = cluster.leader()?.raft?.term
  for (const { from, to } of links) if (!works(from, to)) cluster.cuts.add(`${from}>${to}`)
  const hubs = hubsOf(nodeCount, works)
  const mustLead = hubs.length > 0
  runFor(HEALING_TIMEOUTS * ELECTION_TIMEOUT_MS)
  if (!mustLead) return { mustLead, violation: null }
  const isDeposed = cluster.leader()?.raft?.term !== before
  if (firstLeader !== null && hubs.includes(firstLeader) && isDeposed)
    return { mustLead, violation: 'a leader that reaches a majority was replaced' }
  return { mustLead, violation: watch(cluster, runFor) }
}

function makeLeader(cluster: RaftCluster, id: number, runFor: (ms: number) => void): void {
  for (let i = 0; i < HEALING_TIMEOUTS && cluster.nodes.get(id)?.isLeader !== true; i++) {
    runFor(ELECTION_TIMEOUT_MS)
    cluster.leader()?.act(raft => {
      raft.transferLeadership(id)
    })
  }
  runFor(ELECTION_TIMEOUT_MS)
}

/** All masks of three nodes, from the start and with each node as the leader before. */
export function* threeNodeMasks(): Generator<{ mask: number; firstLeader: number | null }> {
  for (let mask = 0; mask < 1 << linksOf(3).length; mask++)
    for (const firstLeader of [null, 1, 2, 3]) yield { mask, firstLeader }
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
