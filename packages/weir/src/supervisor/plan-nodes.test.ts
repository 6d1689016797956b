import { createServer } from 'node:net'
import { OperatorError } from '@weir/core'
import { loadSettings } from '@weir/settings'
import t from 'tap'
import { readyLine } from './announce.ts'
import { assignmentsOf, planNodes } from './plan-nodes.ts'
import { settlePorts } from './ports.ts'
import { RestartDelay } from './restart-delay.ts'

const plan = (count: number, ...assignments: string[]) =>
  planNodes(loadSettings({ assignments }).settings, count)

t.test('ids, ports and directories count up, and the first three vote', t => {
  const nodes = plan(4, 'log.dirs=/d,/e', 'weir.http.listen=127.0.0.1:8080', 'node.id=5')
  const [first, , third, fourth] = nodes.map(node => assignmentsOf(node, nodes))
  const voters = 'controller.quorum.voters=5@127.0.0.1:10092,6@127.0.0.1:10093,7@127.0.0.1:10094'
  t.same(first, [
    'node.id=5',
    'process.roles=broker,controller',
    'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:10092',
    voters,
    'log.dirs=/d/node-5,/e/node-5',
    'weir.http.listen=127.0.0.1:8080',
  ])
  t.match(third?.[2], 'PLAINTEXT://127.0.0.1:9094,CONTROLLER://127.0.0.1:10094')
  t.same(fourth, [
    'node.id=8',
    'process.roles=broker',
    'listeners=PLAINTEXT://127.0.0.1:9095',
    voters,
    'log.dirs=/d/node-8,/e/node-8',
    'weir.http.listen=127.0.0.1:8083',
  ])
  t.match(
    readyLine(nodes.slice(0, 2)),
    / ready: nodes 5-6 at 127\.0\.0\.1:9092,127\.0\.0\.1:9093, data in \/d\/node-5 \/e\/node-5 /,
  )
  t.end()
})

t.test('on every address: clients from everywhere, controllers among themselves', t => {
  const [node] = plan(1, 'listeners=PLAINTEXT://0.0.0.0:9092')
  t.equal(node?.clients[0]?.host, '0.0.0.0')
  t.same(node?.controller, { name: 'CONTROLLER', host: '127.0.0.1', port: 10_092 })
  t.match(readyLine(plan(1, 'listeners=PLAINTEXT://0.0.0.0:9092')), /node 1 at 127\.0\.0\.1:9092,/)
  t.end()
})

t.test('what cannot go for several nodes is a sentence', t => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['advertised.listeners=PLAINTEXT://h:1'], /advertised\.listeners is one address/],
    [['listeners=A://h:9092,B://h:9093'], /nodes 1 and 2 would both listen on port 9093/],
    [['listeners=A://h:65535'], /port 65536 of the last node is above 65535/],
  ]
  for (const [assignments, expected] of cases) {
    const map = 'listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT'
    t.throws(() => plan(2, map, ...assignments), expected)
  }
  t.end()
})

t.test(
  'port 0 is a free port, another for each; a port in use is refused by its number',
  async t => {
    const nodes = await settlePorts(plan(3, 'listeners=PLAINTEXT://127.0.0.1:0'))
    const ports = nodes.flatMap(node => [node.clients[0]?.port, node.controller?.port])
    t.equal(new Set(ports).size, 6)
    t.notOk(ports.includes(0))
    const taken = createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    t.teardown(() => taken.close())
    const address = taken.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    const refused = settlePorts(plan(2, `listeners=PLAINTEXT://127.0.0.1:${port}`))
    const expected = new RegExp(
      `127\\.0\\.0\\.1:${port} is in use by another program, and 2 nodes take the ports ${port}-${port + 1}`,
    )
    await t.rejects(refused, OperatorError)
    await t.rejects(refused, { message: expected })
  },
)

t.test('a node that dies again and again waits longer each time, up to ten seconds', t => {
  const delay = new RestartDelay()
  t.same(
    Array.from({ length: 8 }, () => delay.next(100)),
    [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000],
  )
  t.equal(delay.next(60_000), 0, 'after a long life at once')
  t.equal(delay.next(100), 250)
  t.end()
})
