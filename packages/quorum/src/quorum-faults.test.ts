import t from 'tap'
import { QuorumCluster } from './testing/quorum-cluster.ts'

const WORDS = Array.from({ length: 12 }, (_, i) => `word-${i}`)

async function filled(seed: number, node: object = {}): Promise<QuorumCluster> {
  const cluster = new QuorumCluster({ seed, voters: 3, node })
  await cluster.start()
  for (const word of WORDS) await cluster.commit(word)
  await cluster.untilEqual()
  return cluster
}

t.test('an EIO at any sync ends the node, and nothing that was acknowledged is lost', async t => {
  let ended = 0
  for (let k = 1; k <= 10; k++) {
    const cluster = new QuorumCluster({ seed: k, voters: 3 })
    await cluster.start()
    const victim = 1 + (k % 3)
    cluster.sim.disk(`n${victim}`).fail('sync', k)
    for (const word of WORDS) await cluster.commit(word)
    if (!cluster.nodes.has(victim)) {
      ended++
      // The pages of the failed sync are gone: as after a power failure.
      cluster.sim.crash(`n${victim}`)
      cluster.sim.disk(`n${victim}`).heal()
      await cluster.startNode(victim)
    }
    await cluster.commit('after')
    // A word whose leader ended was tried again: it may be there twice.
    t.same([...new Set(await cluster.untilEqual())], [...WORDS, 'after'], `sync ${k}`)
    await cluster.stop()
  }
  t.ok(ended >= 8, `${ended} nodes ended`)
})

t.test('a full disk: the reserve lets the quorum go on, and comes back', async t => {
  const cluster = await filled(15, { reserveBytes: 1024 * 1024 })
  const leader = await cluster.untilLeader()
  const { disk } = leader.env
  const simulated = cluster.sim.disk(leader.name)
  t.not(await cluster.sim.complete(disk.stat('/data/quorum/reserve')), null)
  simulated.faults.capacityBytes = simulated.usedBytes
  for (let i = 0; i < 20; i++) await cluster.commit(`full-${i}`)
  t.equal(leader.fatal, null)
  t.equal(await cluster.sim.complete(disk.stat('/data/quorum/reserve')), null, 'it was given up')
  t.equal((await cluster.untilEqual()).length, WORDS.length + 20)
  simulated.heal()
  await cluster.sim.complete(leader.node.driver.takeSnapshot())
  await cluster.sim.run({ forMs: 1000 })
  t.not(await cluster.sim.complete(disk.stat('/data/quorum/reserve')), null, 'it is there again')
  await cluster.stop()
})

t.test('a node whose disk lost promised entries does not help to forget them', async t => {
  const cluster = await filled(21)
  // The last word reaches 1 and 2 only.
  const leaderId = cluster.leaderId()
  const [witness = 0, late = 0] = [1, 2, 3].filter(id => id !== leaderId)
  cluster.crash(late)
  await cluster.commit('acknowledged')
  cluster.crash(leaderId)
  cluster.crash(witness)
  await cutLog(cluster, witness)
  await cluster.startNode(late)
  const damaged = await cluster.startNode(witness)
  t.equal(damaged.node.driver.raftStatus().isDamaged, true)
  await cluster.sim.run({ forMs: 20_000 })
  t.equal(cluster.leader(), null, 'the two that are up may not decide')
  await cluster.startNode(leaderId)
  await cluster.commit('after')
  t.same(await cluster.untilEqual(), [...WORDS, 'acknowledged', 'after'])
  t.equal(damaged.node.driver.raftStatus().isDamaged, false, 'the leader has brought it back')
  await cluster.stop()
})

/** Flips a bit in the last 200 bytes of the node's log. */
async function cutLog(cluster: QuorumCluster, id: number): Promise<void> {
  const env = cluster.sim.env(`n${id}`)
  const directory = '/data/quorum/log/__cluster_metadata-0'
  const names = (await cluster.sim.complete(env.disk.readdir(directory))).map(one => one.name)
  const path = `${directory}/${names
    .filter(name => name.endsWith('.log'))
    .sort()
    .at(-1)}`
  const file = await cluster.sim.complete(env.disk.open(path, 'write'))
  const byte = Buffer.alloc(1)
  const position = file.sizeSync() - 20
  file.readSync(byte, 0, 1, position)
  file.writeSync([Buffer.of((byte[0] ?? 0) ^ 0x10)], position)
  await cluster.sim.complete(file.sync())
  cluster.sim.kill(`n${id}`)
}

t.test(
  'a bit flipped in the log of one of three nodes: nothing is lost, the cluster is up',
  async t => {
    for (let seed = 30; seed < 36; seed++) {
      const cluster = await filled(seed)
      const victim = 1 + (seed % 3)
      for (const id of [1, 2, 3]) cluster.kill(id)
      await cutLog(cluster, victim)
      for (const id of [1, 2, 3]) await cluster.startNode(id)
      await cluster.commit('after')
      t.same(await cluster.untilEqual(), [...WORDS, 'after'], `seed ${seed}`)
      await cluster.stop()
    }
  },
)

