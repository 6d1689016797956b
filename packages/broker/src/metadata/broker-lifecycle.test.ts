// The life of a broker against a controller that answers what the test says.

import { OperatorError } from '@weir/core'
import { Simulation } from '@weir/core/sim'
import { type ErrorName, errorCode, KafkaError } from '@weir/protocol'
import t from 'tap'
import { BrokerLifecycle } from './broker-lifecycle.ts'
import type { ControllerChannel } from './controller-channel.ts'

const SESSION_MS = 2_000
const REGISTRATION = { clusterId: 'c', listeners: [], features: [], rack: null, logDirs: [] }

interface Registered {
  readonly previousBrokerEpoch: number
  readonly incarnationId: string
}

class World {
  readonly sim = new Simulation({ seed: 1 })
  readonly registrations: Registered[] = []
  readonly heartbeats: { readonly wantShutDown: boolean; readonly brokerEpoch: number }[] = []
  readonly alive: number[] = []
  readonly fatal: Error[] = []
  registration: ErrorName = 'NONE'
  heartbeat: { error?: ErrorName; isFenced?: boolean; shouldShutDown?: boolean } = {}
  isReachable = true
  appliedIndex = 100
  #nextEpoch = 10
  readonly lifecycle: BrokerLifecycle

  constructor() {
    const env = this.sim.env('broker')
    this.lifecycle = new BrokerLifecycle(env, {
      nodeId: 7,
      channel: this.#channel(),
      registration: () => REGISTRATION,
      previousBrokerEpoch: 5,
      heartbeatIntervalMs: () => 300,
      sessionTimeoutMs: () => SESSION_MS,
      registrationTimeoutMs: () => 60_000,
      metadataIndex: () => this.appliedIndex,
      whenApplied: async (index, timeoutMs) => {
        const deadlineMs = env.clock.monotonicMs() + timeoutMs
        while (this.appliedIndex < index && env.clock.monotonicMs() < deadlineMs)
          await env.clock.sleep(1)
        return this.appliedIndex >= index
      },
      offlineLogDirs: () => [],
      offlinePartitions: () => [],
      fullPartitions: () => [],
      onAlive: sentMs => this.alive.push(sentMs),
      onFatal: error => this.fatal.push(error),
    })
  }

  #channel(): Pick<ControllerChannel, 'attempt' | 'request'> {
    const answer = async (body: unknown) => {
      if (!this.isReachable) throw new KafkaError('NOT_CONTROLLER', 'by the test')
      const isRegistration = 'incarnationId' in (body as object)
      return isRegistration ? this.#register(body as Registered) : this.#beat(body as never)
    }
    return {
      attempt: (_, body) => answer(body) as never,
      request: (_, body) => answer(body) as never,
    }
  }

  #register(body: Registered) {
    this.registrations.push(body)
    const brokerEpoch = this.registration === 'NONE' ? this.#nextEpoch++ : -1
    return { errorCode: errorCode(this.registration), brokerEpoch }
  }

  #beat(body: { wantShutDown: boolean; brokerEpoch: number }) {
    this.heartbeats.push(body)
    const { error = 'NONE', isFenced = false, shouldShutDown = false } = this.heartbeat
    return { errorCode: errorCode(error), isFenced, shouldShutDown, metadataIndex: 100 }
  }

  /** Registered and not fenced. */
  async running(): Promise<void> {
    await this.sim.complete(this.lifecycle.register())
    await this.sim.complete(this.lifecycle.run())
  }
}

t.test('a broker is alive once it knows what the controller knew', async t => {
  const world = new World()
  t.equal(await world.sim.complete(world.lifecycle.register()), 10)
  t.equal(world.registrations[0]?.previousBrokerEpoch, 5, 'the epoch of the clean stop')
  world.appliedIndex = 99
  let isUnfenced = false
  void world.lifecycle.run().then(() => {
    isUnfenced = true
  })
  await world.sim.run({ forMs: 3 * SESSION_MS })
  t.same([world.alive.length, isUnfenced], [0, false])
  world.appliedIndex = 100
  await world.sim.run({ forMs: 10 })
  t.ok(world.alive.length > 0 && isUnfenced)
})

t.test('a refusal that time does not mend ends the start at once', async t => {
  const world = new World()
  world.registration = 'INCONSISTENT_CLUSTER_ID'
  await t.rejects(world.sim.complete(world.lifecycle.register()), OperatorError)
  t.equal(world.registrations.length, 1)
})

