// What a node tells about itself and its cluster: versions, features, brokers, quorum, directories,
// elections, reassignments.

import {
  alterPartitionReassignmentsApi,
  apiByKey,
  apiVersionsApi,
  createTopicsApi,
  describeClusterApi,
  describeLogDirsApi,
  describeQuorumApi,
  electLeadersApi,
  errorCode,
  listPartitionReassignmentsApi,
  produceApi,
  saslAuthenticateApi,
  saslHandshakeApi,
  updateFeaturesApi,
} from '@weir/protocol'
import t from 'tap'
import { API_ROWS } from '../server/api-table.ts'
import { batchOf } from '../testing/data-plane.ts'
import { DATA_DIRECTORY, TestNode } from '../testing/test-node.ts'

const CLUSTER_OPERATIONS = 8096

async function newWorld() {
  const node = await TestNode.start()
  const client = await node.connect()
  const topic = { name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
  const created = await node.complete(client.request(createTopicsApi, 7, { topics: [topic] }))
  return { node, client, topicId: created.topics[0]?.topicId ?? '' }
}

t.test(
  'each API is in the table once, in the order of keys, with versions that have a codec',
  t => {
    const keys = API_ROWS.map(row => row.definition.key)
    t.same(
      keys,
      [...new Set(keys)].sort((a, b) => a - b),
    )
    for (const { definition, minVersion, maxVersion, isPrivate } of API_ROWS) {
      if (isPrivate) continue
      const api = apiByKey(definition.key)
      t.ok(api !== undefined && minVersion >= api.minVersion && maxVersion <= api.maxVersion)
    }
    t.end()
  },
)

for (const version of [0, 2, 3, 4]) {
  t.test(`ApiVersions v${version} tells what is served`, async t => {
    const { node, client } = await newWorld()
    const names = version >= 3 ? { clientSoftwareName: 'a', clientSoftwareVersion: '1.0' } : {}
    const answer = await node.complete(client.request(apiVersionsApi, version, names))
    t.equal(answer.errorCode, 0)
    t.same(
      answer.apiKeys.map(row => row.apiKey),
      API_ROWS.filter(row => row.listeners.includes('broker')).map(row => row.definition.key),
    )
    for (const key of [56, 58, 62, 63, 67, 10_000]) {
      t.notOk(
        answer.apiKeys.some(row => row.apiKey === key),
        `${key} is for nodes alone`,
      )
    }
    const produce = answer.apiKeys.find(row => row.apiKey === produceApi.key)
    t.match(produce, { minVersion: 0, maxVersion: 13 })
    if (version < 3) return
    t.match(answer.finalizedFeatures, [
      { name: 'metadata.version', maxVersionLevel: 30, minVersionLevel: 30 },
    ])
    t.ok(answer.finalizedFeaturesEpoch > 0)
  })
}

for (const [name, version] of [
  ['', '1'],
  ['a b', '1'],
  ['a', ''],
  ['-a', '1'],
  ['a-', '1'],
  ['a', '1.'],
] as const) {
  t.test(`a client that calls itself '${name}' '${version}' is told INVALID_REQUEST`, async t => {
    const { node, client } = await newWorld()
    const request = { clientSoftwareName: name, clientSoftwareVersion: version }
    const answer = await node.complete(client.request(apiVersionsApi, 3, request))
    t.equal(answer.errorCode, errorCode('INVALID_REQUEST'))
  })
}

t.test('SASL on a plaintext listener is out of place', async t => {
  const { node, client } = await newWorld()
  const handshake = client.request(saslHandshakeApi, 1, { mechanism: 'PLAIN' })
  t.match(await node.complete(handshake), { errorCode: errorCode('ILLEGAL_SASL_STATE') })
  const authenticate = client.request(saslAuthenticateApi, 2, { authBytes: Buffer.from('x') })
  t.match(await node.complete(authenticate), { errorCode: errorCode('ILLEGAL_SASL_STATE') })
})

t.test('DescribeCluster tells brokers, and that this is no controller endpoint', async t => {
  const { node, client } = await newWorld()
  const ask = (endpointType: number) =>
    node.complete(
      client.request(describeClusterApi, 2, {
        includeClusterAuthorizedOperations: true,
        endpointType,
        includeFencedBrokers: true,
      }),
    )
  t.match(await ask(1), {
    errorCode: 0,
    clusterId: node.node.clusterId,
    controllerId: 1,
    brokers: [{ brokerId: 1, host: 'node', port: 9092, isFenced: false }],
    clusterAuthorizedOperations: CLUSTER_OPERATIONS,
  })
  t.match(await ask(2), { errorCode: errorCode('MISMATCHED_ENDPOINT_TYPE') })
  t.match(await ask(3), { errorCode: errorCode('UNSUPPORTED_ENDPOINT_TYPE') })
})

t.test('DescribeQuorum tells a quorum of one', async t => {
  const { node, client } = await newWorld()
  const ask = (topicName: string) =>
    node.complete(
      client.request(describeQuorumApi, 2, {
        topics: [{ topicName, partitions: [{ partitionIndex: 0 }] }],
      }),
    )
  const { topics, nodes } = await ask('__cluster_metadata')
  const partition = topics[0]?.partitions[0]
  t.match(partition, { errorCode: 0, leaderId: 1, currentVoters: [{ replicaId: 1 }] })
  t.equal(partition?.highWatermark, partition?.currentVoters[0]?.logEndOffset)
  t.match(nodes, [{ nodeId: 1, listeners: [{ name: 'CONTROLLER', port: 10_092 }] }])
  t.match((await ask('t')).topics, [
    { partitions: [{ errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') }] },
  ])
})

t.test('DescribeLogDirs tells sizes, of all partitions or of those asked for', async t => {
  const { node, client, topicId } = await newWorld()
  const partitionData = [{ index: 1, records: batchOf(['x'.repeat(1000)]) }]
  await node.complete(
    client.request(produceApi, 13, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ topicId, partitionData }],
    }),
  )
  const ask = (topics: { topic: string; partitions: number[] }[] | null) =>
    node.complete(client.request(describeLogDirsApi, 4, { topics }))
  const { results } = await ask(null)
  t.match(results, [{ errorCode: 0, logDir: DATA_DIRECTORY, topics: [{ name: 't' }] }])
  const sizes = results[0]?.topics[0]?.partitions.map(p => [p.partitionIndex, p.partitionSize])
  t.ok((new Map(sizes as [number, number][]).get(1) ?? 0) > 1000)
  const one = await ask([{ topic: 't', partitions: [0] }])
  t.match(one.results[0]?.topics, [{ partitions: [{ partitionIndex: 0, partitionSize: 0 }] }])
})

t.test('ElectLeaders: nothing to elect on one node', async t => {
  const { node, client } = await newWorld()
  const ask = (topic: string, electionType: number) =>
    node.complete(
      client.request(electLeadersApi, 2, {
        electionType,
        topicPartitions: [{ topic, partitions: [0] }],
      }),
    )
  t.match((await ask('t', 0)).replicaElectionResults, [
    { topic: 't', partitionResult: [{ errorCode: errorCode('ELECTION_NOT_NEEDED') }] },
  ])
  t.match((await ask('u', 1)).replicaElectionResults, [
    { partitionResult: [{ errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') }] },
  ])
  t.match(await ask('t', 5), { errorCode: errorCode('INVALID_REQUEST') })
  const all = { electionType: 0, topicPartitions: null }
  const answer = await node.complete(client.request(electLeadersApi, 2, all))
  t.match(answer, { errorCode: 0 })
  t.same(answer.replicaElectionResults, [])
})

t.test('reassignments: the same replicas are fine, others are not, none is running', async t => {
  const { node, client } = await newWorld()
  const alter = async (replicas: number[] | null) => {
    const partitions = [{ partitionIndex: 0, replicas }]
    const { responses } = await node.complete(
      client.request(alterPartitionReassignmentsApi, 1, { topics: [{ name: 't', partitions }] }),
    )
    return responses[0]?.partitions[0]?.errorCode
  }
  t.equal(await alter([1]), 0)
  t.equal(await alter([2]), errorCode('INVALID_REPLICA_ASSIGNMENT'))
  t.equal(await alter([]), errorCode('INVALID_REPLICA_ASSIGNMENT'))
  t.equal(await alter(null), errorCode('NO_REASSIGNMENT_IN_PROGRESS'))
  const listed = await node.complete(client.request(listPartitionReassignmentsApi, 0, {}))
  t.match(listed, { errorCode: 0 })
  t.same(listed.topics, [])
})

t.test('UpdateFeatures refuses what is not supported', async t => {
  const { node, client } = await newWorld()
  const update = (feature: string, maxVersionLevel: number) =>
    node.complete(
      client.request(updateFeaturesApi, 2, {
        featureUpdates: [{ feature, maxVersionLevel, upgradeType: 1 }],
      }),
    )
  t.match(await update('metadata.version', 30), { errorCode: 0 })
  t.match(await update('metadata.version', 31), {
    errorCode: errorCode('INVALID_UPDATE_VERSION'),
    errorMessage: /metadata\.version/,
  })
  t.match(await update('transaction.version', 2), {
    errorCode: errorCode('INVALID_UPDATE_VERSION'),
  })
})