t.test(
  'a follower that was away for long gets a snapshot, also if it crashes meanwhile',
  async t => {
    for (let seed = 40; seed < 46; seed++) {
      const cluster = await filled(seed, { snapshotBytes: 200, trailingEntries: 2 })
      const late = cluster.leaderId() === 1 ? 2 : 1
      cluster.crash(late)
      const more = Array.from({ length: 60 }, (_, i) => `more-${i}`)
      for (const word of more) await cluster.commit(word)
      await cluster.startNode(late)
      const disk = cluster.sim.disk(`n${late}`)
      const before = disk.calls.write + disk.calls.sync
      await cluster.sim.run(() => disk.calls.write + disk.calls.sync - before > (seed - 40) * 2)
      cluster.crash(late)
      const node = await cluster.startNode(late)
      t.equal(node.node.driver.raftStatus().isDamaged, false)
      t.same(await cluster.untilEqual(), [...WORDS, ...more])
      t.ok(node.node.driver.raftStatus().firstIndex > 20, 'it did not get all entries')
      await cluster.stop()
    }
  },
)

t.test('a node that is no member follows the log without being reachable', async t => {
  const cluster = await filled(50)
  const observer = await cluster.startNode(9, { address: '' })
  await cluster.sim.run(() => observer.machine.words.length === WORDS.length, 10_000)
  await cluster.commit('news')
  await cluster.sim.run(() => observer.machine.words.includes('news'), 1000)
  const status = cluster
    .leader()
    ?.node.status()
    .replicas.find(one => one.nodeId === 9)
  t.match(status, { kind: 'observer', directoryId: 'disk-of-9' })
  // It goes on when another leads.
  cluster.kill(cluster.leaderId())
  await cluster.commit('later')
  await cluster.sim.run(() => observer.machine.words.includes('later'), 5000)
  t.equal(observer.node.driver.raftStatus().role, 'follower')
  await cluster.stop()
})

t.test('voters are added and removed while the cluster works', async t => {
  const cluster = await filled(60)
  const added = { id: 4, directoryId: 'disk-of-4', address: 'n4:9093' }
  const { sim } = cluster
  const adding = (await cluster.untilLeader()).node.voters.addVoter(added, 1000)
  t.match(await sim.complete(adding), { reason: 'timeout', message: /is it running/ })
  await cluster.startNode(4)
  const leader = await cluster.untilLeader()
  t.same(await sim.complete(leader.node.voters.addVoter(added, 10_000)), { kind: 'done' })
  const other = { ...added, directoryId: 'another' }
  t.match(await sim.complete(leader.node.voters.addVoter(other, 1000)), { reason: 'invalid' })
  const removedId = cluster.leaderId() === 1 ? 2 : 1
  const wrong = leader.node.voters.removeVoter(removedId, 'another', 1000)
  t.match(await sim.complete(wrong), { message: /has the directory disk-of-/ })
  const removing = leader.node.voters.removeVoter(removedId, '', 5000)
  t.same(await sim.complete(removing), { kind: 'done' })
  cluster.crash(removedId)
  await cluster.commit('with four')
  t.same(await cluster.untilEqual(), [...WORDS, 'with four'])
  // The disk that was removed is not taken back, a new one is.
  const back = { id: removedId, directoryId: `disk-of-${removedId}`, address: `n${removedId}:9093` }
  const again = (await cluster.untilLeader()).node.voters
  t.match(await sim.complete(again.addVoter(back, 1000)), { message: /was removed/ })
  await cluster.startNode(removedId, {
    directory: '/data/new-disk',
    directoryId: 'new',
    voters: cluster.voters.filter(voter => voter.id !== removedId),
  })
  const renewed = (await cluster.untilLeader()).node.voters
  const renewing = renewed.addVoter({ ...back, directoryId: 'new' }, 10_000)
  t.same(await sim.complete(renewing), { kind: 'done' })
  await cluster.commit('renewed')
  t.same(await cluster.untilEqual(), [...WORDS, 'with four', 'renewed'])
  await cluster.stop()
})

