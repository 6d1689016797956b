// Every served API in every version with requests that parse and make no sense, against a whole node:
// it never stops, no handler throws what it should not, other clients are served, memory is given back.

import { Simulation } from '@weir/core/sim'
import {
  apiVersionsApi,
  createTopicsApi,
  type Fields,
  findCoordinatorApi,
  type Init,
  type Message,
} from '@weir/protocol'
import t from 'tap'
import { API_ROWS } from './server/api-table.ts'
import { batchOf } from './testing/data-plane.ts'
import { RandomRequests } from './testing/random-request.ts'
import { TestNode } from './testing/test-node.ts'

const ROUNDS = Number(process.env['WEIR_TEST_ROUNDS'] ?? 4)
const SEED = process.env['WEIR_TEST_SEED'] ?? 'hostile'

/** Longer than any of the requests should wait for, unless it asks for it. */
const PATIENCE_MS = 30

async function newWorld() {
  const settings = ['offsets.topic.num.partitions=2', 'group.min.session.timeout.ms=10']
  const node = await TestNode.start(settings, { sim: new Simulation({ seed: SEED }) })
  const client = await node.connect()
  const topicIds: string[] = []
  for (const name of ['t', 'u']) {
    const topic = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
    const { topics } = await node.complete(client.request(createTopicsApi, 7, { topics: [topic] }))
    topicIds.push(topics[0]?.topicId ?? '')
  }
  await node.complete(client.request(findCoordinatorApi, 2, { key: 'g', keyType: 0 }))
  return { node, client, topicIds }
}

t.test(`requests without sense, seed ${SEED}`, async t => {
  const { node, topicIds } = await newWorld()
  const names = ['t', 'u', 'g', 'consumer', 'range', '1', 'retention.ms', 'compact', '5000']
  const batches = [batchOf(['a']), batchOf(['b', 'c'], { codec: 'gzip' }), batchOf([])]
  const requests = new RandomRequests(SEED, { names, topicIds, batches })
  let sent = 0
  let answered = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (const { definition, minVersion, maxVersion } of API_ROWS) {
      for (let version = minVersion; version <= maxVersion; version++) {
        const body = requests.value(definition.request.fields, version)
        const hostile = await node.connect('hostile')
        hostile.send(definition, version, body as Init<Message<Fields>>)
        sent++
        await node.sim.run({ forMs: PATIENCE_MS })
        if (hostile.frames.length > 0) answered++
        hostile.close()
        if (node.fatal.length === 0) continue
        const what = `${definition.name} v${version} ${JSON.stringify(body)}`
        t.fail(`the node stopped: ${String(node.fatal[0])} after ${what}`)
        return
      }
    }
  }
  const errors = node.sim.logs.filter(line => line.level === 'error')
  t.same(errors.slice(0, 5), [], 'nothing is logged as an error')
  const canary = await node.connect('canary')
  t.match(await node.complete(canary.request(apiVersionsApi, 0, {})), { errorCode: 0 })
  t.ok(answered > sent / 2, `${answered} of ${sent} were answered`)
  await node.sim.run({ forMs: 1_000 })
  t.equal(node.node.services.responseMemory.heldBytes, 0)
  await node.stop()
})

t.test('bodies of noise', async t => {
  const { node, client } = await newWorld()
  const { random } = node.sim
  for (const { definition, minVersion, maxVersion } of API_ROWS) {
    for (let version = minVersion; version <= maxVersion; version++) {
      const hostile = await node.connect('hostile')
      const body = random.bytes(random.below(64))
      for (let at = 0; at < body.length; at++) {
        // Small numbers make counts and lengths that go further than those of plain noise.
        if (random.chance(0.6)) body[at] = random.below(4)
      }
      const head = Buffer.alloc(14)
      head.writeInt32BE(10 + body.length, 0)
      head.writeInt16BE(definition.key, 4)
      head.writeInt16BE(version, 6)
      head.writeInt32BE(1, 8)
      head.writeInt16BE(-1, 12)
      hostile.sendBytes(Buffer.concat([head, body]))
      await node.sim.run({ forMs: 5 })
      hostile.close()
    }
  }
  t.same(node.fatal, [])
  t.same(
    node.sim.logs.filter(line => line.level === 'error'),
    [],
  )
  t.match(await node.complete(client.request(apiVersionsApi, 0, {})), { errorCode: 0 })
})
