import t from 'tap'
import { QuorumCluster, TEST_PORT } from '../testing/quorum-cluster.ts'

/** What the nodes said about refusals, on both sides. */
function refusals(cluster: QuorumCluster): string[] {
  return cluster.sim.logs
    .filter(line => line.message.includes('refused') || line.message.includes('no connection'))
    .map(line => `${line.machine}: ${String(line.fields?.['reason'] ?? '')}`)
}

t.test('a node of another cluster is refused with one sentence on both sides', async t => {
  const cluster = new QuorumCluster({ seed: 1, voters: 3, node: { clusterId: () => 'this' } })
  await cluster.start()
  await cluster.startNode(4, { clusterId: () => 'that' })
  await cluster.sim.run({ forMs: 3000 })
  const said = refusals(cluster).filter(line => line.includes('belongs to cluster that'))
  t.ok(
    said.some(line => line.startsWith('n4')),
    said.join('\n'),
  )
  t.ok(
    said.some(line => !line.startsWith('n4')),
    said.join('\n'),
  )
  t.equal(cluster.get(4).machine.appliedIndex, 0)
  await cluster.stop()
})

t.test('a node that speaks a newer version is refused, and told both versions', async t => {
  const cluster = new QuorumCluster({ seed: 9, voters: 1 })
  await cluster.start()
  const { transport } = cluster.get(1).node
  const hello = {
    version: 2,
    clusterId: '',
    nodeId: 4,
    directoryId: 'd',
    processId: 'p',
    toNodeId: 1,
    address: '',
    voters: [],
  }
  const expected = "node 4 speaks version 2 of the quorum's protocol, node 1 version 1"
  t.match(transport.greet(hello), { refusal: expected, refusalKind: 'misfit' })
  t.ok(refusals(cluster).includes(`n1: ${expected}`))
  t.equal(transport.greet({ ...hello, version: 1 }).refusal, '')
  await cluster.stop()
})

t.test('a wiped disk under an old id is refused', async t => {
  const cluster = new QuorumCluster({ seed: 2, voters: 3 })
  await cluster.start()
  await cluster.commit('x')
  const id = cluster.leaderId() === 1 ? 2 : 1
  cluster.crash(id)
  await cluster.startNode(id, { directory: '/data/other', directoryId: 'a-new-disk' })
  await cluster.sim.run({ forMs: 3000 })
  t.match(refusals(cluster).join('\n'), /its disk was replaced/)
  t.equal(cluster.get(id).machine.words.length, 0)
  await cluster.commit('y')
  await cluster.stop()
})

t.test('a list of voters with a wrong address is refused', async t => {
  const cluster = new QuorumCluster({ seed: 3, voters: 3 })
  await cluster.start()
  const voters = [1, 2, 3].map(id => ({
    id,
    directoryId: '',
    address: `n${id === 1 ? 2 : 1}:${TEST_PORT}`,
  }))
  await cluster.startNode(7, { voters })
  await cluster.sim.run({ forMs: 3000 })
  t.match(refusals(cluster).join('\n'), /its list of voters has a wrong address/)
  await cluster.stop()
})

t.test('two nodes of one id: the second is refused', async t => {
  const cluster = new QuorumCluster({ seed: 4, voters: 3 })
  await cluster.start()
  await cluster.commit('x')
  const id = cluster.leaderId() === 1 ? 2 : 1
  await cluster.startNode(8, { nodeId: id, directoryId: 'the-other' })
  await cluster.sim.run({ forMs: 3000 })
  t.match(refusals(cluster).join('\n'), /its disk was replaced|two nodes with the id/)
  await cluster.stop()
})

t.test('who takes the id of a running voter does not part it from the others', async t => {
  for (let seed = 40; seed < 44; seed++) {
    const cluster = new QuorumCluster({ seed, voters: 3 })
    await cluster.start()
    await cluster.sim.run({ forMs: 2000 })
    const leaderId = cluster.leaderId()
    const [id = 0] = [1, 2, 3].filter(one => one !== leaderId)
    await cluster.startNode(8, { nodeId: id, directoryId: 'the-other' })
    await cluster.sim.run({ forMs: 3000 })
    cluster.kill(8)
    // The followers have had nothing to say to each other so far.
    cluster.kill(leaderId)
    await cluster.sim.run({ forMs: 1000 })
    await t.resolves(cluster.commit('x'), `seed ${seed}`)
    await cluster.stop()
  }
})

