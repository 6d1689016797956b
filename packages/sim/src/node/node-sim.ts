// A whole node (broker and controller) on a simulated machine, with producers and consumers of our
// own client on others: it is killed, loses power (where its log is synced before it acknowledges),
// stalls, and its connections break.

import { WeirNode } from '@weir/broker'
import {
  Cluster,
  type ConsumerRecord,
  createTopics,
  Fetcher,
  isPassing,
  Producer,
} from '@weir/client'
import { errorMessage } from '@weir/core'
import { SimRandom, Simulation } from '@weir/core/sim'
import { loadSettings } from '@weir/settings'
import { RecordHistory } from './record-history.ts'

export interface NodeSeedResult {
  readonly seed: number
  /** Null if everything held. */
  readonly violation: string | null
  readonly trace: string
  readonly events: number
  readonly simulatedMs: number
  readonly acked: number
  readonly read: number
  readonly restarts: number
}

const TOPIC = 'sim'
const PARTITIONS = 3
const FAULT_MS = 8000
const HEALING_MS = 30_000
const PRODUCERS = ['p1', 'p2']
const PORT = 9092
/** The least that is allowed; records are padded, so that segments are closed now and then. */
const SEGMENT_BYTES = 1_048_576
const VALUE_BYTES = 4000

export async function runNodeSeed(seed: number): Promise<NodeSeedResult> {
  const random = new SimRandom(`node ${seed}`)
  const sim = new Simulation({
    seed: `node ${seed}`,
    diskFaults: {
      maxDelayMs: random.chance(0.5) ? 0.3 : 5,
      syncWriteChance: random.fraction(),
      shortWriteChance: random.chance(0.3) ? 0.05 : 0,
    },
    netFaults: { minLatencyMs: 0.05, maxLatencyMs: random.chance(0.5) ? 1 : 20, splitChance: 0.3 },
  })
  const run = new NodeRun(sim, random)
  let violation: string | null = null
  try {
    await run.play()
  } catch (error) {
    violation = errorMessage(error)
  }
  const [first] = run.history.violations
  return {
    seed,
    violation: first ?? violation,
    trace: sim.traceHash,
    events: sim.eventCount,
    simulatedMs: sim.nowMs,
    acked: run.history.ackedCount,
    read: run.history.readCount,
    restarts: run.restarts,
  }
}

class NodeRun {
  readonly history = new RecordHistory()
  readonly #sim: Simulation
  readonly #random: SimRandom
  /** Acknowledged only when synced: then power may fail. */
  readonly #isSynced: boolean
  #isUp = false
  /** Counts starts and ends of the process. */
  #life = 0
  #isProducing = true
  #isOver = false
  #pending = 0
  restarts = 0

  constructor(sim: Simulation, random: SimRandom) {
    this.#sim = sim
    this.#random = random
    this.#isSynced = random.chance(0.5)
  }

