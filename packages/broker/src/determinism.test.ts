// A whole node in the simulated world, twice with one seed: topics, produce, fetch with long polls, a
// consumer group, a power failure. Every event and every answer is the same.

import { Simulation } from '@weir/core/sim'
import {
  createTopicsApi,
  fetchApi,
  findCoordinatorApi,
  heartbeatApi,
  joinGroupApi,
  metadataApi,
  offsetCommitApi,
  offsetFetchApi,
  produceApi,
  syncGroupApi,
} from '@weir/protocol'
import t from 'tap'
import { batchOf } from './testing/data-plane.ts'
import { TestNode } from './testing/test-node.ts'
import type { WireClient } from './testing/wire-client.ts'

const GROUP = 'g'

/** Runs the story; everything that clients saw is in the transcript. */
async function story(seed: string): Promise<{ trace: string; transcript: string; events: number }> {
  const sim = new Simulation({ seed })
  const node = await TestNode.start(['offsets.topic.num.partitions=4'], { sim })
  const transcript: unknown[] = []
  const say = (what: string, value: unknown) => transcript.push([sim.nowMs, what, value])
  const admin = await node.connect('admin')
  const topic = { name: 'a', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] }
  say('created', await node.complete(admin.request(createTopicsApi, 7, { topics: [topic] })))
  const producer = await node.connect('producer')
  const reader = await node.connect('reader')
  const member = await node.connect('member')
  const work = [consume(reader, say), produceSome(producer, sim, say), joinAndCommit(member, say)]
  await node.complete(Promise.all(work))
  node.crash()
  await node.start()
  const late = await node.connect('late')
  say('metadata', await node.complete(late.request(metadataApi, 12, { topics: null })))
  say('offsets', await node.complete(fetchOffsets(late)))
  await node.stop()
  return {
    trace: sim.traceHash,
    transcript: JSON.stringify([transcript, sim.logs]),
    events: sim.eventCount,
  }
}

type Say = (what: string, value: unknown) => void

async function produceSome(client: WireClient, sim: Simulation, say: Say): Promise<void> {
  for (let i = 0; i < 40; i++) {
    const size = sim.random.below(3_000)
    const records = batchOf([`${i}`, 'x'.repeat(size)], i % 3 === 0 ? { codec: 'gzip' } : {})
    const partitionData = [{ index: sim.random.below(3), records }]
    const topicData = [{ name: 'a', partitionData }]
    const acks = i % 2 === 0 ? -1 : 1
    say('produced', await client.request(produceApi, 9, { acks, timeoutMs: 500, topicData }))
  }
}

async function consume(client: WireClient, say: Say): Promise<void> {
  const offsets = [0, 0, 0]
  for (let i = 0; i < 30; i++) {
    const partitions = offsets.map((fetchOffset, partition) => ({
      partition,
      fetchOffset,
      partitionMaxBytes: 20_000,
    }))
    const { responses } = await client.request(fetchApi, 11, {
      maxWaitMs: 20,
      minBytes: 1,
      topics: [{ topic: 'a', partitions }],
    })
    for (const { partitionIndex, highWatermark, records } of responses[0]?.partitions ?? []) {
      offsets[partitionIndex] = highWatermark
      say('fetched', [partitionIndex, highWatermark, records?.length])
    }
  }
}

async function joinAndCommit(client: WireClient, say: Say): Promise<void> {
  const coordinator = { key: GROUP, keyType: 0 }
  say('coordinator', await client.request(findCoordinatorApi, 2, coordinator))
  const join = (memberId: string) =>
    client.request(joinGroupApi, 5, {
      groupId: GROUP,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('m') }],
    })
  const { memberId } = await join('')
  const joined = await join(memberId)
  say('joined', joined)
  const member = { groupId: GROUP, memberId, generationId: joined.generationId }
  const assignments = [{ memberId, assignment: Buffer.from('all') }]
  say('synced', await client.request(syncGroupApi, 3, { ...member, assignments }))
  for (let committedOffset = 1; committedOffset <= 5; committedOffset++) {
    say('heartbeat', await client.request(heartbeatApi, 3, member))
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: null }]
    const { generationId: generationIdOrMemberEpoch, ...rest } = member
    const commit = { ...rest, generationIdOrMemberEpoch, topics: [{ name: 'a', partitions }] }
    say('committed', await client.request(offsetCommitApi, 7, commit))
  }
}

async function fetchOffsets(client: WireClient): Promise<unknown> {
  await client.request(findCoordinatorApi, 2, { key: GROUP, keyType: 0 })
  const topics = [{ name: 'a', partitionIndexes: [0] }]
  return client.request(offsetFetchApi, 5, { groupId: GROUP, topics })
}

t.test('the same seed gives the same events and the same answers', async t => {
  const first = await story('twice')
  const second = await story('twice')
  t.equal(second.trace, first.trace)
  t.equal(second.events, first.events)
  t.equal(second.transcript, first.transcript)
  t.ok(first.events > 500, `${first.events} events`)
  t.match(first.transcript, /"committed",\{/)
  const third = await story('another')
  t.not(third.trace, first.trace)
})
