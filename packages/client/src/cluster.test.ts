import { apiVersionsApi, deleteTopicsApi } from '@weir/protocol'
import t from 'tap'
import { fakeCluster, SILENCE, serveMetadata } from './testing/fake-broker.ts'

t.test('an address that was silent is tried after the others', async t => {
  const { sim, brokers, cluster } = await fakeCluster(2, {
    bootstrap: [
      { host: 'broker1', port: 9092 },
      { host: 'broker2', port: 9092 },
    ],
    requestTimeoutMs: 500,
  })
  const [silent, other] = brokers
  serveMetadata([other!], () => [])
  // As a process that was stopped: its machine takes the connection, and nobody answers.
  silent!.on(apiVersionsApi, () => SILENCE)
  const ask = () => sim.complete(cluster.refreshMetadata([]))
  await ask()
  t.equal(silent!.countOf(apiVersionsApi), 1)
  other!.hangUp()
  await sim.complete(sim.env('client').clock.sleep(10))
  await ask()
  t.equal(silent!.countOf(apiVersionsApi), 1, 'not asked again')
  t.equal(other!.countOf(apiVersionsApi), 2)
})

t.test('a controller that is gone is asked no more, but the one that followed', async t => {
  const { sim, brokers, cluster } = await fakeCluster(2)
  const [gone, next] = brokers
  serveMetadata([gone!, next!], () => [])
  for (const broker of brokers) broker.on(deleteTopicsApi, () => ({ responses: [] }))
  await sim.complete(cluster.refreshMetadata([]))
  t.equal(cluster.controllerId, gone!.nodeId)
  sim.kill('broker1')
  serveMetadata([next!], () => [])
  const body = { topics: [], topicNames: [], timeoutMs: 1_000 }
  await sim.complete(cluster.retry(() => cluster.request('controller', deleteTopicsApi, body)))
  t.equal(cluster.controllerId, next!.nodeId)
  t.equal(next!.countOf(deleteTopicsApi), 1)
})
