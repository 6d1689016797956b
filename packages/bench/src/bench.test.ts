import type { Env, Socket } from '@weir/core'
import { Simulation } from '@weir/core/sim'
import {
  createTopicsApi,
  decodeMessage,
  decodeRequestHeader,
  deleteTopicsApi,
  encodeResponseFrame,
  errorCode,
  type FetchRequest,
  fetchApi,
  metadataApi,
  type ProduceRequest,
  produceApi,
} from '@weir/protocol'
import t from 'tap'
import { ByteStream } from './byte-stream.ts'
import {
  formatHtml,
  formatReport,
  IsolationRun,
  runBench,
  scenarioByName,
  timeStart,
} from './index.ts'
import { Meter } from './meter.ts'
import { ProduceLoad } from './produce-load.ts'
import { produceRequest } from './requests.ts'
import { median } from './results.ts'
import { serveFrames } from './testing/frame-server.ts'

/** A broker with topics of one batch list a partition, in a simulated machine. */
class FakeBroker {
  readonly batches = new Map<string, Buffer[]>()
  readonly topics = new Set<string>()
  readonly #env: Env
  /** Answers to Produce wait until this moment of the monotonic clock. */
  stallUntilMs = 0
  produceError = 'NONE'
  /** So many answers to Produce are NOT_LEADER_OR_FOLLOWER at first. */
  notLeaderAnswers = 0

  constructor(env: Env) {
    this.#env = env
  }

  async listen(): Promise<void> {
    await serveFrames(this.#env, (frame, socket) => this.#answer(frame, socket))
  }

  #answer(frame: Buffer, socket: Socket): void {
    const { requestApiKey, requestApiVersion: version, bodyStart } = decodeRequestHeader(frame)
    if (requestApiKey === produceApi.key) {
      const request = decodeMessage(produceApi.request, version, frame, bodyStart)
      const delayMs = Math.max(0, this.stallUntilMs - this.#env.clock.monotonicMs())
      const answer = this.#produce(request, version)
      this.#env.clock.after(delayMs, () => socket.write(answer))
    } else if (requestApiKey === fetchApi.key) {
      const request = decodeMessage(fetchApi.request, version, frame, bodyStart)
      socket.write(this.#fetch(request, version))
    } else if (requestApiKey === createTopicsApi.key) {
      const { topics } = decodeMessage(createTopicsApi.request, version, frame, bodyStart)
      for (const { name } of topics) this.topics.add(name)
      const answers = topics.map(({ name }) => ({ name, errorCode: 0, errorMessage: null }))
      socket.write(encodeResponseFrame(createTopicsApi, version, 1, { topics: answers }))
    } else if (requestApiKey === deleteTopicsApi.key) {
      const { topicNames } = decodeMessage(deleteTopicsApi.request, version, frame, bodyStart)
      for (const name of topicNames) this.topics.delete(name)
      const responses = topicNames.map(name => ({ name, errorCode: 0 }))
      socket.write(encodeResponseFrame(deleteTopicsApi, version, 1, { responses }))
    } else {
      const { topics } = decodeMessage(metadataApi.request, version, frame, bodyStart)
      const partitions = [0, 1].map(partitionIndex => ({
        errorCode: 0,
        partitionIndex,
        leaderId: 1,
        replicaNodes: [1],
        isrNodes: [1],
      }))
      socket.write(
        encodeResponseFrame(metadataApi, version, 1, {
          brokers: [{ nodeId: 1, host: 'broker', port: 9092 }],
          topics: (topics ?? []).map(({ name }) => ({ errorCode: 0, name, partitions })),
        }),
      )
    }
  }

  #produce(request: ProduceRequest, version: number): Buffer[] {
    const responses = request.topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index, records }) => {
        const error = this.notLeaderAnswers-- > 0 ? 'NOT_LEADER_OR_FOLLOWER' : this.produceError
        if (error !== 'NONE') {
          return { index, errorCode: errorCode(error as 'NONE'), baseOffset: -1 }
        }
        const list = this.#list(name, index)
        const batch = Buffer.from(records ?? [])
        const baseOffset = list.length * (batch.readInt32BE(23) + 1)
        batch.writeBigInt64BE(BigInt(baseOffset))
        list.push(batch)
        return { index, errorCode: 0, baseOffset }
      }),
    }))
    return encodeResponseFrame(produceApi, version, 1, { responses })
  }

  #fetch(request: FetchRequest, version: number): Buffer[] {
    const responses = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, fetchOffset, partitionMaxBytes }) => {
        const list = this.#list(topic, partition)
        const perBatch = (list[0]?.readInt32BE(23) ?? 0) + 1
        const all = Buffer.concat(list.slice(fetchOffset / perBatch))
        return {
          partitionIndex: partition,
          errorCode: 0,
          highWatermark: list.length * perBatch,
          abortedTransactions: null,
          // Cut in the middle of a batch, as a broker may.
          records: all.subarray(0, partitionMaxBytes),
        }
      }),
    }))
    return encodeResponseFrame(fetchApi, version, 1, { responses })
  }

  #list(topic: string, partition: number): Buffer[] {
    const key = `${topic}-${partition}`
    const list = this.batches.get(key) ?? []
    this.batches.set(key, list)
    return list
  }
}

