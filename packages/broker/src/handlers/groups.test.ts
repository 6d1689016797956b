// Every version of the APIs of groups: the plane encodes each answer in the version of its request,
// so that a field which a version does not have would fail here.

import {
  type ApiDefinition,
  consumerGroupDescribeApi,
  consumerGroupHeartbeatApi,
  deleteGroupsApi,
  describeGroupsApi,
  errorName,
  findCoordinatorApi,
  heartbeatApi,
  type JoinGroupResponse,
  joinGroupApi,
  leaveGroupApi,
  listGroupsApi,
  type OffsetFetchResponse,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
  syncGroupApi,
} from '@weir/protocol'
import t from 'tap'
import { API_ROWS } from '../server/api-table.ts'
import type { DataPlane } from '../testing/data-plane.ts'
import { openGroupPlane } from '../testing/group-plane.ts'

const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Sends a request with the defaults that decoding gives to what a version does not have. */
async function ask(
  plane: DataPlane,
  api: { readonly key: number },
  version: number,
  request: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const row = API_ROWS.find(each => each.definition.key === api.key)!
  return await plane.response(plane.ask(row.handle as never, version, request))
}

function versionsOf({ minVersion, maxVersion }: Pick<ApiDefinition, 'minVersion' | 'maxVersion'>) {
  return Array.from({ length: maxVersion - minVersion + 1 }, (_, index) => minVersion + index)
}

const name = (value: unknown) => errorName(value as number)

async function find(plane: DataPlane) {
  await ask(plane, findCoordinatorApi, 4, { key: '', keyType: 0, coordinatorKeys: ['g'] })
}

interface Member {
  readonly groupId: string
  readonly memberId: string
  readonly generationId: number
}

async function join(plane: DataPlane, groupId: string, version: number): Promise<Member> {
  let memberId = ''
  for (;;) {
    const request = {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: version === 0 ? -1 : 20_000,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from([0, 0, 0, 0, 0, 0]) }],
      reason: null,
    }
    const answer = await ask(plane, joinGroupApi, version, request)
    const response = answer as unknown as JoinGroupResponse
    memberId = response.memberId
    if (name(response.errorCode) === 'MEMBER_ID_REQUIRED') continue
    if (response.errorCode !== 0) throw new Error(name(response.errorCode))
    return { groupId, memberId, generationId: response.generationId }
  }
}

async function sync(plane: DataPlane, member: Member, version: number) {
  return await ask(plane, syncGroupApi, version, {
    ...member,
    groupInstanceId: null,
    protocolType: version >= 5 ? 'consumer' : null,
    protocolName: version >= 5 ? 'range' : null,
    assignments: [{ memberId: member.memberId, assignment: Buffer.from('mine') }],
  })
}

function commitRequest(plane: DataPlane, member: Member, version: number) {
  const hasIds = version >= 10
  const partitions = [0, 1, 9].map(partitionIndex => ({
    partitionIndex,
    committedOffset: 5 + partitionIndex,
    committedLeaderEpoch: -1,
    committedMetadata: null,
  }))
  const topicId = plane.services.metadata.topic('t')!.topicId
  return {
    groupId: member.groupId,
    generationIdOrMemberEpoch: member.generationId,
    memberId: member.memberId,
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [
      { name: hasIds ? '' : 't', topicId: hasIds ? topicId : ZERO_ID, partitions },
      {
        name: hasIds ? '' : 'gone',
        topicId: hasIds ? 'gone_________________A' : ZERO_ID,
        partitions,
      },
    ],
  }
}

t.test('FindCoordinator, every version: one key, or several', async t => {
  const plane = await openGroupPlane()
  for (const version of versionsOf(findCoordinatorApi)) {
    const isBatched = version >= 4
    const request = {
      key: isBatched ? '' : 'g',
      keyType: 0,
      coordinatorKeys: isBatched ? ['g', 'h'] : [],
    }
    const response = await ask(plane, findCoordinatorApi, version, request)
    const found = isBatched ? (response['coordinators'] as object[]) : [response]
    t.match(
      found,
      isBatched
        ? [
            { key: 'g', nodeId: 1 },
            { key: 'h', nodeId: 1 },
          ]
        : [{ nodeId: 1 }],
    )
    const transaction = await ask(plane, findCoordinatorApi, version, { ...request, keyType: 1 })
    const failed = isBatched ? (transaction['coordinators'] as object[])[0] : transaction
    t.match(failed, { errorCode: 42, nodeId: -1, port: -1 }, `v${version} transaction`)
  }
})

