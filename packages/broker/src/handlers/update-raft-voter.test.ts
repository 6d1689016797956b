// A voter whose controller listener is at another address than the quorum knows.

import { errorName, type UpdateRaftVoterRequestInit, updateRaftVoterApi } from '@weir/protocol'
import t from 'tap'
import { TestCluster } from '../testing/test-cluster.ts'
import { WireClient } from '../testing/wire-client.ts'

const CONTROLLER_PORT = 9093
const LISTENERS = 'PLAINTEXT://n3:9092,CONTROLLER://n3:9193'

/** A client of a node's controller listener. */
function connect(cluster: TestCluster, nodeId: number): Promise<WireClient> {
  const env = cluster.sim.env('operator')
  return cluster.complete(WireClient.connect(env, `n${nodeId}`, CONTROLLER_PORT))
}

function addressesOf(cluster: TestCluster, nodeId: number, voterId: number) {
  const quorum = cluster.get(nodeId).controlServices.quorum()
  const member = quorum.status().membership.members.find(each => each.id === voterId)
  return { member: member?.address, used: quorum.addressOf(voterId) }
}

t.test('what does not fit the quorum moves no voter', async t => {
  const cluster = await TestCluster.start({ controllers: [1, 2, 3] })
  const active = await cluster.controller()
  const quorum = active.controlServices.quorum()
  const voterId = active.nodeId
  const right: UpdateRaftVoterRequestInit = {
    clusterId: active.controlServices.clusterId,
    currentLeaderEpoch: quorum.leadership.term,
    voterId,
    voterDirectoryId: quorum.voters.directoryOf(voterId),
    listeners: [{ name: 'CONTROLLER', host: 'elsewhere', port: 9193 }],
    kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
  }
  const cases: readonly [Partial<UpdateRaftVoterRequestInit>, string][] = [
    [{ clusterId: 'other' }, 'INCONSISTENT_CLUSTER_ID'],
    [{ currentLeaderEpoch: right.currentLeaderEpoch - 1 }, 'FENCED_LEADER_EPOCH'],
    [{ currentLeaderEpoch: right.currentLeaderEpoch + 1 }, 'UNKNOWN_LEADER_EPOCH'],
    [{ voterId: 9 }, 'VOTER_NOT_FOUND'],
    [{ voterDirectoryId: 'BBBBBBBBBBBBBBBBBBBBBA' }, 'VOTER_NOT_FOUND'],
    [{ listeners: [] }, 'INVALID_REQUEST'],
    [
      { kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 0 } },
      'INVALID_REQUEST',
    ],
  ]
  const leader = await connect(cluster, active.nodeId)
  const ask = async (client: WireClient, wrong: Partial<UpdateRaftVoterRequestInit>) =>
    await cluster.complete(client.request(updateRaftVoterApi, 0, { ...right, ...wrong }))
  for (const [wrong, expected] of cases) {
    t.equal(errorName((await ask(leader, wrong)).errorCode), expected, JSON.stringify(wrong))
  }
  const other = await connect(cluster, (active.nodeId % 3) + 1)
  const answer = await ask(other, {})
  t.equal(errorName(answer.errorCode), 'NOT_LEADER_OR_FOLLOWER')
  t.match(answer.currentLeader, { leaderId: active.nodeId, host: `n${active.nodeId}` })
  t.equal(addressesOf(cluster, active.nodeId, voterId).member, `n${voterId}:${CONTROLLER_PORT}`)

  t.equal(errorName((await ask(leader, {})).errorCode), 'NONE')
  t.equal(addressesOf(cluster, active.nodeId, voterId).member, 'elsewhere:9193')
})

t.test('a voter that comes back at another address is found there by all', async t => {
  const cluster = await TestCluster.start({ controllers: [1, 2, 3], brokers: [4] })
  cluster.kill(3)
  // Only its own list says where it is now.
  const moved = cluster.voters.map(voter => voter.replace('n3:9093', 'n3:9193'))
  const more = [`listeners=${LISTENERS.split(',')[1]}`, `controller.quorum.voters=${moved.join()}`]
  await cluster.complete(cluster.starting(3, more))
  const expected = { member: 'n3:9193', used: { host: 'n3', port: 9193 } }
  const isKnown = (id: number) => {
    const { member, used } = addressesOf(cluster, id, 3)
    return member === expected.member && used?.port === 9193
  }
  await cluster.sim.run(() => [1, 2, 3, 4].every(isKnown), 30_000)
  for (const id of [1, 2, 3, 4]) t.same(addressesOf(cluster, id, 3), expected, `node ${id}`)
  t.same(cluster.fatal, [])

  // A voter without a list finds the others by the log, and says where it is, too.
  cluster.kill(2)
  const listed = ['controller.quorum.voters=', 'controller.quorum.bootstrap.servers=n1:9093']
  await cluster.complete(cluster.starting(2, ['listeners=CONTROLLER://n2:9193', ...listed]))
  const hasMoved = () => addressesOf(cluster, 4, 2).used?.port === 9193
  await cluster.sim.run(hasMoved, 30_000)
  t.equal(addressesOf(cluster, 4, 2).member, 'n2:9193')
  t.same(addressesOf(cluster, 2, 3), expected)
  t.same(cluster.fatal, [])
})
