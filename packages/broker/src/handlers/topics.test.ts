// The topic APIs over the wire against a whole node: creation, deletion, growth, descriptions, in old
// and new versions.

import { ZERO_UUID } from '@weir/core'
import {
  createPartitionsApi,
  createTopicsApi,
  deleteTopicsApi,
  describeTopicPartitionsApi,
  errorCode,
  findCoordinatorApi,
  metadataApi,
  offsetCommitApi,
  offsetFetchApi,
} from '@weir/protocol'
import t from 'tap'
import { TestNode } from '../testing/test-node.ts'
import type { WireClient } from '../testing/wire-client.ts'

const TOPIC_OPERATIONS = 3576

function newTopic(name: string, numPartitions = 1, replicationFactor = 1) {
  return { name, numPartitions, replicationFactor, assignments: [], configs: [] }
}

async function newWorld(assignments: readonly string[] = []) {
  const node = await TestNode.start(assignments)
  const client = await node.connect()
  const create = (name: string, partitions = 1) =>
    node.complete(client.request(createTopicsApi, 7, { topics: [newTopic(name, partitions)] }))
  return { node, client, create }
}

function metadata(client: WireClient, version: number, topics: readonly string[] | null) {
  return client.request(metadataApi, version, {
    topics: topics === null ? null : topics.map(name => ({ name })),
    allowAutoTopicCreation: version < 4,
  })
}

for (const version of [2, 4, 5, 7]) {
  t.test(`CreateTopics v${version} answers what the version knows`, async t => {
    const { node, client } = await newWorld(['num.partitions=2'])
    const configs = [{ name: 'retention.ms', value: '60000' }]
    const usesDefaults = version >= 4
    const topic = { ...newTopic('a'), configs, ...(usesDefaults ? { numPartitions: -1 } : {}) }
    const request = { topics: [topic, newTopic('..'), newTopic('__proto__')] }
    const { topics } = await node.complete(client.request(createTopicsApi, version, request))
    const byName = new Map(topics.map(result => [result.name, result]))
    t.equal(byName.get('a')?.errorCode, 0)
    t.equal(byName.get('__proto__')?.errorCode, 0)
    t.match(byName.get('..'), {
      errorCode: errorCode('INVALID_TOPIC_EXCEPTION'),
      errorMessage: "Topic name is invalid: '..' is not allowed",
    })
    if (version >= 5) {
      t.match(byName.get('a'), { numPartitions: 2, replicationFactor: 1 })
      const retention = byName.get('a')?.configs?.find(config => config.name === 'retention.ms')
      t.match(retention, { value: '60000', configSource: 1, readOnly: false })
    }
    if (version >= 7) t.not(byName.get('a')?.topicId, ZERO_UUID)
  })
}