t.test('a member joins, commits and leaves in every version of JoinGroup', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  for (const version of versionsOf(joinGroupApi)) {
    const member = await join(plane, `join-${version}`, version)
    const synced = await sync(plane, member, Math.min(version, syncGroupApi.maxVersion))
    t.match(synced, { errorCode: 0, assignment: Buffer.from('mine') }, `v${version}`)
    const beat = { ...member, groupInstanceId: null }
    const beatVersion = Math.min(version, heartbeatApi.maxVersion)
    t.match(await ask(plane, heartbeatApi, beatVersion, beat), { errorCode: 0 })
    const leaveVersion = Math.min(version, leaveGroupApi.maxVersion)
    const { groupId, memberId } = member
    const leaver = { memberId, groupInstanceId: null, reason: null }
    const leave = {
      groupId,
      memberId: leaveVersion < 3 ? memberId : '',
      members: leaveVersion < 3 ? [] : [leaver],
    }
    t.match(await ask(plane, leaveGroupApi, leaveVersion, leave), { errorCode: 0 })
    const again = await ask(plane, leaveGroupApi, leaveVersion, leave)
    const code =
      leaveVersion < 3
        ? again['errorCode']
        : (again['members'] as Record<string, unknown>[])[0]!['errorCode']
    t.equal(name(code), 'UNKNOWN_MEMBER_ID')
  }
})

t.test('errors of JoinGroup, SyncGroup and Heartbeat fit every version', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  const nobody = { groupId: 'none', memberId: 'm', generationId: 1, groupInstanceId: null }
  for (const version of versionsOf(joinGroupApi)) {
    const request = {
      ...nobody,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      protocolType: 'consumer',
      protocols: [],
      reason: null,
    }
    const response = await ask(plane, joinGroupApi, version, request)
    t.equal(name(response['errorCode']), 'UNKNOWN_MEMBER_ID')
  }
  for (const version of versionsOf(syncGroupApi)) {
    const response = await sync(plane, nobody, version)
    t.equal(name(response['errorCode']), 'UNKNOWN_MEMBER_ID')
  }
  for (const version of versionsOf(heartbeatApi)) {
    const response = await ask(plane, heartbeatApi, version, nobody)
    t.equal(name(response['errorCode']), 'UNKNOWN_MEMBER_ID')
  }
})

t.test('OffsetCommit and OffsetFetch agree in every version', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  const topicId = plane.services.metadata.topic('t')!.topicId
  for (const version of versionsOf(offsetCommitApi)) {
    const member = { groupId: `commit-${version}`, memberId: '', generationId: -1 }
    const request = commitRequest(plane, member, version)
    const response = await ask(plane, offsetCommitApi, version, request)
    const topics = response['topics'] as { partitions: { errorCode: number }[] }[]
    const codes = topics.map(topic => topic.partitions.map(each => name(each.errorCode)))
    const unknown = version >= 10 ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
    t.same(codes, [
      ['NONE', 'NONE', 'UNKNOWN_TOPIC_OR_PARTITION'],
      [unknown, unknown, unknown],
    ])
  }
  for (const version of versionsOf(offsetFetchApi)) {
    const hasIds = version >= 10
    const asked = [
      { name: hasIds ? '' : 't', topicId: hasIds ? topicId : ZERO_ID, partitionIndexes: [0, 1, 9] },
      {
        name: hasIds ? '' : 'u',
        topicId: hasIds ? 'u____________________A' : ZERO_ID,
        partitionIndexes: [0],
      },
    ]
    const group = { groupId: 'commit-9', memberId: null, memberEpoch: -1 }
    for (const topics of version >= 2 ? [asked, null] : [asked]) {
      const request = {
        groupId: version >= 8 ? '' : 'commit-9',
        topics: version >= 8 ? null : topics,
        groups: version >= 8 ? [{ ...group, topics }] : [],
        requireStable: version >= 7,
      }
      const answer = await ask(plane, offsetFetchApi, version, request)
      const response = answer as unknown as OffsetFetchResponse
      const fetched = version >= 8 ? response.groups[0]!.topics : response.topics
      const offsets = fetched[0]!.partitions.map(each => each.committedOffset)
      t.same(offsets, topics === null ? [5, 6] : [5, 6, -1], `v${version}`)
      if (hasIds && topics !== null) {
        t.equal(name(fetched[1]!.partitions[0]!.errorCode), 'UNKNOWN_TOPIC_ID')
      }
    }
  }
})

