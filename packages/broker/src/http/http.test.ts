import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { HttpResponse, LogFields } from '@weir/core'
import { metricRows, type ProcessProbe } from '@weir/core/metrics'
import { createNodeEnv } from '@weir/core/node'
import {
  buildRecordBatch,
  createTopicsApi,
  fetchApi,
  offsetCommitApi,
  produceApi,
} from '@weir/protocol'
import { loadSettings } from '@weir/settings'
import t from 'tap'
import { TestNode } from '../testing/test-node.ts'
import type { WireClient } from '../testing/wire-client.ts'
import type { WeirNode } from '../weir-node.ts'
import { HttpEndpoint } from './http-endpoint.ts'
import { HttpPages } from './http-pages.ts'

const PROBE: ProcessProbe = {
  read: () => ({
    startedAtMs: 1_000,
    cpuSeconds: 2,
    residentBytes: 3,
    heapUsedBytes: 4,
    externalBytes: 5,
    eventLoop: { boundsSeconds: [0.01], counts: [6, 7], sumSeconds: 8, holdCount: 7 },
    collections: [{ kind: 'minor', runCount: 9, seconds: 0.5 }],
  }),
}
const VALUES = ['one', 'two', 'three']
const ALL = new Map([['partitions', '1']])

function pagesOf(node: TestNode): HttpPages {
  const { clock } = node.env
  return new HttpPages({ clock, version: '1.2.3', nodeVersion: 'v20', probe: PROBE })
}

function ask(
  node: TestNode,
  pages: HttpPages,
  path: string,
  query = new Map(),
): Promise<HttpResponse> {
  return node.complete(pages.answer({ path, query }))
}

/** Three records in one topic, ten seconds apart, and a consumer that has read them. */
async function useNode(node: TestNode): Promise<WireClient> {
  const client = await node.connect()
  const topic = {
    name: 'orders',
    numPartitions: 2,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }
  await node.complete(
    client.request(createTopicsApi, 5, { topics: [topic], timeoutMs: 1_000, validateOnly: false }),
  )
  for (const value of VALUES) {
    const timestamp = node.env.clock.nowMs()
    const records = buildRecordBatch([{ timestamp, key: null, value }])
    await node.complete(
      client.request(produceApi, 9, {
        acks: 1,
        timeoutMs: 1_000,
        topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }],
      }),
    )
    await node.sim.run({ forMs: 10_000 })
  }
  await node.complete(
    client.request(fetchApi, 4, {
      maxWaitMs: 100,
      minBytes: 1,
      topics: [
        {
          topic: 'orders',
          partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }],
        },
      ],
    }),
  )
  return client
}

async function commit(node: TestNode, client: WireClient, groupId: string, offset: number) {
  const { groupCoordinator } = node.node.services
  await node.complete(groupCoordinator.find(groupId))
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }]
  await node.complete(
    client.request(offsetCommitApi, 5, {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: 'orders', partitions }],
    }),
  )
}

t.test('every metric of the table is exported, with what the node has done', async t => {
  const node = await TestNode.start()
  const client = await useNode(node)
  await commit(node, client, 'readers', 1)
  const pages = pagesOf(node)
  pages.onStarted(node.node)
  const { status, contentType, body } = await ask(node, pages, '/metrics', ALL)
  t.equal(status, 200)
  t.match(contentType, /^text\/plain; version=0\.0\.4/)
  for (const { name, kind, isOnRequest } of metricRows()) {
    t.ok(body.includes(`# TYPE ${name} ${kind}\n`), name)
    if (isOnRequest === true) continue
    const short = (await ask(node, pages, '/metrics')).body
    t.ok(short.includes(`# TYPE ${name} ${kind}\n`), `${name} without asking for partitions`)
  }
  const value = (series: string) => {
    const line = body.split('\n').find(each => each.startsWith(`${series} `))
    return line === undefined ? null : Number(line.slice(series.length + 1))
  }
  t.equal(value('weir_build_info{version="1.2.3",node_version="v20"}'), 1)
  t.equal(value('weir_ready'), 1)
  t.equal(value('weir_event_loop_holds_total'), 7)
  t.equal(value('weir_request_seconds_count{api="Produce"}'), 3)
  t.equal(value('weir_connections{listener="PLAINTEXT"}'), 1)
  t.equal(value('weir_topic_received_batches_total{topic="orders"}'), 3)
  const bytes = value('weir_topic_received_bytes_total{topic="orders"}')
  t.equal(bytes, value('weir_topic_sent_bytes_total{topic="orders"}'))
  t.equal(bytes, value('weir_topic_log_bytes{topic="orders"}'))
  t.equal(value('weir_topic_records{topic="orders"}'), 3)
  t.equal(value('weir_partition_high_watermark{topic="orders",partition="0"}'), 3)
  t.equal(value('weir_partition_high_watermark{topic="orders",partition="1"}'), 0)
  t.equal(value('weir_quorum_leader_id'), 1)
  t.equal(value('weir_groups{state="Empty"}'), 1)
  t.equal(value('weir_group_lag_records{group="readers",topic="orders"}'), 2)
  const seconds = value('weir_group_lag_seconds{group="readers",topic="orders"}') ?? 0
  t.ok(seconds >= 20 && seconds < 25, `the second record is ${seconds} s old`)
  await node.stop()
})

