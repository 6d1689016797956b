// Groups on three simulated nodes whose coordinator dies or stands still.

import {
  consumerGroupHeartbeatApi,
  createTopicsApi,
  errorName,
  findCoordinatorApi,
  heartbeatApi,
  joinGroupApi,
  offsetCommitApi,
  offsetFetchApi,
  syncGroupApi,
} from '@weir/protocol'
import t from 'tap'
import { TestCluster } from '../testing/test-cluster.ts'
import type { WireClient } from '../testing/wire-client.ts'

const NODES = [1, 2, 3]
const TOPIC = 't'
const CLASSIC = 'classic'
const CONSUMER = 'consumer'
/** Far below any session: fencing, the election of a leader and the load of a small shard. */
const FAILOVER_LIMIT_MS = 3_000
const RETRY_MS = 20
const PASSING = new Set([
  'NOT_COORDINATOR',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
])

/** A client that knows all nodes and one coordinator, as clients do. */
class GroupClient {
  readonly #cluster: TestCluster
  readonly #connections = new Map<number, WireClient>()

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  async to(nodeId: number): Promise<WireClient> {
    const known = this.#connections.get(nodeId)
    if (known !== undefined && !known.isGone) return known
    const client = await this.#cluster.connect(nodeId)
    this.#connections.set(nodeId, client)
    return client
  }

  /** As one of the running nodes sees it; -1 while there is none. */
  async coordinatorOf(groupId: string, from?: number): Promise<number> {
    const [nodeId = 1] = from === undefined ? this.#cluster.nodes.keys() : [from]
    const client = await this.to(nodeId)
    const { coordinators } = await this.#cluster.complete(
      client.request(findCoordinatorApi, 4, { keyType: 0, coordinatorKeys: [groupId] }),
    )
    return coordinators[0]!.errorCode === 0 ? coordinators[0]!.nodeId : -1
  }

  /** Until the answer's error is none that passes; finds the coordinator anew each time. */
  async insist<R>(
    groupId: string,
    ask: (client: WireClient) => Promise<R>,
    errorOf: (response: R) => string,
  ): Promise<R> {
    for (;;) {
      const nodeId = await this.coordinatorOf(groupId)
      if (this.#cluster.nodes.has(nodeId)) {
        const response = await this.#cluster.complete(ask(await this.to(nodeId)))
        if (!PASSING.has(errorOf(response))) return response
      }
      await this.#cluster.sim.run({ forMs: RETRY_MS })
    }
  }

  async commit(groupId: string, committedOffset: number, as: Committer = NOBODY) {
    const response = await this.insist(
      groupId,
      client => client.request(offsetCommitApi, 9, commitOf(groupId, committedOffset, as)),
      each => errorName(each.topics[0]!.partitions[0]!.errorCode),
    )
    return errorName(response.topics[0]!.partitions[0]!.errorCode)
  }

  async committed(groupId: string): Promise<number> {
    const response = await this.insist(
      groupId,
      client => client.request(offsetFetchApi, 9, fetchOf(groupId)),
      each => errorName(each.groups[0]!.errorCode),
    )
    return response.groups[0]!.topics[0]!.partitions[0]!.committedOffset
  }
}

interface Committer {
  readonly memberId: string
  readonly generationIdOrMemberEpoch: number
}

const NOBODY: Committer = { memberId: '', generationIdOrMemberEpoch: -1 }

function commitOf(groupId: string, committedOffset: number, as: Committer) {
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: '' }]
  return { groupId, ...as, topics: [{ name: TOPIC, partitions }] }
}

function fetchOf(groupId: string) {
  const topics = [{ name: TOPIC, partitionIndexes: [0] }]
  return { groups: [{ groupId, topics }], requireStable: true }
}

function beatOf(memberEpoch: number) {
  const isJoining = memberEpoch === 0
  return {
    groupId: CONSUMER,
    memberId: 'm',
    memberEpoch,
    rebalanceTimeoutMs: isJoining ? 20_000 : -1,
    subscribedTopicNames: isJoining ? [TOPIC] : null,
    topicPartitions: isJoining ? [] : null,
  }
}

async function startCluster(): Promise<{ cluster: TestCluster; client: GroupClient }> {
  const cluster = await TestCluster.start({
    combined: NODES,
    assignments: ['offsets.topic.num.partitions=1'],
  })
  const client = new GroupClient(cluster)
  const topics = [{ name: TOPIC, numPartitions: 1, replicationFactor: 3 }]
  const body = {
    topics: topics.map(each => ({ ...each, assignments: [], configs: [] })),
    timeoutMs: 5000,
  }
  await cluster.complete((await client.to(1)).request(createTopicsApi, 5, body))
  return { cluster, client }
}