  async play(): Promise<void> {
    const sim = this.#sim
    this.#start()
    await sim.run(() => this.#isUp, HEALING_MS)
    const admin = this.#cluster('admin')
    const topic = { name: TOPIC, partitionCount: PARTITIONS, replicationFactor: 1 }
    await sim.complete(createTopics(admin, [topic]))
    for (const name of PRODUCERS) this.#produce(name)
    this.#consume('c1')
    const faults = this.#faults()
    while (sim.nowMs < FAULT_MS) {
      await sim.run({ forMs: this.#random.fraction() * 400 })
      faults[this.#random.below(faults.length)]?.()
      this.#check()
    }
    await this.#finish()
  }

  #check(): void {
    const [first] = this.history.violations
    if (first !== undefined) throw new Error(first)
  }

  // --- The node ---

  #start(): void {
    if (this.#isUp) return
    this.#life++
    const life = this.#life
    const { settings } = loadSettings({
      assignments: [
        `listeners=PLAINTEXT://node:${PORT}`,
        'log.dirs=/data',
        `log.segment.bytes=${SEGMENT_BYTES}`,
        ...(this.#isSynced ? ['log.flush.interval.messages=1'] : []),
      ],
    })
    const options = {
      settings,
      hostName: 'node',
      onFatal: (error: Error) => this.history.violations.push(`fatal: ${error.message}`),
    }
    WeirNode.start(this.#sim.env('node'), options).then(
      () => {
        if (this.#life === life) this.#isUp = true
      },
      error => this.history.violations.push(`does not start: ${errorMessage(error)}`),
    )
  }

  #end(how: 'kill' | 'crash'): void {
    if (!this.#isUp) return
    this.#isUp = false
    this.#life++
    this.restarts++
    this.#sim[how]('node')
    this.#sim.after(this.#random.fraction() * 500, () => this.#start())
  }

  #faults(): (() => void)[] {
    const sim = this.#sim
    const later = (ms: number, act: () => void) => sim.after(this.#random.fraction() * ms, act)
    const client = () => [...PRODUCERS, 'c1'][this.#random.below(3)] ?? 'c1'
    const all = [
      () => this.#end('kill'),
      () => {
        sim.pause('node')
        later(1000, () => sim.resume('node'))
      },
      () => sim.network.reset('node', client()),
      () => {
        const name = client()
        sim.network.cut('node', name)
        later(1500, () => sim.network.heal('node', name))
      },
      () => {
        const name = client()
        sim.network.cutOneWay('node', name)
        later(1500, () => sim.network.heal('node', name))
      },
      () => sim.skewWallClock('node', (this.#random.fraction() - 0.5) * 60_000),
    ]
    const chosen = all.filter(() => this.#random.chance(0.5))
    chosen.push(() => this.#end(this.#isSynced ? 'crash' : 'kill'))
    return chosen
  }

  // --- Clients ---

  #cluster(machine: string): Cluster {
    return new Cluster(this.#sim.env(machine), {
      bootstrap: [{ host: 'node', port: PORT }],
      clientId: machine,
      connectTimeoutMs: 500,
      requestTimeoutMs: 2000,
      retryTimeoutMs: 60_000,
    })
  }

  #produce(name: string): void {
    const producer = new Producer(this.#cluster(name), {
      acks: -1,
      lingerMs: this.#random.below(10),
      deliveryTimeoutMs: 120_000,
    })
    let number = 0
    const next = () => {
      if (!this.#isProducing) return
      number++
      this.#send(producer, `${name}-${number}`, number % PARTITIONS)
      this.#sim.after(this.#random.fraction() * 30, next)
    }
    next()
  }

  #send(producer: Producer, value: string, partition: number): void {
    this.#pending++
    const padded = value.padEnd(VALUE_BYTES)
    producer.send({ topic: TOPIC, partition, key: null, value: padded }).then(
      ({ offset }) => {
        this.#pending--
        this.history.acked(value, partition, offset)
      },
      // Not known whether it is there.
      () => {
        this.#pending--
      },
    )
  }

  #consume(name: string): void {
    const cluster = this.#cluster(name)
    const fetcher = new Fetcher(cluster, { maxWaitMs: 200 })
    const next = new Map<number, number>()
    fetcher.assign(
      Array.from({ length: PARTITIONS }, (_, partition) => ({
        topic: TOPIC,
        partition,
        offset: 0,
      })),
    )
    const poll = async () => {
      while (!this.#isOver) {
        for (const { partition, offset, value } of await this.#pollOnce(fetcher)) {
          if (offset < (next.get(partition) ?? 0))
            this.history.violations.push(`${partition}/${offset} was read again`)
          next.set(partition, offset + 1)
          this.history.read(partition, offset, value?.toString('latin1').trimEnd() ?? '')
        }
      }
    }
    poll().catch(error => this.history.violations.push(`consumer: ${errorMessage(error)}`))
  }

  /** Nothing when the node cannot be reached for long: it is asked again. */
  async #pollOnce(fetcher: Fetcher): Promise<readonly ConsumerRecord[]> {
    try {
      return await fetcher.poll(500)
    } catch (error) {
      if (!isPassing(error)) throw error
      return []
    }
  }

  async #finish(): Promise<void> {
    const sim = this.#sim
    sim.resume('node')
    sim.network.healAll()
    await sim.run(() => this.#isUp, HEALING_MS)
    this.#isProducing = false
    await sim.run(() => this.#pending === 0 || this.history.violations.length > 0, 130_000)
    await sim.run(() => this.history.readCount >= this.history.ackedCount, HEALING_MS)
    await sim.run({ forMs: 2000 })
    this.history.finish()
    this.#isOver = true
    this.#check()
  }
}