t.test('validateOnly creates nothing', async t => {
  const { node, client } = await newWorld()
  const request = { topics: [newTopic('a', 3)], validateOnly: true }
  const { topics } = await node.complete(client.request(createTopicsApi, 7, request))
  t.match(topics, [{ errorCode: 0, numPartitions: 3 }])
  t.match((await node.complete(metadata(client, 12, ['a']))).topics, [
    { errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') },
  ])
})

t.test('a request for many partitions is decided in parts, and answered for all', async t => {
  const { node, client } = await newWorld()
  const { controller } = node.node.services
  const before = controller.appliedIndex
  const topics = [newTopic('a', 800), newTopic('..'), newTopic('b', 900), newTopic('c', 1_500)]
  const answer = await node.complete(client.request(createTopicsApi, 7, { topics }))
  t.same(
    answer.topics.map(topic => [topic.name, topic.numPartitions, topic.errorCode]),
    [
      ['a', 800, 0],
      ['..', -1, errorCode('INVALID_TOPIC_EXCEPTION')],
      ['b', 900, 0],
      ['c', 1_500, 0],
    ],
  )
  t.equal(controller.appliedIndex - before, 3)
  const twins = await node.complete(
    client.request(createTopicsApi, 7, { topics: [newTopic('d', 900), newTopic('d', 900)] }),
  )
  t.match(twins.topics, [{ errorCode: errorCode('INVALID_REQUEST') }])
  const tooMany = Array.from({ length: 11 }, (_, index) => newTopic(`e${index}`, 1_000))
  const refused = await node.complete(client.request(createTopicsApi, 7, { topics: tooMany }))
  t.equal(refused.topics.at(-1)?.errorCode, errorCode('POLICY_VIOLATION'))
})

t.test('DeleteTopics by name and by id, and what cannot be deleted', async t => {
  const { node, client, create } = await newWorld()
  await create('a')
  const id = (await create('b')).topics[0]?.topicId ?? ''
  const unknownId = 'AAAAAAAAAAAAAAAAAAAABQ'
  const { responses } = await node.complete(
    client.request(deleteTopicsApi, 6, {
      topics: [
        { name: 'a', topicId: ZERO_UUID },
        { name: null, topicId: id },
        { name: 'c', topicId: ZERO_UUID },
        { name: null, topicId: unknownId },
        { name: null, topicId: ZERO_UUID },
        { name: 'd', topicId: id },
        { name: 'e', topicId: ZERO_UUID },
        { name: 'e', topicId: ZERO_UUID },
      ],
      timeoutMs: 1000,
    }),
  )
  const error = (name: string | null, topicId?: string) =>
    responses.find(each => each.name === name && (topicId ?? each.topicId) === each.topicId)
      ?.errorCode
  t.equal(error('a'), 0)
  t.equal(error('b', id), 0)
  t.equal(error('c'), errorCode('UNKNOWN_TOPIC_OR_PARTITION'))
  t.equal(error(null, unknownId), errorCode('UNKNOWN_TOPIC_ID'))
  t.equal(error(null, ZERO_UUID), errorCode('INVALID_REQUEST'))
  t.equal(error('d', id), errorCode('INVALID_REQUEST'))
  t.equal(error('e'), errorCode('INVALID_REQUEST'))
  t.same((await node.complete(metadata(client, 12, null))).topics, [])
})

t.test('a re-created topic has a new id and no records of the old one', async t => {
  const { node, client, create } = await newWorld()
  const first = (await create('a')).topics[0]?.topicId
  await node.complete(client.request(deleteTopicsApi, 1, { topicNames: ['a'], timeoutMs: 1000 }))
  const second = (await create('a')).topics[0]?.topicId
  t.not(first, second)
  t.equal(node.node.services.replicaManager.getPartition('a', 0)?.log.logEndOffset, 0)
})

t.test(
  'the topic of the groups can be deleted, as in Kafka: they are forgotten, and begin anew',
  async t => {
    const { node, client, create } = await newWorld()
    await create('a')
    const coordinator = { keyType: 0, coordinatorKeys: ['g'] }
    const commit = async (committedOffset: number): Promise<number> => {
      const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: '' }]
      const request = {
        groupId: 'g',
        generationIdOrMemberEpoch: -1,
        memberId: '',
        topics: [{ name: 'a', partitions }],
      }
      for (let attempt = 0; attempt < 20; attempt++) {
        await node.complete(client.request(findCoordinatorApi, 4, coordinator))
        const { topics } = await node.complete(client.request(offsetCommitApi, 9, request))
        const code = topics[0]?.partitions[0]?.errorCode ?? -1
        if (code === 0) return attempt
        await node.sim.run({ forMs: 100 })
      }
      throw new Error('no commit was taken')
    }
    const fetch = async (): Promise<number | undefined> => {
      const topics = [{ name: 'a', partitionIndexes: [0] }]
      const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }]
      const request = { groups, requireStable: false }
      const answer = await node.complete(client.request(offsetFetchApi, 8, request))
      return answer.groups[0]?.topics[0]?.partitions[0]?.committedOffset
    }
    await commit(5)
    t.equal(await fetch(), 5)
    const topic = { name: '__consumer_offsets', topicId: ZERO_UUID }
    const gone = { topics: [topic], timeoutMs: 1_000 }
    t.match(await node.complete(client.request(deleteTopicsApi, 6, gone)), {
      responses: [{ errorCode: 0 }],
    })
    t.not(await fetch(), 5, 'what was committed went with the topic')
    await commit(7)
    t.equal(await fetch(), 7)
    t.same(node.fatal, [])
  },
)

t.test('topic deletion can be disabled', async t => {
  const { node, client, create } = await newWorld(['delete.topic.enable=false'])
  await create('a')
  for (const [version, error] of [
    [1, 'INVALID_REQUEST'],
    [4, 'TOPIC_DELETION_DISABLED'],
  ] as const) {
    const request = { topicNames: ['a'], timeoutMs: 1000 }
    const { responses } = await node.complete(client.request(deleteTopicsApi, version, request))
    t.match(responses, [{ name: 'a', errorCode: errorCode(error) }])
  }
})

t.test('CreatePartitions grows a topic, whose partitions are there at once', async t => {
  const { node, client, create } = await newWorld()
  await create('a')
  const grow = async (count: number, assignments: { brokerIds: number[] }[] | null = null) => {
    const request = {
      topics: [{ name: 'a', count, assignments }],
      timeoutMs: 1000,
      validateOnly: false,
    }
    const { results } = await node.complete(client.request(createPartitionsApi, 3, request))
    return results[0]
  }
  t.match(await grow(3), { errorCode: 0 })
  t.ok(node.node.services.replicaManager.getPartition('a', 2))
  t.match(await grow(1), { errorCode: errorCode('INVALID_PARTITIONS') })
  t.match(await grow(4, [{ brokerIds: [9] }]), {
    errorCode: errorCode('INVALID_REPLICA_ASSIGNMENT'),
    errorMessage: /no such broker is registered/,
  })
})