t.test('an area of the page is rendered alone', async t => {
  const node = await TestNode.start()
  const pages = pagesOf(node)
  pages.onStarted(node.node)
  const query = new Map([['area', 'replication']])
  const { body } = await ask(node, pages, '/metrics', query)
  t.match(body, 'weir_partitions_led')
  t.notMatch(body, /weir_ready|weir_topic_|weir_quorum_/)
  t.match(await ask(node, pages, '/metrics', new Map([['area', 'replicas']])), {
    status: 400,
    body: "there is no area 'replicas', only process, requests, cluster, topics, replication, groups\n",
  })
  await node.stop()
})

t.test('lag is 0 at the end, and counted from the log start behind it', async t => {
  const node = await TestNode.start()
  const client = await useNode(node)
  await commit(node, client, 'done', 3)
  await commit(node, client, 'behind', 0)
  const partition = node.node.services.replicaManager.getPartition('orders', 0)
  await node.complete(partition?.log.advanceLogStartOffset(2) ?? Promise.resolve())
  const pages = pagesOf(node)
  pages.onStarted(node.node)
  const { body } = await ask(node, pages, '/metrics')
  t.match(body, '\nweir_group_lag_records{group="done",topic="orders"} 0\n')
  t.match(body, '\nweir_group_lag_seconds{group="done",topic="orders"} 0\n')
  t.match(body, '\nweir_group_lag_records{group="behind",topic="orders"} 1\n')
  await node.stop()
})

t.test('a node is alive at once, and ready while its broker is not fenced', async t => {
  const node = await TestNode.start()
  const pages = pagesOf(node)
  t.match(await ask(node, pages, '/healthz'), { status: 200 })
  t.match(await ask(node, pages, '/readyz'), { status: 503, body: /the node is starting/ })
  t.match(await ask(node, pages, '/metrics'), { status: 200, body: '\nweir_ready 0\n' })
  pages.onStarted(node.node)
  t.match(await ask(node, pages, '/readyz'), { status: 200, body: 'ready\n' })
  const fenced = pagesOf(node)
  fenced.onStarted({ isBroker: true, isFenced: true } as WeirNode)
  t.match(await ask(node, fenced, '/readyz'), { status: 503, body: /the broker is fenced/ })
  pages.onStopping()
  t.match(await ask(node, pages, '/readyz'), { status: 503, body: /stopping/ })
  t.match(await ask(node, pages, '/healthz'), { status: 200 })
  t.match(await ask(node, pages, '/'), { status: 200, body: /\/metrics/ })
  t.match(await ask(node, pages, '/console'), { status: 404, body: /no \/console here/ })
  await node.stop()
})

t.test('an address that is taken is a warning, and off is none', async t => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const warnings: [string, LogFields | undefined][] = []
  const env = createNodeEnv({ log: { level: 'silent' } })
  const log = Object.create(env.log, {
    warn: { value: (message: string, fields?: LogFields) => warnings.push([message, fields]) },
  })
  const start = (address: string) => {
    const { settings } = loadSettings({ assignments: [`weir.http.listen=${address}`] })
    return HttpEndpoint.start({ ...env, log }, { settings, version: '1', nodeVersion: 'v20' })
  }
  t.equal(await start(`127.0.0.1:${port}`), null)
  t.match(warnings, [[/no metrics and health/, { reason: /EADDRINUSE/ }]])
  t.equal(await start('off'), null)
  t.equal(warnings.length, 1)
  t.throws(
    () => loadSettings({ assignments: ['weir.http.listen=8080'] }),
    /neither HOST:PORT nor off/,
  )
  const endpoint = await start('127.0.0.1:0')
  t.teardown(() => endpoint?.close())
  const answer = await fetch(`http://127.0.0.1:${endpoint?.port}/readyz`)
  t.equal(answer.status, 503)
})

t.test('the dashboard uses metrics that exist', t => {
  const file = new URL('../../../../config/grafana/weir.json', import.meta.url)
  const dashboard = readFileSync(file, 'utf8')
  const names = new Set([...metricRows()].flatMap(({ name, kind }) => seriesOf(name, kind)))
  const used = new Set(dashboard.match(/\b(?:weir|process)_[a-z_]+/g))
  t.ok(used.size > 20)
  for (const name of used) t.ok(names.has(name), name)
  t.doesNotThrow(() => JSON.parse(dashboard))
  t.end()
})

function seriesOf(name: string, kind: string): string[] {
  return kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
}
