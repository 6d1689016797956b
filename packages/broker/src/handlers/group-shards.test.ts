import {
  type ApiDefinition,
  consumerGroupDescribeApi,
  deleteGroupsApi,
  describeGroupsApi,
  errorCode,
  offsetCommitApi,
} from '@weir/protocol'
import t from 'tap'
import { OFFSETS_TOPIC } from '../coordinator/group-coordinator.ts'
import { GroupMetrics } from '../http/group-metrics.ts'
import { API_ROWS } from '../server/api-table.ts'
import type { DataPlane } from '../testing/data-plane.ts'
import { openGroupPlane } from '../testing/group-plane.ts'

const ELSEWHERE = 9
/** By the hash of its name in partition 2 of 3, which this node leads. */
const HERE = 'b'
/** In partition 1, which another one leads. */
const AWAY = 'a'

async function openShards(): Promise<DataPlane> {
  const plane = await openGroupPlane()
  plane.createTopic(OFFSETS_TOPIC, 3, { leader: [1, ELSEWHERE, 1] })
  await plane.sim.run({ forMs: 100 })
  return plane
}

function ask(plane: DataPlane, api: ApiDefinition, version: number, request: unknown) {
  const row = API_ROWS.find(each => each.definition.key === api.key)!
  return plane.ask(row.handle as never, version, request)
}

/** Until it is on the disk, what is asked of its shard waits. */
function commit(plane: DataPlane) {
  const partition = { partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1 }
  return ask(plane, offsetCommitApi, 7, {
    groupId: HERE,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [{ name: 't', partitions: [{ ...partition, committedMetadata: '' }] }],
  })
}

const groups = [HERE, AWAY]
const questions: [ApiDefinition, number, unknown, string][] = [
  [describeGroupsApi, 5, { groups, includeAuthorizedOperations: false }, 'groups'],
  [consumerGroupDescribeApi, 1, { groupIds: groups, includeAuthorizedOperations: false }, 'groups'],
  [deleteGroupsApi, 2, { groupsNames: groups }, 'results'],
]

for (const [api, version, request, field] of questions) {
  t.test(`${api.name}: a group that is elsewhere is told while one that is here waits`, async t => {
    const plane = await openShards()
    const committed = commit(plane)
    // A rejection that nobody takes at once ends the process: as this test.
    const asked = ask(plane, api, version, request)
    await new Promise(setImmediate)
    const response = await plane.response<Record<string, { groupId: string }[]>>(asked)
    t.match(
      response[field]?.find(({ groupId }) => groupId === AWAY),
      { errorCode: errorCode('NOT_COORDINATOR') },
    )
    t.equal(response[field]?.length, 2)
    await plane.response(committed)
  })
}

t.test('the page of metrics shows what is here, while a shard leaves', async t => {
  const plane = await openShards()
  await plane.response(commit(plane))
  const { groupCoordinator } = plane.services
  const services = {
    ...plane.services,
    groupCoordinator: {
      submitToServing: async () => [
        { groups: groups.map(groupId => ({ groupId, groupState: '' })) },
      ],
      submitByShard: groupCoordinator.submitByShard.bind(groupCoordinator),
    },
  }
  const again = commit(plane)
  const collecting = new GroupMetrics().collect(services as never)
  await new Promise(setImmediate)
  const samples = await plane.sim.complete(collecting)
  t.match(samples.weir_group_lag_records, [{ labels: [HERE, 't'] }])
  await plane.response(again)
})