async function joinClassic(client: GroupClient): Promise<Committer> {
  const joining = {
    groupId: CLASSIC,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  }
  const joined = await client.insist(
    CLASSIC,
    each => each.request(joinGroupApi, 3, joining),
    each => errorName(each.errorCode),
  )
  const { memberId, generationId } = joined
  const assignments = [{ memberId, assignment: Buffer.from('all') }]
  await client.insist(
    CLASSIC,
    each =>
      each.request(syncGroupApi, 3, { groupId: CLASSIC, generationId, memberId, assignments }),
    each => errorName(each.errorCode),
  )
  return { memberId, generationIdOrMemberEpoch: generationId }
}

t.test(
  'after kill -9 of their coordinator groups of both protocols go on as they were',
  async t => {
    const { cluster, client } = await startCluster()
    const classic = await joinClassic(client)
    const joined = await client.insist(
      CONSUMER,
      each => each.request(consumerGroupHeartbeatApi, 1, beatOf(0)),
      each => errorName(each.errorCode),
    )
    const consumer = { memberId: 'm', generationIdOrMemberEpoch: joined.memberEpoch }
    for (let round = 1; round <= 3; round++) {
      t.equal(await client.commit(CLASSIC, round, classic), 'NONE')
      t.equal(await client.commit(CONSUMER, round, consumer), 'NONE')
      const old = await client.coordinatorOf(CLASSIC)
      cluster.kill(old)
      const killedMs = cluster.sim.nowMs
      t.equal(await client.committed(CLASSIC), round, 'what was acked is there')
      const backMs = cluster.sim.nowMs - killedMs
      t.ok(backMs < FAILOVER_LIMIT_MS, `back after ${backMs} ms`)
      t.equal(await client.committed(CONSUMER), round)
      const beat = { groupId: CLASSIC, memberId: classic.memberId, generationId: 1 }
      const beaten = await client.insist(
        CLASSIC,
        each => each.request(heartbeatApi, 4, beat),
        each => errorName(each.errorCode),
      )
      t.equal(errorName(beaten.errorCode), 'NONE', 'the classic member is one still')
      const answer = await client.insist(
        CONSUMER,
        each => each.request(consumerGroupHeartbeatApi, 1, beatOf(joined.memberEpoch)),
        each => errorName(each.errorCode),
      )
      t.equal(errorName(answer.errorCode), 'NONE')
      t.equal(answer.memberEpoch, joined.memberEpoch, 'nobody was rebalanced')
      await cluster.startAll([old])
    }
  },
)

t.test(
  'a coordinator that stood still, and was replaced, does not answer from its memory',
  async t => {
    const { cluster, client } = await startCluster()
    t.equal(await client.commit(CLASSIC, 1), 'NONE')
    const old = await client.coordinatorOf(CLASSIC)
    const stale = await client.to(old)
    cluster.sim.pause(`n${old}`)
    const rest = NODES.find(id => id !== old) ?? 0
    // Others take over while it stands still.
    let now = old
    while (now === old || now < 0) {
      await cluster.sim.run({ forMs: RETRY_MS })
      now = await client.coordinatorOf(CLASSIC, rest)
    }
    const fresh = await client.to(now)
    let error = ''
    while (error !== 'NONE') {
      await cluster.sim.run({ forMs: RETRY_MS })
      const committed = fresh.request(offsetCommitApi, 9, commitOf(CLASSIC, 2, NOBODY))
      const { topics } = await cluster.complete(committed)
      error = errorName(topics[0]!.partitions[0]!.errorCode)
    }
    // What a client asked meanwhile is in the socket, and read right after the process goes on.
    const fetched = stale.request(offsetFetchApi, 9, fetchOf(CLASSIC))
    const committed = stale.request(offsetCommitApi, 9, commitOf(CLASSIC, 9, NOBODY))
    await cluster.sim.run({ forMs: 100 })
    cluster.sim.resume(`n${old}`)
    const [group] = (await cluster.complete(fetched)).groups
    t.ok(PASSING.has(errorName(group!.errorCode)), `a fetch gets ${errorName(group!.errorCode)}`)
    const [topic] = (await cluster.complete(committed)).topics
    const refused = errorName(topic!.partitions[0]!.errorCode)
    t.ok(PASSING.has(refused), `a commit gets ${refused}`)
    for (let look = 0; look < 50; look++) {
      const answer = await cluster.complete(stale.request(offsetFetchApi, 9, fetchOf(CLASSIC)))
      const [found] = answer.groups
      if (found!.errorCode === 0) t.equal(found!.topics[0]!.partitions[0]!.committedOffset, 2)
      await cluster.sim.run({ forMs: RETRY_MS })
    }
    t.equal(await client.committed(CLASSIC), 2)
  },
)
