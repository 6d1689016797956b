// What a request names again and again is answered once: else a small request would fill the memory, or
// hold the event loop for seconds.

import {
  type ApiDefinition,
  consumerGroupDescribeApi,
  describeGroupsApi,
  describeLogDirsApi,
  describeProducersApi,
  errorCode,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
} from '@weir/protocol'
import t from 'tap'
import { OFFSETS_TOPIC } from '../coordinator/group-coordinator.ts'
import { API_ROWS } from '../server/api-table.ts'
import { batchOf, type DataPlane } from '../testing/data-plane.ts'
import { openGroupPlane } from '../testing/group-plane.ts'

const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
/** Where what grows with the square of it would take minutes. */
const MANY = 20_000

async function openPlane(): Promise<DataPlane> {
  const plane = await openGroupPlane()
  plane.createTopic(OFFSETS_TOPIC, 1)
  await plane.sim.run({ forMs: 100 })
  return plane
}

async function ask(plane: DataPlane, api: ApiDefinition, version: number, request: unknown) {
  const row = API_ROWS.find(each => each.definition.key === api.key)!
  return await plane.response<Record<string, unknown>>(
    plane.ask(row.handle as never, version, request),
  )
}

function commit(plane: DataPlane, topics: readonly (readonly [string, number])[]) {
  return ask(plane, offsetCommitApi, 7, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: topics.map(([name, partitionIndex]) => {
      const offset = { committedOffset: 5, committedLeaderEpoch: -1, committedMetadata: '' }
      return { name, topicId: ZERO_ID, partitions: [{ partitionIndex, ...offset }] }
    }),
  })
}

t.test('OffsetCommit: topics that are not there, and many of them beside one that is', async t => {
  const plane = await openPlane()
  const code = errorCode('UNKNOWN_TOPIC_OR_PARTITION')
  const refused = await commit(plane, [
    ['gone', 0],
    ['gone', 1],
  ])
  const partitions = [0, 1].map(partitionIndex => ({ partitionIndex, errorCode: code }))
  t.same(refused['topics'], [{ name: 'gone', topicId: ZERO_ID, partitions }])
  const names = Array.from({ length: MANY }, (_, i) => [`gone-${i}`, 0] as const)
  const indexes = Array.from({ length: MANY }, (_, i) => ['t', i] as const)
  const response = await commit(plane, [...names, ...indexes])
  const topics = response['topics'] as { name: string; partitions: { errorCode: number }[] }[]
  t.equal(topics.length, MANY + 1)
  const known = topics.find(({ name }) => name === 't')?.partitions ?? []
  t.equal(known.length, MANY)
  t.equal(known.filter(each => each.errorCode === 0).length, 2)
})

t.test('OffsetFetch: groups, topics and partitions', async t => {
  const plane = await openPlane()
  await commit(plane, [
    ['t', 0],
    ['t', 1],
  ])
  const { topicId } = plane.partition('t')
  const member = { groupId: 'g', memberId: null, memberEpoch: -1 }
  const answer = [{ partitions: [{ partitionIndex: 0 }, { partitionIndex: 1 }] }]
  for (const [version, key] of [
    [8, { name: 't', topicId: ZERO_ID }],
    [10, { name: '', topicId }],
  ] as const) {
    const first = [{ ...key, partitionIndexes: [0, 0] }]
    const second = [
      { ...key, partitionIndexes: [0, 1] },
      { ...key, partitionIndexes: [1] },
    ]
    for (const [others, what] of [
      [second, 'named'],
      [null, 'all'],
    ] as const) {
      const groups = [
        { ...member, topics: first },
        { ...member, topics: others },
      ]
      const request = { groups, requireStable: false }
      const response = await ask(plane, offsetFetchApi, version, request)
      const fetched = response['groups'] as { topics: { partitions: unknown[] }[] }[]
      t.match(fetched, [{ groupId: 'g', topics: answer }], `v${version}, ${what}`)
      t.equal(fetched[0]?.topics[0]?.partitions.length, 2)
    }
  }
})

t.test('OffsetDelete: topics and partitions', async t => {
  const plane = await openPlane()
  await commit(plane, [['t', 0]])
  const partitions = [{ partitionIndex: 0 }, { partitionIndex: 0 }, { partitionIndex: 7 }]
  const names = ['t', 'gone', 't', 'gone']
  const topics = names.map(name => ({ name, partitions }))
  const code = errorCode('UNKNOWN_TOPIC_OR_PARTITION')
  const deleted = await ask(plane, offsetDeleteApi, 0, { groupId: 'g', topics })
  const answer = (name: string, error: number) => ({
    name,
    partitions: [
      { partitionIndex: 0, errorCode: error },
      { partitionIndex: 7, errorCode: code },
    ],
  })
  t.same(deleted['topics'], [answer('t', 0), answer('gone', code)])
})

t.test('groups that are described', async t => {
  const plane = await openPlane()
  await commit(plane, [['t', 0]])
  const ids = ['g', 'g', 'h', 'g']
  for (const [api, version, field] of [
    [describeGroupsApi, 5, 'groups'],
    [consumerGroupDescribeApi, 1, 'groupIds'],
  ] as const) {
    const request = { [field]: ids, includeAuthorizedOperations: false }
    const response = await ask(plane, api as ApiDefinition, version, request)
    const groups = response['groups'] as { groupId: string }[]
    t.same(
      groups.map(({ groupId }) => groupId),
      ['g', 'h'],
    )
  }
})

t.test('DescribeProducers: topics and partitions', async t => {
  const plane = await openPlane()
  const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 }
  await plane.produce('t', batchOf(['x'], producer))
  const topic = { name: 't', partitionIndexes: [0, 0] }
  const response = await ask(plane, describeProducersApi, 0, { topics: [topic, topic] })
  const topics = response['topics'] as { partitions: unknown[] }[]
  t.match(topics, [{ partitions: [{ activeProducers: [{ producerId: 7 }] }] }])
  t.same([topics.length, topics[0]?.partitions.length], [1, 1])
})

t.test('DescribeLogDirs: a topic that is named twice with other partitions', async t => {
  const plane = await openPlane()
  const topics = [0, 1].map(partition => ({ topic: 't', partitions: [partition] }))
  const response = await ask(plane, describeLogDirsApi, 4, { topics })
  const [directory] = response['results'] as { topics: { partitions: unknown[] }[] }[]
  t.equal(directory?.topics[0]?.partitions.length, 2)
})