t.test('groups are listed, described and deleted in every version', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  const member = await join(plane, 'g', 5)
  await sync(plane, member, 3)
  for (const version of versionsOf(listGroupsApi)) {
    const filters = { statesFilter: version >= 4 ? ['Stable'] : [], typesFilter: [] }
    const response = await ask(plane, listGroupsApi, version, filters)
    t.match(response['groups'], [{ groupId: 'g', protocolType: 'consumer' }], `v${version}`)
  }
  for (const version of versionsOf(describeGroupsApi)) {
    const request = { groups: ['g', 'none'], includeAuthorizedOperations: version >= 3 }
    const response = await ask(plane, describeGroupsApi, version, request)
    const missing = version >= 6 ? 69 : 0
    t.match(response['groups'], [
      { groupId: 'g', groupState: 'Stable', members: [{ memberId: member.memberId }] },
      { groupId: 'none', groupState: 'Dead', errorCode: missing },
    ])
  }
  const offsets = {
    groupId: 'g',
    topics: [{ name: 't', partitions: [{ partitionIndex: 0 }, { partitionIndex: 7 }] }],
  }
  t.match(await ask(plane, offsetDeleteApi, 0, offsets), {
    errorCode: 0,
    topics: [{ partitions: [{ errorCode: 0 }, { errorCode: 3 }] }],
  })
  for (const version of versionsOf(deleteGroupsApi)) {
    const response = await ask(plane, deleteGroupsApi, version, { groupsNames: ['g', 'none'] })
    const results = response['results'] as { groupId: string; errorCode: number }[]
    const codes = new Map(results.map(each => [each.groupId, name(each.errorCode)]))
    t.equal(codes.get('g'), 'NON_EMPTY_GROUP')
    t.equal(codes.get('none'), 'GROUP_ID_NOT_FOUND')
  }
})

t.test('consumer groups need the feature; then they are served in both versions', async t => {
  const plane = await openGroupPlane()
  await find(plane)
  for (const version of versionsOf(consumerGroupHeartbeatApi)) {
    const request = {
      groupId: 'new',
      memberId: version === 0 ? '' : 'me',
      memberEpoch: 0,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: 20_000,
      subscribedTopicNames: ['t'],
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: [],
    }
    plane.image.replay({ kind: 'feature', name: 'group.version', level: 0 })
    const refused = await ask(plane, consumerGroupHeartbeatApi, version, request)
    t.equal(name(refused['errorCode']), 'UNSUPPORTED_VERSION')
    plane.image.replay({ kind: 'feature', name: 'group.version', level: 1 })
    const joined = await ask(plane, consumerGroupHeartbeatApi, version, request)
    t.match(joined, { errorCode: 0, heartbeatIntervalMs: 5000, memberId: /./ })
    const leave = { ...request, memberId: joined['memberId'], memberEpoch: -1 }
    t.match(await ask(plane, consumerGroupHeartbeatApi, version, leave), { memberEpoch: -1 })
  }
  for (const version of versionsOf(consumerGroupDescribeApi)) {
    const request = { groupIds: ['new', 'none'], includeAuthorizedOperations: true }
    const response = await ask(plane, consumerGroupDescribeApi, version, request)
    t.match(response['groups'], [
      { groupId: 'new', groupState: 'Empty', authorizedOperations: 3400 },
      { groupId: 'none', errorCode: 69 },
    ])
  }
})

t.test('without a coordinator here every answer is an error of its version', async t => {
  const plane = await openGroupPlane()
  const request = commitRequest(plane, { groupId: 'g', memberId: '', generationId: -1 }, 9)
  const committed = await ask(plane, offsetCommitApi, 9, request)
  const [topic] = committed['topics'] as { partitions: { errorCode: number }[] }[]
  t.equal(name(topic!.partitions[0]!.errorCode), 'NOT_COORDINATOR')
  for (const version of [1, 2, 8]) {
    const topics = [{ name: 't', topicId: ZERO_ID, partitionIndexes: [0] }]
    const group = { groupId: 'g', memberId: null, memberEpoch: -1, topics }
    const fetch = { groupId: 'g', topics, groups: [group], requireStable: false }
    const answer = await ask(plane, offsetFetchApi, version, fetch)
    const response = answer as unknown as OffsetFetchResponse
    const code =
      version === 1
        ? response.topics[0]!.partitions[0]!.errorCode
        : version === 2
          ? response.errorCode
          : response.groups[0]!.errorCode
    t.equal(name(code), 'NOT_COORDINATOR', `v${version}`)
  }
  t.match(await ask(plane, describeGroupsApi, 5, { groups: ['g'] }), {
    groups: [{ errorCode: 16 }],
  })
  t.match(await ask(plane, deleteGroupsApi, 2, { groupsNames: ['g'] }), {
    results: [{ errorCode: 16 }],
  })
  t.match(await ask(plane, listGroupsApi, 4, { statesFilter: [], typesFilter: [] }), { groups: [] })
})
