// Nodes that do not belong together refuse each other, in one sentence for the operator of each, and
// the cluster goes on without them.

import { OperatorError } from '@weir/core'
import t from 'tap'
import { TestCluster } from './testing/test-cluster.ts'

/** Why a node did not start. */
async function refusal(cluster: TestCluster, starting: Promise<unknown>): Promise<string> {
  try {
    await cluster.complete(starting)
  } catch (error) {
    if (error instanceof OperatorError) return error.message
    throw error
  }
  return 'it started'
}

/** As `cp -a` would, also of a node that runs. */
function copyDisk(cluster: TestCluster, from: string, to: string): void {
  const source = cluster.sim.disk(from)
  for (const path of source.paths()) {
    const bytes = source.contents(path)
    if (bytes !== null) cluster.sim.disk(to).setContents(path, bytes)
  }
}

/** What the nodes that were there say of the one that came. */
function warnings(cluster: TestCluster): string {
  return JSON.stringify(cluster.sim.logs.filter(({ message }) => message === 'a node was refused'))
}

t.test('a list of voters that disagrees', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2] })
  const list = [...cluster.voters, '3@n3:9093'].join()
  const message = await refusal(
    cluster,
    cluster.starting(3, [`controller.quorum.voters=${list}`, 'process.roles=broker,controller']),
  )
  t.match(message, /node \d has the voters 1, 2(, 3)?, node \d the voters 1, 2(, 3)?: give all/)
  t.match(warnings(cluster), /has the voters 1, 2, 3/)
  // With the right list, and no role of its own in it, it is welcome.
  const mended = await cluster.complete(cluster.starting(3, ['process.roles=broker']))
  t.equal(mended.clusterId, cluster.get(1).clusterId)
  t.same(cluster.fatal, [])
})

t.test('a node that has a cluster of its own', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  await cluster.stop(3)
  const alone = ['controller.quorum.voters=', 'log.dirs=/elsewhere']
  const { clusterId } = await cluster.complete(cluster.starting(3, alone))
  await cluster.stop(3)
  const message = await refusal(cluster, cluster.starting(3, ['log.dirs=/elsewhere']))
  t.match(message, /data belongs to cluster .*, whose only voter it is, but --voters names 1, 2, 3/)
  t.match(message, clusterId)
  await cluster.startAll([3])
  t.equal(cluster.get(3).clusterId, cluster.get(1).clusterId)
})

t.test('a broker of another cluster', async t => {
  const cluster = await TestCluster.start({ controllers: [1], brokers: [2] })
  const elsewhere = ['log.dirs=/elsewhere', 'process.roles=broker,controller']
  const alone = [...elsewhere, 'controller.quorum.voters=', 'node.id=3']
  const { clusterId } = await cluster.complete(cluster.starting(3, alone))
  await cluster.stop(3)
  cluster.kill(2)
  const asBroker = ['log.dirs=/elsewhere', 'process.roles=broker', 'metadata.log.dir=/fresh']
  const message = await refusal(cluster, cluster.starting(3, asBroker))
  t.match(message, `node 3 belongs to cluster ${clusterId}`)
  t.match(warnings(cluster), /node 3 belongs to cluster/)
})

t.test('a node with the data of one cluster and the list of another, while both run', async t => {
  const cluster = await TestCluster.start({ controllers: [1, 2, 3] })
  const other = ['controller.quorum.voters=11@n11:9093', 'log.dirs=/elsewhere']
  const controller = await cluster.complete(
    cluster.starting(11, [...other, 'process.roles=controller']),
  )
  const { clusterId } = controller
  for (const role of ['broker', 'broker,controller']) {
    const settings = ['log.dirs=/elsewhere', `process.roles=${role}`]
    const id = role === 'broker' ? 12 : 13
    await cluster.complete(cluster.starting(id, [...settings, ...other]))
    await cluster.stop(id)
    const message = await refusal(cluster, cluster.starting(id, settings))
    t.match(message, `node ${id} belongs to cluster ${clusterId}, node `)
    t.match(warnings(cluster), `node ${id} belongs to cluster ${clusterId}`)
    // With its own list it is at home.
    await cluster.complete(cluster.starting(id, [...settings, ...other]))
  }
})

t.test('a list that names a node of the same cluster which does not vote', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  await cluster.complete(cluster.starting(4, ['process.roles=controller']))
  await cluster.stop(3)
  const list = [...cluster.voters, '4@n4:9093'].join()
  const startedMs = cluster.sim.nowMs
  await cluster.complete(cluster.starting(3, [`controller.quorum.voters=${list}`]))
  t.ok(cluster.sim.nowMs - startedMs < 1_500)
  t.equal(warnings(cluster), '[]')
})