t.test('bytes that are no frame of ours close the connection and nothing else', async t => {
  const cluster = new QuorumCluster({ seed: 5, voters: 3 })
  await cluster.start()
  const env = cluster.sim.env('attacker')
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from('000000140012000000000001ffff00000000000000000000', 'hex'),
    Buffer.from('0000000c271000000000000100000000ff', 'hex'),
    Buffer.from('7fffffff', 'hex'),
  ]) {
    let isClosed = false
    const connecting = env.net.connect({ host: 'n1', port: TEST_PORT, timeoutMs: 1000 })
    connecting.then(socket => {
      socket.start({
        onData: () => {},
        onEnd: () => socket.destroy(),
        onDrain: () => {},
        onClose: () => {
          isClosed = true
        },
      })
      socket.write([bytes])
    }, t.fail)
    await cluster.sim.run(() => isClosed, 5000)
  }
  await cluster.commit('still up')
  await cluster.stop()
})

t.test('a broken connection to the leader starts an election within 150 ms', async t => {
  const cluster = new QuorumCluster({ seed: 6, voters: 3 })
  await cluster.start()
  await cluster.commit('x')
  const before = await cluster.untilLeader()
  const { term } = before.node.driver.leadership
  const killedMs = cluster.sim.nowMs
  cluster.kill(cluster.leaderId())
  await cluster.untilLeader()
  t.ok(cluster.sim.nowMs - killedMs < 250, `${cluster.sim.nowMs - killedMs} ms`)
  t.equal(cluster.leader()?.node.driver.leadership.term, term + 1)
  await cluster.stop()
})

t.test(
  'nodes that start one after the other say nothing of it; one that stays away is told',
  async t => {
    const cluster = new QuorumCluster({ seed: 8, voters: 3 })
    await cluster.startNode(1)
    await cluster.sim.run({ forMs: 1000 })
    await cluster.startNode(2)
    await cluster.untilLeader()
    t.same(refusals(cluster), [])
    await cluster.sim.run({ forMs: 5000 })
    t.match(refusals(cluster).join('\n'), /^n[12]: .*\bn3:/)
    await cluster.stop()
  },
)

t.test('an observer that was paused for long is served again', async t => {
  const cluster = new QuorumCluster({ seed: 7, voters: 3 })
  await cluster.start()
  const observer = await cluster.startNode(9, { address: '' })
  await cluster.commit('before')
  await cluster.sim.run(() => observer.machine.words.includes('before'), 5000)
  cluster.sim.pause('n9')
  for (let i = 0; i < 15; i++) {
    await cluster.commit(`meanwhile-${i}`)
    await cluster.sim.run({ forMs: 1000 })
  }
  cluster.sim.resume('n9')
  await cluster.commit('after')
  await cluster.sim.run(() => observer.machine.words.includes('after'), 10_000)
  const events = cluster.sim.eventCount
  await cluster.sim.run({ forMs: 1000 })
  t.ok(cluster.sim.eventCount - events < 3000, 'nobody polls without a pause')
  await cluster.stop()
})

t.test(
  'what another node acknowledged under the id of an observer is not held against it',
  async t => {
    for (let seed = 50; seed < 54; seed++) {
      const cluster = new QuorumCluster({ seed, voters: 3 })
      await cluster.start()
      const observer = { address: '' }
      await cluster.startNode(5, observer)
      await cluster.commit('a')
      await cluster.untilEqual()
      const { sim } = cluster
      for (const name of ['n1', 'n2', 'n3']) sim.network.cut('n5', name)
      await cluster.startNode(8, { ...observer, nodeId: 5, directoryId: 'the-other' })
      await sim.run({ forMs: 3000 })
      for (const word of ['b', 'c', 'd']) await cluster.commit(word)
      await sim.run({ forMs: 500 })
      t.equal(cluster.get(8).machine.words.length, 4, 'the other follows in its place')
      cluster.kill(8)
      await sim.run({ forMs: 1000 })
      for (const name of ['n1', 'n2', 'n3']) sim.network.heal('n5', name)
      await sim.run({ forMs: 5000 })
      t.equal(cluster.nodes.get(5)?.machine.words.length, 4, `seed ${seed}`)
      await cluster.stop()
    }
  },
)