t.test('who does not wait for the commit hears when the leader has begun', async t => {
  const added = { id: 4, directoryId: 'disk-of-4', address: 'n4:9093' }
  for (const awaitsCommit of [false, true]) {
    const cluster = await filled(62)
    await cluster.startNode(4)
    const { node } = await cluster.untilLeader()
    const isFollowing = () => node.status().replicas.some(each => each.nodeId === 4)
    await cluster.sim.run(isFollowing, 5_000)
    await cluster.sim.run({ forMs: 1_000 })
    const others = [1, 2, 3].filter(id => id !== cluster.leaderId())
    for (const id of others) cluster.sim.network.cut(`n${id}`, `n${cluster.leaderId()}`)
    const outcome = await cluster.sim.complete(node.voters.addVoter(added, 200, awaitsCommit))
    t.equal(outcome.kind, awaitsCommit ? 'refused' : 'done')
    t.notOk(node.driver.membership.voters.includes(4), 'nothing is committed')
    cluster.sim.network.healAll()
    await cluster.stop()
  }
})

t.test('a leader that is removed finishes its work and another takes over', async t => {
  const cluster = await filled(61)
  const removedId = cluster.leaderId()
  const leader = cluster.get(removedId)
  const outcome = await cluster.sim.complete(leader.node.voters.removeVoter(removedId, '', 5000))
  t.same(outcome, { kind: 'done' })
  await cluster.sim.run(() => cluster.leader() !== null && cluster.leaderId() !== removedId, 5000)
  cluster.crash(removedId)
  await cluster.commit('without it')
  t.same(await cluster.untilEqual(), [...WORDS, 'without it'])
  await cluster.stop()
})

t.test('a voter that was removed while it was away follows the log when it is back', async t => {
  const cluster = new QuorumCluster({ seed: 63, voters: 3, node: { clusterId: () => 'c' } })
  await cluster.start()
  const removedId = cluster.leaderId() === 1 ? 2 : 1
  cluster.kill(removedId)
  const { node } = await cluster.untilLeader()
  const removing = node.voters.removeVoter(removedId, '', 5000)
  t.same(await cluster.sim.complete(removing), { kind: 'done' })
  await cluster.commit('without it')
  await cluster.startNode(removedId)
  t.same(await cluster.untilEqual(), ['without it'])
  t.notOk(cluster.get(removedId).node.driver.membership.voters.includes(removedId))
  await cluster.stop()
})

t.test('a node that was away finds a leader that only its list of voters names', async t => {
  const cluster = new QuorumCluster({ seed: 64, voters: 3, node: { clusterId: () => 'c' } })
  await cluster.start()
  const observer = await cluster.startNode(9, { address: '' })
  await cluster.commit('before')
  await cluster.sim.run(() => observer.machine.words.length === 1, 10_000)
  cluster.kill(9)
  const added = { id: 4, directoryId: 'disk-of-4', address: 'n4:9093' }
  await cluster.startNode(4)
  const { node } = await cluster.untilLeader()
  t.same(await cluster.sim.complete(node.voters.addVoter(added, 10_000)), { kind: 'done' })
  node.driver.transferLeadership(4)
  await cluster.sim.run(() => cluster.leader() !== null && cluster.leaderId() === 4, 5_000)
  await cluster.startNode(9, { address: '', voters: [...cluster.voters, added] })
  await cluster.commit('later')
  t.same(await cluster.untilEqual(), ['before', 'later'])
  await cluster.stop()
})

t.test('the status of the quorum says how far each node is and when it was heard of', async t => {
  const cluster = await filled(70)
  await cluster.sim.run({ forMs: 1000 })
  const leader = await cluster.untilLeader()
  const away = cluster.leaderId() === 1 ? 2 : 1
  cluster.crash(away)
  const crashedMs = leader.env.clock.nowMs()
  await cluster.commit('without one')
  await cluster.sim.run({ forMs: 3000 })
  const nowMs = leader.env.clock.nowMs()
  const { replicas, highWatermark, leaderEpoch } = leader.node.status()
  t.equal(replicas.length, 3)
  t.equal(leaderEpoch, leader.node.driver.leadership.term)
  for (const replica of replicas) {
    const isAway = replica.nodeId === away
    t.equal(replica.logEndOffset, isAway ? highWatermark - 1 : highWatermark)
    if (isAway) t.ok(replica.lastFetchMs <= crashedMs && replica.lastFetchMs > 0)
    else t.ok(nowMs - replica.lastCaughtUpMs < 500)
    t.equal(replica.directoryId, `disk-of-${replica.nodeId}`)
  }
  await cluster.stop()
})

t.test('a read after the barrier sees everything that was acknowledged before', async t => {
  const cluster = await filled(80)
  await cluster.commit('seen')
  for (const { node, machine } of cluster.nodes.values()) {
    const index = await cluster.sim.complete(node.driver.readBarrier(1000))
    t.not(index, null)
    t.ok(machine.words.includes('seen'))
  }
  // Alone, nobody can know.
  const leader = await cluster.untilLeader()
  for (const id of [1, 2, 3]) if (cluster.get(id) !== leader) cluster.crash(id)
  t.equal(await cluster.sim.complete(leader.node.driver.readBarrier(1000)), null)
  await cluster.stop()
})