t.test('a disk that was replaced under an old id', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  cluster.kill(3)
  const message = await refusal(cluster, cluster.starting(3, ['log.dirs=/new']))
  t.match(message, /node 3 is known with the directory .* its disk was replaced/)
})

for (const listed of ['where the first is', 'where it is itself']) {
  t.test(`a copy of a voter's directory, with a list that says ${listed}`, async t => {
    const cluster = await TestCluster.start({ controllers: [1, 2, 3] })
    copyDisk(cluster, 'n3', 'n3x')
    const list = cluster.voters.join()
    const own = listed === 'where it is itself' ? list.replace('@n3:', '@n3x:') : list
    const message = await refusal(
      cluster,
      cluster.starting(3, [`controller.quorum.voters=${own}`], 'n3x'),
    )
    t.match(message, /two processes run as node 3 on copies of one data directory .* stop one/)
    t.match(warnings(cluster), /two processes run as node 3 on copies/)
    t.same(cluster.fatal, [])
    // It was not disturbed.
    const ids = cluster.get(1).controlServices.quorum().status().membership.voters
    t.same(ids, [1, 2, 3])
  })
}

t.test('a voter that stood still while another process took its place ends', async t => {
  const cluster = await TestCluster.start({ controllers: [1, 2, 3] })
  cluster.sim.pause('n3')
  copyDisk(cluster, 'n3', 'n3x')
  const list = cluster.voters.join().replace('@n3:', '@n3x:')
  await cluster.complete(cluster.starting(3, [`controller.quorum.voters=${list}`], 'n3x'))
  cluster.sim.resume('n3')
  await cluster.sim.run(() => cluster.fatal.length > 0, 20_000)
  t.match(cluster.fatal, [{ nodeId: 3, error: { message: /two processes run as node 3/ } }])
})

t.test('a second broker with the id of one that lives', async t => {
  const cluster = await TestCluster.start({ controllers: [1], brokers: [2] })
  const message = await refusal(cluster, cluster.starting(2, ['listeners=PLAINTEXT://:9092'], 'x'))
  t.match(message, /there are two nodes with the id 2: each needs its own/)
  t.notOk(cluster.get(2).isFenced, 'the first one is not disturbed')
})

t.test('a broker whose controllers do not answer', async t => {
  const cluster = await TestCluster.start({ controllers: [1], brokers: [2] })
  await cluster.stop(2)
  cluster.kill(1)
  const settings = ['initial.broker.registration.timeout.ms=3000']
  t.match(
    await refusal(cluster, cluster.starting(2, settings)),
    /no controller of --voters answers/,
  )
})

t.test('a voter with another list than the quorum has starts, and says so', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  await cluster.stop(3)
  const list = [...cluster.voters.slice(0, 1), ...cluster.voters.slice(2)].join()
  await cluster.complete(cluster.starting(3, [`controller.quorum.voters=${list}`]))
  const line = cluster.sim.logs.find(({ message }) => message.includes('bring --voters up to date'))
  t.match(line?.fields, { listed: '1,3', quorum: '1,2,3' })
})

t.test('a voter that does not listen where the list says is told so', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  await cluster.stop(3)
  const list = cluster.voters.join().replace(/(3@[^,]*):\d+/, '$1:1')
  // The others may look for it in vain: it need not become ready.
  cluster.starting(3, [`controller.quorum.voters=${list}`]).catch(t.fail)
  await cluster.sim.run({ forMs: 1_000 })
  const line = cluster.sim.logs.find(({ message }) => message.includes('does not listen'))
  t.match(line?.fields.listed, /:1$/)
})

t.test('a node that waits names those whom it asks, not those of its list', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  await Promise.all([1, 2, 3].map(id => cluster.kill(id)))
  const settings = ['controller.quorum.voters=7@n7:9093', 'process.roles=broker']
  const starting = cluster.starting(3, [...settings, 'initial.broker.registration.timeout.ms=6000'])
  await refusal(cluster, starting)
  const line = cluster.sim.logs.find(({ message }) => message.startsWith('waiting for a majority'))
  t.match(line?.fields.voters, /^1@n1:\d+,2@n2:\d+/)
})

t.test('a broker that was killed and waits for its old session is told of once', async t => {
  const cluster = await TestCluster.start({ controllers: [1], brokers: [2] })
  cluster.kill(2)
  await cluster.complete(cluster.starting(2))
  const told = cluster.sim.logs.filter(({ message }) => message.includes('may not register'))
  t.equal(told.length, 1)
})