t.test('Metadata: all, none, unknown, by id, in the versions that tell them apart', async t => {
  const { node, client, create } = await newWorld(['auto.create.topics.enable=false'])
  await create('b', 2)
  const id = (await create('a')).topics[0]?.topicId ?? ''
  const ask = (version: number, topics: readonly string[] | null) =>
    node.complete(metadata(client, version, topics))
  for (const version of [1, 9, 13]) {
    t.match((await ask(version, null)).topics, [{ name: 'a' }, { name: 'b' }])
    t.same((await ask(version, [])).topics, [])
  }
  t.equal((await ask(0, [])).topics.length, 2, 'in v0 an empty list asks for all')
  t.match((await ask(12, ['nope', 'a', '..', 'a'])).topics, [
    { name: '..', errorCode: errorCode('INVALID_TOPIC_EXCEPTION') },
    { name: 'a', errorCode: 0, topicId: id, topicAuthorizedOperations: -2_147_483_648 },
    { name: 'nope', errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION'), topicId: ZERO_UUID },
  ])
  const unknownId = 'AAAAAAAAAAAAAAAAAAAABQ'
  const byId = await node.complete(
    client.request(metadataApi, 12, {
      topics: [
        { topicId: id, name: null },
        { topicId: unknownId, name: null },
        { topicId: id, name: null },
        { topicId: unknownId, name: null },
      ],
      includeTopicAuthorizedOperations: true,
    }),
  )
  t.match(byId, {
    clusterId: node.node.clusterId,
    controllerId: 1,
    brokers: [{ nodeId: 1, host: 'node', port: 9092 }],
  })
  t.equal(byId.topics.length, 2, 'each once, however often it is named')
  t.match(
    new Set(byId.topics.map(topic => [topic.name, topic.errorCode])),
    new Set([
      ['a', 0],
      [null, errorCode('UNKNOWN_TOPIC_ID')],
    ]),
  )
  const described = byId.topics.find(topic => topic.name === 'a')
  t.equal(described?.topicAuthorizedOperations, TOPIC_OPERATIONS)
  t.match(described?.partitions, [
    { partitionIndex: 0, leaderId: 1, leaderEpoch: 0, replicaNodes: [1], isrNodes: [1] },
  ])
})

t.test(
  'topics are created behind the answer that misses them, if client and broker allow it',
  async t => {
    const { node, client, create } = await newWorld(['num.partitions=3'])
    const ask = (name: string, allowAutoTopicCreation: boolean) =>
      node.complete(client.request(metadataApi, 9, { topics: [{ name }], allowAutoTopicCreation }))
    const unknown = [{ errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') }]
    t.match((await ask('a', false)).topics, unknown)
    t.match((await ask('a', false)).topics, unknown, 'not asked for')
    await create('a')
    await node.complete(client.request(deleteTopicsApi, 1, { topicNames: ['a'], timeoutMs: 1000 }))
    t.match((await ask('a', true)).topics, unknown, 'the client that deleted it sees it gone')
    const { topics } = await ask('a', false)
    t.equal(topics[0]?.errorCode, 0)
    t.equal(topics[0]?.partitions.length, 3)
    t.match((await ask('bad name', true)).topics, [
      { errorCode: errorCode('INVALID_TOPIC_EXCEPTION') },
    ])
  },
)

t.test('DescribeTopicPartitions goes page by page', async t => {
  const { node, client, create } = await newWorld()
  await create('a', 3)
  await create('b', 2)
  await create('c', 1)
  const seen: string[] = []
  let cursor: { topicName: string; partitionIndex: number } | null = null
  let pages = 0
  do {
    const request = { topics: [], responsePartitionLimit: 2, cursor }
    const page: { topics: { name: string | null; partitions: { partitionIndex: number }[] }[] } & {
      nextCursor: { topicName: string; partitionIndex: number } | null
    } = await node.complete(client.request(describeTopicPartitionsApi, 0, request))
    for (const { name, partitions } of page.topics) {
      for (const { partitionIndex } of partitions) seen.push(`${name}-${partitionIndex}`)
    }
    cursor = page.nextCursor
    pages++
  } while (cursor !== null && pages < 10)
  t.same(seen, ['a-0', 'a-1', 'a-2', 'b-0', 'b-1', 'c-0'])
  t.equal(pages, 3)
  const named = { topics: [{ name: 'nope' }, { name: 'a' }], responsePartitionLimit: 10 }
  t.match(await node.complete(client.request(describeTopicPartitionsApi, 0, named)), {
    topics: [
      { name: 'a', errorCode: 0 },
      { name: 'nope', errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') },
    ],
    nextCursor: null,
  })
  const lost = { topics: [{ name: 'a' }], cursor: { topicName: 'b', partitionIndex: 0 } }
  t.match(await node.complete(client.request(describeTopicPartitionsApi, 0, lost)), {
    topics: [{ name: 'a', errorCode: errorCode('INVALID_REQUEST') }],
  })
})
