// What goes wrong, and the operator's work, each at random times while the cluster is faulty.

import type { MemberChange } from '@weir/raft'
import { member, type RaftCluster } from './raft-cluster.ts'
import type { SimNode } from './sim-node.ts'

const MAX_NODES = 8

/** Calls `act` at random times, on average every `everyMs`, as long as faults are on. */
function repeat(cluster: RaftCluster, everyMs: number, act: () => void): void {
  if (everyMs === 0) return
  const again = () => {
    cluster.after(everyMs * 2 * cluster.random.fraction() + 0.1, () => {
      if (!cluster.isFaulty) return
      act()
      again()
    })
  }
  again()
}

/** Often the leader, since it matters most. */
function victim(cluster: RaftCluster): SimNode | null {
  return cluster.random.chance(0.5) ? (cluster.leader() ?? cluster.anyNode()) : cluster.anyNode()
}

export function startFaults(cluster: RaftCluster): void {
  const { options } = cluster
  repeat(cluster, options.crashEveryMs, () => crash(cluster))
  repeat(cluster, options.pauseEveryMs, () => pause(cluster))
  repeat(cluster, options.cutEveryMs, () => cut(cluster))
  repeat(cluster, options.jumpEveryMs, () => jump(cluster))
  repeat(cluster, options.resetEveryMs, () => reset(cluster))
  repeat(cluster, options.transferEveryMs, () => transfer(cluster))
  repeat(cluster, options.membershipEveryMs, () => {
    // A hasty operator does not wait for the first change to take effect.
    const count = cluster.random.chance(0.4) ? 3 : 1
    for (let i = 0; i < count; i++) operate(cluster)
  })
  repeat(cluster, options.damageEveryMs, () => damage(cluster))
  repeat(cluster, options.wipeEveryMs, () => wipe(cluster))
  repeat(cluster, options.syncErrorEveryMs, () => {
    const node = victim(cluster)
    if (node !== null) node.failNextSync = true
  })
  repeat(cluster, options.stallEveryMs, () => stall(cluster))
}

function crash(cluster: RaftCluster): void {
  // Now and then the power fails for all of them.
  const nodes = cluster.random.chance(0.1) ? [...cluster.nodes.values()] : [victim(cluster)]
  for (const node of nodes) if (node !== null) cluster.crash(node)
}

function pause(cluster: RaftCluster): void {
  const node = victim(cluster)
  if (node === null) return
  node.pause()
  cluster.after(cluster.random.fraction() * 3000, () => node.resume())
}

/** Cuts links, one way or both, one node from all others, or one half from the other. */
function cut(cluster: RaftCluster): void {
  const { random, cuts } = cluster
  const ids = [...cluster.nodes.keys()]
  const lonely = victim(cluster)?.id ?? 0
  const links = ids.flatMap(from => ids.filter(to => to !== from).map(to => ({ from, to })))
  const style = random.below(6)
  const half = new Set(ids.filter(() => random.chance(0.5)))
  const chosen = links
    .filter(({ from, to }) => {
      if (style === 0) return from === lonely
      if (style === 1) return to === lonely
      if (style === 2) return from === lonely || to === lonely
      if (style === 3) return random.chance(0.3)
      return half.has(from) !== half.has(to)
    })
    .map(({ from, to }) => `${from}>${to}`)
  for (const link of chosen) cuts.add(link)
  cluster.after(random.fraction() * 3000, () => {
    if (cluster.isFaulty) for (const link of chosen) cuts.delete(link)
  })
}

function jump(cluster: RaftCluster): void {
  const count = 1 + cluster.random.below(40)
  cluster.anyNode()?.act(raft => {
    for (let i = 0; i < count; i++) raft.tick()
  })
}

/** A connection broke: the node forgets its leader and soon asks whether it could lead. */
function reset(cluster: RaftCluster): void {
  const node = cluster.anyNode()
  node?.act(raft => raft.forgetLeader())
  cluster.after(50 + cluster.random.fraction() * 100, () => {
    node?.act(raft => {
      if (raft.leaderId === null) raft.campaign()
    })
  })
}

