// Calls to the active controller while that moves from node to node.

import { Simulation } from '@weir/core/sim'
import {
  allocateProducerIdsApi,
  apiVersionsApi,
  type ErrorName,
  errorCode,
  KafkaError,
} from '@weir/protocol'
import t from 'tap'
import { controlRow } from '../server/api-row.ts'
import { BrokerServer } from '../server/broker-server.ts'
import { Dispatcher } from '../server/dispatch.ts'
import { DEFERRED } from '../server/request-context.ts'
import { RequestMemory } from '../server/request-memory.ts'
import type { ControlServices } from '../services.ts'
import { ControllerChannel } from './controller-channel.ts'

const PORT = 9093
const BODY = { brokerId: 9, brokerEpoch: 1 }
const VERSIONS = [
  { apiKey: 18, minVersion: 0, maxVersion: 4 },
  { apiKey: allocateProducerIdsApi.key, minVersion: 0, maxVersion: 0 },
]

/** Nodes 1 to 3 answer their number as the first id, or what the test says. */
class World {
  readonly sim = new Simulation({ seed: 1 })
  readonly answers = new Map<number, ErrorName | 'silence'>()
  readonly asked: number[] = []
  leaderId: number | null = null
  isActive = false
  localAnswer: () => Promise<unknown> = async () => ({ errorCode: 0, producerIdStart: 9 })
  readonly channel: ControllerChannel

  constructor() {
    this.channel = new ControllerChannel(this.sim.env('n9'), {
      nodeId: 9,
      isActive: () => this.isActive,
      leaderId: () => this.leaderId,
      addressOf: nodeId => ({ host: `n${nodeId}`, port: PORT }),
      local: { call: () => this.localAnswer() as never },
    })
  }

  async start(): Promise<this> {
    for (const nodeId of [1, 2, 3]) await this.#serve(nodeId)
    return this
  }

  async #serve(nodeId: number): Promise<void> {
    const env = this.sim.env(`n${nodeId}`)
    const rows = [
      controlRow(apiVersionsApi, () => ({ errorCode: 0, apiKeys: VERSIONS })),
      controlRow(allocateProducerIdsApi, () => {
        this.asked.push(nodeId)
        const answer = this.answers.get(nodeId) ?? 'NONE'
        if (answer === 'silence') return DEFERRED
        return { errorCode: errorCode(answer), producerIdStart: nodeId, producerIdLen: 1 }
      }),
    ]
    const services = { env } as unknown as ControlServices
    const onFatal = (error: Error) => t.fail(error.message)
    let lastConnectionId = 0
    const server = new BrokerServer({
      env,
      dispatcher: new Dispatcher({ rows, listenerKind: 'controller', services, onFatal }),
      memory: new RequestMemory(1_000_000),
      info: { name: 'CONTROLLER', kind: 'controller' },
      limits: () => ({
        maxRequestBytes: 1_000_000,
        maxConnections: 100,
        maxConnectionsFrom: () => 100,
        maxIdleMs: 600_000,
      }),
      newConnectionId: () => ++lastConnectionId,
      onConnectionClosed: () => undefined,
    })
    await this.sim.complete(server.listen(`n${nodeId}`, PORT))
    server.open()
  }

  async ask(timeoutMs = 5_000) {
    const answer = await this.channel.request(allocateProducerIdsApi, BODY, timeoutMs)
    return answer.producerIdStart
  }

  lead(leaderId: number | null, isActive = false): void {
    this.leaderId = leaderId
    this.isActive = isActive
    this.channel.leadershipChanged()
  }
}

t.test('a call waits for a leader and follows it', async t => {
  const world = await new World().start()
  const first = world.ask()
  await world.sim.run({ forMs: 300 })
  world.lead(1)
  t.equal(await world.sim.complete(first), 1)
  world.lead(2)
  t.equal(await world.sim.complete(world.ask()), 2)
  world.lead(9, true)
  t.equal(await world.sim.complete(world.ask()), 9, 'in this process')
  t.same(world.asked, [1, 2])
})

t.test('a node that does not decide is asked again until another leads', async t => {
  const world = await new World().start()
  world.answers.set(1, 'NOT_CONTROLLER')
  world.lead(1)
  const asked = world.ask()
  await world.sim.run({ forMs: 500 })
  t.ok(world.asked.length > 5)
  world.lead(3)
  t.equal(await world.sim.complete(asked), 3)
})

t.test('a leader that is silent is left as soon as another leads', async t => {
  const world = await new World().start()
  world.answers.set(1, 'silence')
  world.lead(1)
  const asked = world.ask()
  await world.sim.run({ forMs: 500 })
  const replacedMs = world.sim.nowMs
  world.lead(2)
  t.equal(await world.sim.complete(asked), 2)
  t.ok(world.sim.nowMs - replacedMs < 100, `${world.sim.nowMs - replacedMs} ms`)
})

t.test('this node loses its office during a call: another answers', async t => {
  const world = await new World().start()
  world.localAnswer = async () => {
    world.lead(2)
    throw new KafkaError('NOT_CONTROLLER', 'by the test')
  }
  world.lead(9, true)
  t.equal(await world.sim.complete(world.ask()), 2)
})

t.test('an error that is an answer is not asked for twice', async t => {
  const world = await new World().start()
  world.answers.set(1, 'STALE_BROKER_EPOCH')
  world.lead(1)
  await world.sim.complete(world.ask())
  t.same(world.asked, [1])
})

t.test('time that is up, and a channel that is closed', async t => {
  const world = await new World().start()
  await t.rejects(world.sim.complete(world.ask(1_000)), {
    message: /no active controller answered in time/,
  })
  world.sim.kill('n1')
  world.lead(1)
  await t.rejects(world.sim.complete(world.ask(1_000)), {
    message: /no active controller answered in time/,
  })
  const asked = world.ask(60_000)
  const outcome = t.rejects(asked, { message: /no active controller answered in time/ })
  const closedMs = world.sim.nowMs
  world.channel.close()
  await world.sim.complete(asked.catch(() => undefined))
  await outcome
  t.ok(world.sim.nowMs - closedMs < 2_000)
})

t.test('this node cannot prove that it still decides: it is asked again', async t => {
  const world = await new World().start()
  let asked = 0
  world.localAnswer = async () => {
    asked++
    if (asked < 3) return { errorCode: errorCode('NOT_CONTROLLER'), producerIdStart: -1 }
    return { errorCode: 0, producerIdStart: 9 }
  }
  world.lead(9, true)
  t.equal(await world.sim.complete(world.ask()), 9)
  t.equal(asked, 3)
})
