// Controllers join and leave the voters of a running cluster, as an operator asks for it.

import { ZERO_UUID } from '@weir/core'
import {
  type AddRaftVoterRequestInit,
  addRaftVoterApi,
  describeClusterApi,
  describeQuorumApi,
  errorCode,
  removeRaftVoterApi,
  unregisterBrokerApi,
} from '@weir/protocol'
import t from 'tap'
import { TestCluster } from './testing/test-cluster.ts'
import type { WireClient } from './testing/wire-client.ts'

const QUORUM = {
  topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
}

async function quorumOf(cluster: TestCluster, client: WireClient) {
  const { topics, nodes } = await cluster.complete(client.request(describeQuorumApi, 2, QUORUM))
  const [partition] = topics[0]?.partitions ?? []
  return {
    voters: partition?.currentVoters.map(voter => voter.replicaId) ?? [],
    observers: partition?.observers ?? [],
    nodes: nodes?.map(node => node.nodeId) ?? [],
  }
}

function newVoter(voterId: number, voterDirectoryId = ZERO_UUID): AddRaftVoterRequestInit {
  const listeners = [{ name: 'CONTROLLER', host: `n${voterId}`, port: 9093 }]
  return { clusterId: null, timeoutMs: 10_000, voterId, voterDirectoryId, listeners }
}

t.test('a controller that follows becomes a voter, and a voter leaves', async t => {
  const cluster = await TestCluster.start({ controllers: [1, 2, 3], brokers: [5] })
  await cluster.complete(cluster.starting(4, ['process.roles=controller']))
  const client = await cluster.connect(5)
  const before = await quorumOf(cluster, client)
  t.same(before.voters, [1, 2, 3])
  const [four] = before.observers.filter(each => each.replicaId === 4)
  t.not(four?.replicaDirectoryId, ZERO_UUID)

  const request = newVoter(4, four?.replicaDirectoryId)
  const add = () => cluster.complete(client.request(addRaftVoterApi, 1, request))
  t.match(await add(), { errorCode: 0 })
  t.match(await add(), { errorCode: errorCode('DUPLICATE_VOTER') })
  t.same((await quorumOf(cluster, client)).voters, [1, 2, 3, 4])

  const leader = (await cluster.controller()).nodeId
  const remove = (voterId: number) => {
    const asked = { clusterId: null, voterId, voterDirectoryId: ZERO_UUID }
    return cluster.complete(client.request(removeRaftVoterApi, 0, asked))
  }
  t.match(await remove(9), { errorCode: errorCode('VOTER_NOT_FOUND') })
  // The leader, too: another is elected.
  t.match(await remove(leader), { errorCode: 0 })
  const after = await quorumOf(cluster, client)
  t.same(
    after.voters,
    [1, 2, 3, 4].filter(id => id !== leader),
  )
  t.same(after.nodes, after.voters)
  t.same(cluster.fatal, [])
})

t.test('a voter of another cluster id is not added', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  const client = await cluster.connect(1)
  const request = { ...newVoter(4), clusterId: 'other' }
  t.match(await cluster.complete(client.request(addRaftVoterApi, 0, request)), {
    errorCode: errorCode('INCONSISTENT_CLUSTER_ID'),
  })
})

t.test('a broker that is unregistered and still there registers again', async t => {
  const cluster = await TestCluster.start({ controllers: [1], brokers: [2, 3] })
  const client = await cluster.connect(2)
  const unregister = (brokerId: number) =>
    cluster.complete(client.request(unregisterBrokerApi, 0, { brokerId }))
  const epochOf = () => cluster.get(2).services.metadata.brokers.get(3)?.brokerEpoch
  const before = epochOf()
  t.match(await unregister(9), { errorCode: errorCode('BROKER_ID_NOT_REGISTERED') })
  t.match(await unregister(3), { errorCode: 0 })
  t.equal(epochOf(), undefined)
  await cluster.sim.run(() => cluster.get(3).isFenced === false && epochOf() !== undefined, 5_000)
  t.ok(Number(epochOf()) > Number(before))
  cluster.kill(3)
  t.match(await unregister(3), { errorCode: 0 })
  const asked = { includeClusterAuthorizedOperations: false, includeFencedBrokers: true }
  const { brokers } = await cluster.complete(client.request(describeClusterApi, 2, asked))
  t.same(
    brokers.map(broker => broker.brokerId),
    [2],
  )
})