/** In virtual time a loop over `soon` would never come to an end: each turn takes 20 us here. */
function withSlowTurns(env: Env): Env {
  const { clock } = env
  return {
    ...env,
    clock: {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, fn) => clock.after(delayMs, fn),
      soon: fn => void clock.after(0.02, fn),
      sleep: delayMs => clock.sleep(delayMs),
    },
  }
}

async function world(): Promise<{ sim: Simulation; broker: FakeBroker; env: Env }> {
  const sim = new Simulation({ seed: 1 })
  const broker = new FakeBroker(sim.env('broker'))
  await sim.complete(broker.listen())
  return { sim, broker, env: withSlowTurns(sim.env('bench')) }
}

const OPTIONS = {
  targets: [{ name: 'fake', bootstrap: 'broker:9092', pids: [] }],
  rounds: 1,
  seconds: 0.1,
  warmupSeconds: 0.05,
  partitions: 2,
  replicationFactor: 1,
}

t.test('every kind of scenario runs, measures, and leaves no topic behind', async t => {
  const { sim, broker, env } = await world()
  broker.notLeaderAnswers = 3
  const scenarios = ['produce-large', 'produce-one', 'fetch', 'tail'].map(name => ({
    ...scenarioByName(name)!,
    recordBytes: 100,
    recordCount: name === 'fetch' ? 100 : 1,
    connections: name === 'tail' ? 1 : 2,
    inFlight: name === 'tail' ? 1_000 : 2,
    loadedBytes: 1_000_000,
  }))
  const report = await sim.complete(runBench(env, { ...OPTIONS, scenarios }))
  t.same(
    report.results.map(result => result.scenario),
    ['produce-large', 'produce-one', 'fetch', 'tail'],
  )
  for (const { median: result, scenario } of report.results) {
    t.ok(result.requests > 30, `${scenario}: ${result.requests} requests`)
    t.ok(result.latency.p50Us > 90, `${scenario}: p50 ${result.latency.p50Us} us`)
    t.ok(result.megabytesPerSecond > 0)
  }
  const tail = report.results.at(-1)!.median
  t.ok(Math.abs(tail.requestsPerSecond - 1_000) < 100, `${tail.requestsPerSecond} records/s`)
  t.equal(broker.topics.size, 0)
  t.match(formatReport(report), /produce-one: .*\nbroker +MB\/s/)
  const page = formatHtml({ ...report, machine: { ...report.machine, cpu: 'a <b> & "c"' } })
  t.match(page, /a &#60;b&#62; &#38; &#34;c&#34;/, 'what is not ours is not taken for markup')
  t.equal(page.match(/<section>/g)?.length, 4)
})

t.test(
  'a connection takes the partitions of its leader in turn, and each is compressed',
  async t => {
    const { sim, broker, env } = await world()
    const scenario = {
      ...scenarioByName('partitions-1000')!,
      codec: 'gzip' as const,
      partitions: 2,
    }
    const scenarios = [{ ...scenario, connections: 1, recordCount: 10 }]
    const report = await sim.complete(runBench(env, { ...OPTIONS, scenarios }))
    t.ok((report.results[0]?.median.requests ?? 0) > 30)
    t.equal(broker.batches.size, 2)
    const GZIP = 1
    for (const [name, batches] of broker.batches) {
      const attributes = batches[0]?.readInt16BE(21) ?? 0
      t.equal(attributes & 7, GZIP, name)
    }
  },
)

t.test('an error answer after the warm-up ends the run with its name', async t => {
  const { sim, broker, env } = await world()
  broker.produceError = 'CORRUPT_MESSAGE'
  const scenarios = [scenarioByName('produce-one')!]
  await t.rejects(
    sim.complete(runBench(env, { ...OPTIONS, scenarios })),
    /produce-one on fake: produce was answered with CORRUPT_MESSAGE/,
  )
  t.equal(broker.topics.size, 0)
})

t.test('latency counts from when a request was due, not from when it could be sent', async t => {
  const { sim, broker, env } = await world()
  const socket = await sim.complete(env.net.connect({ host: 'broker', port: 9092, timeoutMs: 100 }))
  const meter = new Meter()
  const template = { topic: 't', partition: 0, acks: 1, recordCount: 1, recordBytes: 10, nowMs: 0 }
  const load = new ProduceLoad(env, socket, meter, {
    requests: [produceRequest(template, Buffer.alloc(100))],
    payloadBytes: 10,
    maxInFlight: 1,
    requestsPerSecond: 100,
  })
  load.start()
  broker.stallUntilMs = sim.nowMs + 500
  await sim.run({ forMs: 1_000 })
  load.stop()
  const { latency, requests } = meter.counts()
  t.ok(requests >= 99, `${requests} of 100 requests were sent`)
  // One request was held up by the stall; the 50 that were due meanwhile had to wait, too.
  t.ok(latency.p50Us > 1_000, `p50 ${latency.p50Us} us`)
  t.ok(latency.p90Us > 350_000, `p90 ${latency.p90Us} us`)
})

t.test('a broker that goes away ends the run', async t => {
  const { sim, env } = await world()
  const scenarios = [scenarioByName('produce-one')!]
  sim.after(100, () => sim.kill('broker'))
  await t.rejects(sim.complete(runBench(env, { ...OPTIONS, scenarios })), /closed|ECONN|nothing/)
})

t.test('a start is timed to the first answer, and what was started is stopped', async t => {
  const sim = new Simulation({ seed: 1 })
  const broker = new FakeBroker(sim.env('broker'))
  const env = sim.env('bench')
  let isStopped = false
  const launched = (whyEnded: () => string | null) => ({
    name: 'fake',
    bootstrap: 'broker:9092',
    pids: [process.pid],
    whyEnded,
    stop: async () => {
      isStopped = true
    },
  })
  const launch = () => {
    sim.after(700, () => void broker.listen())
    return launched(() => null)
  }
  const dead = () => launched(() => 'exit code 1')
  await t.rejects(sim.complete(timeStart(env, dead, 1)), /fake ended: exit code 1/)
  t.ok(isStopped)
  isStopped = false
  const { latency, seconds } = await sim.complete(timeStart(env, launch, 1))
  t.ok(latency.p50Us >= 700_000 && latency.p50Us < 800_000, `${latency.p50Us} us`)
  t.equal(seconds, latency.p50Us / 1e6)
  t.ok(isStopped)
})

t.test('a stream is read across chunks', t => {
  const stream = new ByteStream()
  for (const text of ['ab', 'c', 'defg', '', 'hi']) stream.push(Buffer.from(text))
  t.equal(stream.read(10), null)
  t.equal(stream.read(4)?.toString(), 'abcd')
  t.equal(stream.skip(2), 2)
  t.equal(stream.read(2)?.toString(), 'gh')
  t.equal(stream.skip(5), 1)
  t.equal(stream.length, 0)
  stream.push(Buffer.from('x'))
  t.equal(stream.read(1)?.toString(), 'x')
  t.end()
})

t.test('the median of an even number of rounds lies between the middle two', t => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 3, 2]), 2.5)
  t.equal(median([]), 0)
  t.end()
})

t.test('a good producer is measured also while a leader moves', async t => {
  const { sim, broker, env } = await world()
  const run = await sim.complete(
    IsolationRun.open(env, { bootstrap: 'broker:9092', pids: [process.pid] }),
  )
  broker.notLeaderAnswers = 0
  const measuring = run.measure(1)
  env.clock.after(1_500, () => {
    broker.notLeaderAnswers = 2
  })
  const { requests, refusedCount, latency, residentBytes } = await sim.complete(measuring)
  t.equal(refusedCount, 2)
  t.ok(requests > 100 && latency.p50Us > 0)
  t.ok(residentBytes >= 0)
  await sim.complete(run.close())
  t.same([...broker.topics], [])
})
