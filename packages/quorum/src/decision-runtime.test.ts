import t from 'tap'
import { DecisionRuntime, NotLeaderError } from './decision-runtime.ts'
import { QuorumCluster, type TestMachine } from './testing/quorum-cluster.ts'

/** Gives out numbers: each decision takes the next ones. */
class Counter {
  next = 1

  replay(record: string): void {
    this.next = Math.max(this.next, Number(record) + 1)
  }

  take(count: number): { records: string[]; response: number[] } {
    const numbers = Array.from({ length: count }, (_, i) => this.next + i)
    return { records: numbers.map(String), response: numbers }
  }
}

function counting() {
  const committed: string[] = []
  let publishedIndex = 0
  const runtime = new DecisionRuntime<Counter, string>({
    encode: records => Buffer.from(records.join(','), 'latin1'),
    decode: data => data.toString('latin1').split(','),
    rebuild: () => {
      const counter = new Counter()
      for (const record of committed) counter.replay(record)
      return counter
    },
    commit: records => {
      committed.push(...records)
    },
    published: index => {
      publishedIndex = index
    },
    restore: data => {
      const text = Buffer.concat(data).toString('latin1')
      committed.splice(0, committed.length, ...(text === '' ? [] : text.split(' ')))
    },
    snapshot: () => [Buffer.from(committed.join(' '), 'latin1')],
    leadershipChanged: () => {},
  })
  const machine: TestMachine = {
    apply: entries => runtime.apply(entries),
    restore: (data, index, term) => runtime.restore(data, index, term),
    snapshot: () => runtime.snapshot(),
    leadershipChanged: leadership => runtime.leadershipChanged(leadership),
    words: committed,
    get appliedIndex() {
      return runtime.appliedIndex
    },
  }
  return { runtime, machine, publishedIndex: () => publishedIndex }
}

async function start(seed: number) {
  const cluster = new QuorumCluster({ seed, voters: 3 })
  const nodes = new Map<number, ReturnType<typeof counting>>()
  const startNode = async (id: number) => {
    const node = counting()
    nodes.set(id, node)
    const { node: quorum } = await cluster.startNode(id, {}, node.machine)
    node.runtime.attach(quorum.driver)
  }
  for (const id of [1, 2, 3]) await startNode(id)
  await cluster.untilLeader()
  const leader = () => {
    const found = nodes.get(cluster.leaderId())
    if (found === undefined) throw new Error('no leader')
    return found
  }
  return { cluster, nodes, leader, startNode }
}

t.test('decisions build on each other before they are committed', async t => {
  const { cluster, leader } = await start(1)
  const { runtime } = leader()
  const answers = await cluster.sim.complete(
    Promise.all([1, 2, 3].map(count => runtime.submit(counter => counter.take(count)))),
  )
  t.same(answers, [[1], [2, 3], [4, 5, 6]])
  t.same(await cluster.untilEqual(), ['1', '2', '3', '4', '5', '6'])
  await cluster.stop()
})

t.test('an answer without records waits for the decisions before it', async t => {
  const { cluster, leader } = await start(2)
  const { runtime, machine, publishedIndex } = leader()
  const deciding = runtime.submit(counter => counter.take(1))
  const asking = runtime.submit(counter => ({ records: [], response: counter.next }))
  t.equal(await cluster.sim.complete(asking), 2)
  t.same(machine.words, ['1'], 'what it saw is committed')
  t.equal(publishedIndex(), runtime.appliedIndex)
  await deciding
  await cluster.stop()
})

t.test('a node that does not lead says who does', async t => {
  const { cluster, nodes } = await start(3)
  const leaderId = cluster.leaderId()
  for (const [id, { runtime }] of nodes) {
    if (id === leaderId) continue
    const refused = runtime.submit(counter => counter.take(1))
    await t.rejects(refused, { name: 'NotLeaderError', leaderId, mayStillCommit: false })
  }
  await cluster.stop()
})

t.test('a decision that throws changes nothing', async t => {
  const { cluster, leader } = await start(4)
  const { runtime } = leader()
  const thrown = runtime.submit(() => {
    throw new Error('no')
  })
  await t.rejects(thrown, /no/)
  t.same(await cluster.sim.complete(runtime.submit(counter => counter.take(1))), [1])
  await cluster.stop()
})

t.test('a leader that is cut off forgets, and the next one gives no number twice', async t => {
  for (let seed = 10; seed < 20; seed++) {
    const { cluster, nodes, leader } = await start(seed)
    const given: number[] = []
    const take = async () => {
      for (let attempt = 0; attempt < 10; attempt++) {
        await cluster.untilLeader()
        try {
          const deciding = leader().runtime.submit(counter => counter.take(2))
          given.push(...(await cluster.sim.complete(deciding)))
          return
        } catch (error) {
          if (!(error instanceof NotLeaderError)) throw error
        }
      }
    }
    await take()
    const oldId = cluster.leaderId()
    const old = nodes.get(oldId)!
    for (const id of [1, 2, 3]) if (id !== oldId) cluster.sim.network.cut(`n${id}`, `n${oldId}`)
    // It decides alone, and nobody hears of it.
    const alone = old.runtime.submit(counter => counter.take(3))
    const outcome = alone.then(
      () => 'committed',
      error => (error instanceof NotLeaderError && error.mayStillCommit ? 'unknown' : 'wrong'),
    )
    await cluster.sim.run(() => old.runtime.machine === null, 5000)
    t.equal(await outcome, 'unknown')
    cluster.sim.network.healAll()
    for (let i = 0; i < 5; i++) await take()
    t.equal(new Set(given).size, given.length, `seed ${seed}: ${given.join(' ')}`)
    const words = await cluster.untilEqual()
    for (const number of given) t.ok(words.includes(String(number)))
    await cluster.stop()
  }
})

t.test('a soft answer does not wait for the decisions before it', async t => {
  const { cluster, leader } = await start(4)
  const { runtime } = leader()
  const order: string[] = []
  const decided = runtime.submit(counter => counter.take(1)).then(() => order.push('decided'))
  const waits = runtime.submit(() => ({ records: [], response: 0 })).then(() => order.push('waits'))
  const soft = runtime
    .submitSoft(() => ({ records: [], response: 0 }))
    .then(() => order.push('soft'))
  await cluster.sim.complete(Promise.all([decided, waits, soft]))
  t.same(order, ['soft', 'decided', 'waits'])
  await cluster.stop()
})
