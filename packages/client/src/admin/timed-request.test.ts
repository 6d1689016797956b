import { addRaftVoterApi } from '@weir/protocol'
import t from 'tap'
import { fakeCluster, Later, like, serveMetadata } from '../testing/fake-broker.ts'
import { addVoter } from './quorum.ts'

t.test('a controller that takes all of its time is still heard', async t => {
  const { sim, brokers, cluster } = await fakeCluster(1, { requestTimeoutMs: 500 })
  serveMetadata(brokers, () => [])
  brokers[0]!.on(addRaftVoterApi, ({ timeoutMs }) => {
    return new Later(timeoutMs, { errorCode: 7, errorMessage: 'it does not catch up' })
  })
  const voter = { nodeId: 4, directoryId: 'AAAAAAAAAAAAAAAAAAAAAQ', listeners: [] }
  await t.rejects(
    sim.complete(addVoter(cluster, null, voter)),
    like({ errorName: 'REQUEST_TIMED_OUT', message: 'voter 4: it does not catch up' }),
  )
})
