import type { Env, Socket } from '@weir/core'
import { Simulation } from '@weir/core/sim'
import {
  type ConsumerGroupHeartbeatRequest,
  consumerGroupHeartbeatApi,
  decodeMessage,
  decodeRequestHeader,
  encodeResponseFrame,
  findCoordinatorApi,
  offsetCommitApi,
} from '@weir/protocol'
import t from 'tap'
import { serveFrames } from '../testing/frame-server.ts'
import { timeRebalance } from './rebalance-run.ts'

const HEARTBEAT_MS = 1_000
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

/** A coordinator of one consumer group, which deals a partition out when nobody holds it any more. */
class FakeCoordinator {
  readonly held = new Map<string, readonly number[]>()
  readonly #partitionCount: number
  readonly #env: Env

  constructor(env: Env, partitionCount: number) {
    this.#env = env
    this.#partitionCount = partitionCount
  }

  async listen(): Promise<void> {
    await serveFrames(this.#env, (frame, socket) => this.#answer(frame, socket))
  }

  #answer(frame: Buffer, socket: Socket): void {
    const { requestApiKey, requestApiVersion: version, bodyStart } = decodeRequestHeader(frame)
    if (requestApiKey === findCoordinatorApi.key) {
      const coordinators = [
        { key: 'g', nodeId: 1, host: 'broker', port: 9092, errorCode: 0, errorMessage: null },
      ]
      socket.write(encodeResponseFrame(findCoordinatorApi, version, 1, { coordinators }))
    } else if (requestApiKey === consumerGroupHeartbeatApi.key) {
      const request = decodeMessage(consumerGroupHeartbeatApi.request, version, frame, bodyStart)
      const partitions = this.#heartbeat(request)
      const answer = {
        errorCode: 0,
        memberId: request.memberId,
        memberEpoch: 1,
        heartbeatIntervalMs: HEARTBEAT_MS,
        assignment: { topicPartitions: [{ topicId: TOPIC_ID, partitions }] },
      }
      socket.write(encodeResponseFrame(consumerGroupHeartbeatApi, version, 1, answer))
    } else {
      socket.write(encodeResponseFrame(offsetCommitApi, version, 1, { topics: [] }))
    }
  }

  #heartbeat({ memberId, memberEpoch, topicPartitions }: ConsumerGroupHeartbeatRequest): number[] {
    if (memberEpoch < 0) {
      this.held.delete(memberId)
      return []
    }
    const said = topicPartitions?.flatMap(each => each.partitions)
    this.held.set(memberId, said ?? this.held.get(memberId) ?? [])
    const members = [...this.held.keys()]
    const others = members.filter(each => each !== memberId)
    const taken = new Set(others.flatMap(each => this.held.get(each) ?? []))
    const own: number[] = []
    for (let at = members.indexOf(memberId); at < this.#partitionCount; at += members.length) {
      if (!taken.has(at)) own.push(at)
    }
    // What it had until now stays with it until its next heartbeat says that it has given it up.
    this.held.set(memberId, [...new Set([...own, ...(this.held.get(memberId) ?? [])])])
    return own
  }
}

async function timed(cause: 'join' | 'leave') {
  const sim = new Simulation({ seed: 1 })
  const membersPerGroup = 5
  const coordinator = new FakeCoordinator(sim.env('broker'), membersPerGroup)
  await sim.complete(coordinator.listen())
  const milliseconds = await sim.complete(
    timeRebalance(sim.env('bench'), cause, {
      shape: { protocol: 'consumer', groups: 1, membersPerGroup, commitIntervalMs: 5_000 },
      bootstrap: { host: 'broker', port: 9092 },
      topic: 'topic',
    }),
  )
  return { milliseconds, left: coordinator.held.size }
}

t.test('a group is not stable before each of its members has a part', async t => {
  const { milliseconds, left } = await timed('join')
  // The first member has all partitions at once; it hears of the others with its next heartbeat.
  t.ok(milliseconds >= HEARTBEAT_MS, `${milliseconds} ms`)
  t.equal(left, 0, 'all have left')
})

t.test('a leave is timed until the others have what the member had', async t => {
  const { milliseconds, left } = await timed('leave')
  t.ok(milliseconds > 100 && milliseconds <= 5 * HEARTBEAT_MS, `${milliseconds} ms`)
  t.equal(left, 0, 'all have left')
})