t.test('heartbeats are quick while the broker is fenced, and slow when it is not', async t => {
  const world = new World()
  world.heartbeat = { isFenced: true }
  await world.sim.complete(world.lifecycle.register())
  void world.lifecycle.run()
  await world.sim.run({ forMs: 1_000 })
  const whileFenced = world.heartbeats.length
  t.ok(whileFenced >= 40, `${whileFenced}`)
  world.heartbeat = {}
  await world.sim.run({ forMs: 3_000 })
  t.ok(world.heartbeats.length - whileFenced <= 12)
  t.notOk(world.lifecycle.isFenced)
})

for (const error of ['STALE_BROKER_EPOCH', 'BROKER_ID_NOT_REGISTERED'] as const) {
  t.test(`${error}: the same process registers again, and has lost nothing`, async t => {
    const world = new World()
    await world.running()
    world.heartbeat = { error }
    await world.sim.run(() => world.registrations.length === 2, 1_000)
    world.heartbeat = {}
    await world.sim.run({ forMs: 1_000 })
    const [first, second] = world.registrations
    t.equal(second?.incarnationId, first?.incarnationId)
    t.equal(second?.previousBrokerEpoch, 10, 'its own epoch: nothing was lost')
    t.equal(world.lifecycle.brokerEpoch, 11)
    t.equal(world.heartbeats.at(-1)?.brokerEpoch, 11)
  })
}

t.test('another process that keeps the id ends this one', async t => {
  const world = new World()
  await world.running()
  world.heartbeat = { error: 'STALE_BROKER_EPOCH' }
  world.registration = 'DUPLICATE_BROKER_REGISTRATION'
  await world.sim.run({ forMs: SESSION_MS * 4 })
  t.same(world.fatal, [], 'remains of its own may need a session to end')
  await world.sim.run({ forMs: SESSION_MS * 2 })
  t.match(world.fatal, [{ message: /another broker with the id 7/ }])
})

t.test('what a new version or another cluster means is said at once', async t => {
  for (const [error, message] of [
    ['UNSUPPORTED_VERSION', /features that this version does not know/],
    ['INCONSISTENT_CLUSTER_ID', /another cluster/],
  ] as const) {
    const world = new World()
    world.registration = error
    const refused = world.sim.complete(world.lifecycle.register())
    await t.rejects(refused, { message })
    await t.rejects(refused, OperatorError)
  }
})

t.test('a broker leaves when it is let go, or when its time is up', async t => {
  for (const [shouldShutDown, limitMs] of [
    [true, 200],
    [false, 1_000],
  ] as const) {
    const world = new World()
    await world.running()
    const beganMs = world.sim.nowMs
    const leaving = world.lifecycle.leave(1_000)
    await world.sim.run({ forMs: 100 })
    t.ok(world.heartbeats.at(-1)?.wantShutDown)
    world.heartbeat = { shouldShutDown }
    await world.sim.complete(leaving)
    t.ok(world.sim.nowMs - beganMs <= limitMs + 1, `${world.sim.nowMs - beganMs} ms`)
    world.lifecycle.stop()
    const count = world.heartbeats.length
    await world.sim.run({ forMs: 1_000 })
    t.equal(world.heartbeats.length, count, 'nothing after the stop')
  }
})

t.test('without a controller it goes on asking', async t => {
  const world = new World()
  await world.running()
  world.isReachable = false
  await world.sim.run({ forMs: 10_000 })
  t.same(world.fatal, [])
  world.isReachable = true
  const count = world.heartbeats.length
  world.lifecycle.nudge()
  await world.sim.run({ forMs: 10 })
  t.equal(world.heartbeats.length, count + 1, 'at once when the leadership changes')
})

t.test('news are told at once, and not more often than every 20 ms', async t => {
  const world = new World()
  await world.running()
  await world.sim.run({ forMs: 1_000 })
  let before = world.heartbeats.length
  world.lifecycle.tellNews()
  await world.sim.run({ forMs: 1 })
  t.equal(world.heartbeats.length, before + 1)
  before = world.heartbeats.length
  for (let i = 0; i < 1_000; i++) {
    world.lifecycle.tellNews()
    await world.sim.run({ forMs: 0.2 })
  }
  t.ok(world.heartbeats.length - before <= 11, `${world.heartbeats.length - before}`)
  await world.sim.run({ forMs: 20 })
  before = world.heartbeats.length
  await world.sim.run({ forMs: 1_000 })
  t.ok(world.heartbeats.length - before <= 4, 'then as before')
  world.lifecycle.stop()
})