function transfer(cluster: RaftCluster): void {
  const leader = cluster.leader()
  const voters = leader?.raft?.status().membership.voters ?? []
  const to = voters[cluster.random.below(Math.max(1, voters.length))]
  if (to !== undefined)
    leader?.act(raft => {
      raft.transferLeadership(to)
    })
}

function stall(cluster: RaftCluster): void {
  const node = victim(cluster)
  if (node === null) return
  node.syncMs = 1 + cluster.random.fraction() * 1000
  cluster.after(cluster.random.fraction() * 4000, () => {
    node.syncMs = 1
  })
}

/** Only as many disks are harmed as a majority of intact ones can make good: one at a time. */
function mayHarm(cluster: RaftCluster, node: SimNode): boolean {
  for (const id of [...cluster.harmed])
    if (cluster.nodes.get(id)?.anyRaft?.status().isDamaged === false) cluster.harmed.delete(id)
  if (cluster.harmed.size > 0) return false
  return node.isUp && [...cluster.nodes.values()].every(one => isSettled(one))
}

/** Whether a node sees three voters or more, and no change under way. */
function isSettled(node: SimNode): boolean {
  const raft = node.anyRaft
  if (raft === null) return false
  const { membership, appliedIndex, lastIndex } = raft.status()
  const open = raft.entriesBetween(appliedIndex + 1, lastIndex + 1)
  return (
    (membership.voters.length === 0 || membership.voters.length >= 3) &&
    membership.outgoingVoters.length === 0 &&
    !open.some(entry => entry.kind === 'config')
  )
}

function damage(cluster: RaftCluster): void {
  const node = victim(cluster)
  if (node === null || !mayHarm(cluster, node)) return
  node.crash()
  if (node.disk.damage(cluster.random)) cluster.harmed.add(node.id)
  cluster.after(10 + cluster.random.fraction() * 1000, () => cluster.restart(node))
}

function wipe(cluster: RaftCluster): void {
  const node = victim(cluster)
  if (node === null || !mayHarm(cluster, node)) return
  cluster.wipe(node)
}

/** The operator adds, promotes, demotes and removes members, and replaces those that are gone. */
export function operate(cluster: RaftCluster): void {
  const { random } = cluster
  const status = cluster.leader()?.raft?.status()
  if (status === undefined) return
  const { voters, learners } = status.membership
  for (const id of cluster.harmed)
    if (!voters.includes(id) && !cluster.nodes.has(id)) cluster.harmed.delete(id)
  dismiss(
    cluster,
    status.membership.members.map(one => one.id),
  )
  const lost = voters.find(id => !cluster.nodes.has(id))
  const changes: MemberChange[] = []
  if (lost !== undefined && voters.length > 1)
    changes.push({ kind: 'remove', member: member(lost) })
  const learner = learners.find(id => cluster.nodes.has(id))
  const kind = random.below(5)
  if (learner !== undefined && (changes.length > 0 || kind === 0 || voters.length < 3))
    changes.push({ kind: 'add-voter', member: member(learner) })
  else if (changes.length === 0 && kind === 1 && cluster.nodes.size < MAX_NODES)
    changes.push({ kind: 'add-learner', member: member(cluster.newNode().id) })
  else if (changes.length === 0 && kind >= 2 && voters.length > 3 && cluster.harmed.size === 0)
    changes.push(...shrink(cluster, voters))
  if (changes.length > 0) cluster.change(changes)
}

function shrink(cluster: RaftCluster, voters: readonly number[]): MemberChange[] {
  const count = Math.min(voters.length - 2, 1 + cluster.random.below(3))
  const start = cluster.random.below(voters.length)
  return Array.from({ length: count }, (_, i) => ({
    kind: cluster.random.chance(0.7) ? ('remove' as const) : ('add-learner' as const),
    member: member(voters[(start + i) % voters.length] ?? 0),
  }))
}

/** Nodes that were removed, or never got in, are switched off at some time. */
function dismiss(cluster: RaftCluster, members: readonly number[]): void {
  if (cluster.nodes.size < MAX_NODES - 1) return
  for (const node of [...cluster.nodes.values()])
    if (!members.includes(node.id) && cluster.random.chance(0.5)) cluster.removeNode(node)
}
