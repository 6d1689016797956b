// Random brokers that stop, crash, come back and are unregistered; leaders that append, commit and
// change their ISR; operators that move replicas and elect; a log that refuses decisions and
// controllers that fail over. A model of the replicas' logs says what has been committed, and the
// ISR and the ELR must never count on somebody who lacks it (docs/traps.md R8-R14, R19).

import fc from 'fast-check'
import t from 'tap'
import { ELECTION_PREFERRED } from './election-control.ts'
import type { PartitionImage } from './image.ts'
import type { PartitionKey } from './partition-set.ts'
import { CONFIG_RESOURCE } from './records.ts'
import { Cluster } from './testing/cluster.ts'

const BROKERS = [1, 2, 3, 4, 5]
const TOPICS = ['a', 'b', 'c']

/** A process: what it knows of itself. */
interface Broker {
  isUp: boolean
  brokerEpoch: number
  /** What its marker of a clean stop says. */
  cleanEpoch: number
  /** Partitions in a directory that failed; keys of the model's replicas. */
  readonly offline: Map<string, PartitionKey>
}

/** The replicas of one partition: their logs, of numbered records. */
interface Replicas {
  readonly logs: Map<number, number[]>
  committed: number[]
  /** The leader epoch in which a replica has last fetched everything. */
  readonly fetchedEpoch: Map<number, number>
}

type Step = readonly [kind: string, broker: number, topic: number, random: number]

class Model {
  readonly cluster = new Cluster()
  readonly brokers = new Map<number, Broker>()
  readonly replicas = new Map<string, Replicas>()
  #next = 0
  #incarnations = 0

  constructor(minimums: readonly number[]) {
    for (const id of BROKERS) {
      this.brokers.set(id, { isUp: false, brokerEpoch: -1, cleanEpoch: -1, offline: new Map() })
      this.start(id)
    }
    this.cluster.settle()
    for (const [index, name] of TOPICS.entries()) {
      const value = String(minimums[index])
      const topic = {
        name,
        partitionCount: 2,
        replicationFactor: 1 + index,
        assignments: [],
        configs: [{ name: 'min.insync.replicas', value }],
      }
      this.cluster.submit(machine => machine.topics.createTopics([topic], false))
    }
  }

  // --- Brokers ---

  start(id: number): void {
    const broker = this.#broker(id)
    if (!broker.isUp) {
      const registration = {
        brokerId: id,
        incarnationId: `i${this.#incarnations++}`,
        endpoints: [],
        rack: `r${id % 2}`,
        directoryIds: [],
        previousBrokerEpoch: broker.cleanEpoch,
      }
      const { nowMs } = this.cluster
      const { response, records } = this.cluster.submit((machine, offset) =>
        machine.brokers.register(registration, offset, nowMs),
      )
      if (records.length === 0) return
      Object.assign(broker, { isUp: true, brokerEpoch: response.brokerEpoch, cleanEpoch: -1 })
    }
    this.heartbeat(id)
  }

  #allPartitions(): PartitionKey[] {
    return [...this.cluster.follower.topics].flatMap(({ topicId, partitions }) =>
      partitions.map(({ partitionIndex }) => ({ topicId, partitionIndex })),
    )
  }

  heartbeat(id: number, wantShutDown = false): boolean {
    const { isUp, brokerEpoch } = this.#broker(id)
    if (!isUp) return false
    const { nowMs, offset } = this.cluster
    const request = {
      brokerId: id,
      brokerEpoch,
      currentMetadataOffset: offset,
      wantFence: false,
      wantShutDown,
      offlinePartitions: [...this.#broker(id).offline.values()],
      // Now and then it has no room for anything.
      fullPartitions: offset % 7 === 0 ? this.#allPartitions() : [],
    }
    const before = this.cluster.offset
    const { response, records } = this.cluster.submit((machine, next) =>
      machine.brokers.heartbeat(request, nowMs, next),
    )
    // A refused answer never reaches the broker.
    const isAnswered = records.length > 0 || !this.cluster.refuses || before === offset
    return isAnswered && response.shouldShutDown && !this.cluster.refuses
  }

  /** Everything is synced, the marker is written. */
  stop(id: number): void {
    const broker = this.#broker(id)
    for (let round = 0; round < 5 && broker.isUp; round++) {
      this.cluster.settle()
      for (const other of BROKERS) if (other !== id) this.heartbeat(other)
      if (this.heartbeat(id, true)) {
        // A directory that failed takes no marker.
        const cleanEpoch = broker.offline.size === 0 ? broker.brokerEpoch : -1
        Object.assign(broker, { isUp: false, cleanEpoch })
        broker.offline.clear()
      }
    }
  }

  /** It loses the tails of its logs. */
  crash(id: number, random: number): void {
    const broker = this.#broker(id)
    if (!broker.isUp) return
    broker.isUp = false
    broker.offline.clear()
    for (const [, partition] of this.partitions()) {
      const replicas = this.replicasOf(partition)
      const log = logOf(replicas, id)
      log.splice(Math.floor(log.length * ((random % 100) / 100)))
      // The only replica leads again, with what it has.
      const isOnly = partition.replicas.length === 1 && partition.replicas[0] === id
      if (isOnly) replicas.committed = replicas.committed.slice(0, log.length)
    }
  }

  /** What it has of one partition is gone, and it says so. */
  failDirectory(id: number, random: number): void {
    const mine = [...this.partitions()].filter(([, { replicas }]) => replicas.includes(id))
    const partition = mine[random % Math.max(1, mine.length)]?.[1]
    const broker = this.#broker(id)
    if (partition === undefined || !broker.isUp) return
    const replicas = this.replicasOf(partition)
    replicas.logs.set(id, [])
    if (partition.replicas.length === 1) replicas.committed = []
    broker.offline.set(keyOf(partition), partition)
    this.heartbeat(id)
  }

  // --- Data ---

  *partitions(): Generator<[string, PartitionImage]> {
    for (const topic of this.cluster.follower.topics) {
      for (const partition of topic.partitions) yield [topic.name, partition]
    }
  }

  replicasOf({ topicId, partitionIndex }: PartitionImage): Replicas {
    const key = keyOf({ topicId, partitionIndex })
    let found = this.replicas.get(key)
    if (found === undefined) {
      found = { logs: new Map(), committed: [], fetchedEpoch: new Map() }
      this.replicas.set(key, found)
    }
    return found
  }

  /** Leaders that live append, followers that live fetch, and what the whole ISR has is committed. */
  replicate(topic: number, random: number): void {
    for (const [name, partition] of this.partitions()) {
      const serves = (id: number) => this.#isServing(id, partition)
      if (name !== TOPICS[topic] || !serves(partition.leader)) continue
      const replicas = this.replicasOf(partition)
      const log = logOf(replicas, partition.leader)
      log.push(this.#next++)
      for (const id of partition.replicas) {
        if (id === partition.leader || !serves(id) || (random >> id) % 2 === 0) continue
        replicas.logs.set(id, [...log])
        replicas.fetchedEpoch.set(id, partition.leaderEpoch)
      }
      this.#commit(name, partition, replicas)
    }
  }

  #commit(name: string, partition: PartitionImage, replicas: Replicas): void {
    const minimum = Number(this.cluster.follower.topicConfigs(name).get('min.insync.replicas'))
    if (partition.isr.length < Math.min(minimum, partition.replicas.length)) return
    const log = logOf(replicas, partition.leader)
    const end = Math.min(
      ...partition.isr.map(id => {
        const isFollowing =
          id === partition.leader || replicas.fetchedEpoch.get(id) === partition.leaderEpoch
        return isFollowing ? logOf(replicas, id).length : 0
      }),
    )
    if (end > replicas.committed.length) replicas.committed = log.slice(0, end)
  }

  /** As a leader does it: who has all that is committed and has fetched in this epoch joins. */
  changeIsr(topic: number, random: number): void {
    for (const [name, partition] of this.partitions()) {
      if (name !== TOPICS[topic] || !this.#isServing(partition.leader, partition)) continue
      const replicas = this.replicasOf(partition)
      const { leader, leaderEpoch } = partition
      const mayStay = (id: number) => partition.isr.includes(id) && (random >> id) % 3 !== 0
      const mayJoin = (id: number) =>
        this.#isServing(id, partition) &&
        replicas.fetchedEpoch.get(id) === leaderEpoch &&
        logOf(replicas, id).length === logOf(replicas, leader).length
      const newIsr = partition.replicas
        .filter(id => id === leader || mayStay(id) || mayJoin(id))
        .map(brokerId => ({ brokerId, brokerEpoch: this.#broker(brokerId).brokerEpoch }))
      const { partitionIndex, partitionEpoch } = partition
      const update = { partitionIndex, partitionEpoch, leaderEpoch, newIsr, leaderRecoveryState: 0 }
      const { brokerEpoch } = this.#broker(leader)
      const topics = [{ topicId: partition.topicId, partitions: [update] }]
      this.cluster.submit(machine =>
        machine.isr.alterPartition({ brokerId: leader, brokerEpoch, topics }),
      )
    }
  }

  /** Its process runs, is the one that is registered, and has what it has of the partition. */
  #isServing(id: number, partition: PartitionKey): boolean {
    const broker = this.brokers.get(id)
    if (broker === undefined || !broker.isUp || broker.offline.has(keyOf(partition))) return false
    return this.cluster.follower.brokers.get(id)?.brokerEpoch === broker.brokerEpoch
  }

  #broker(id: number): Broker {
    const broker = this.brokers.get(id)
    if (broker === undefined) throw new Error(`broker ${id}`)
    return broker
  }

  // --- What must hold ---

  problems(): string[] {
    const problems = [...this.cluster.violations]
    for (const [name, partition] of this.partitions()) {
      const replicas = this.replicasOf(partition)
      const at = `${name}-${partition.partitionIndex}`
      if (partition.leaderRecoveryState === 1) {
        // All that were eligible have crashed: what is left is what the last leader has.
        replicas.committed = replicas.committed.slice(0, logOf(replicas, partition.leader).length)
        continue
      }
      for (const id of [...partition.isr, ...partition.elr]) {
        const broker = this.cluster.follower.brokers.get(id)
        const isCounted = broker?.fenced === false && this.#isServing(id, partition)
        if (!isCounted || partition.replicas.length === 1) continue
        const log = logOf(replicas, id)
        if (!replicas.committed.every((value, index) => log[index] === value)) {
          problems.push(`${at}: broker ${id} counts and lacks what is committed`)
        }
      }
    }
    return problems
  }
}

function keyOf({ topicId, partitionIndex }: PartitionKey): string {
  return `${topicId} ${partitionIndex}`
}

function logOf({ logs }: Replicas, id: number): number[] {
  let log = logs.get(id)
  if (log === undefined) {
    log = []
    logs.set(id, log)
  }
  return log
}

function play(model: Model, [kind, broker, topic, random]: Step): void {
  const { cluster } = model
  switch (kind) {
    case 'start':
      model.start(broker)
      return
    case 'stop':
      model.stop(broker)
      return
    case 'crash':
      model.crash(broker, random)
      return
    case 'reset':
      cluster.controller.brokers.connectionReset(broker, cluster.nowMs)
      return
    case 'wait':
      for (let round = 0; round < random % 30; round++) {
        for (const [id, { isUp }] of model.brokers) if (isUp && id !== broker) model.heartbeat(id)
        if (cluster.refuses) cluster.nowMs += 100
        else cluster.wait(100)
      }
      return
    case 'replicate':
      model.replicate(topic, random)
      return
    case 'isr':
      model.changeIsr(topic, random)
      return
    case 'elect':
      cluster.submit(machine => machine.elections.electLeaders(null, ELECTION_PREFERRED))
      return
    case 'reassign': {
      const size = 1 + (random % 3)
      const first = random % BROKERS.length
      const target = [...BROKERS, ...BROKERS].slice(first, first + size)
      const replicas = random % 5 === 0 ? null : target
      const wanted = { topic: TOPICS[topic] ?? '', partitionIndex: random % 2, replicas }
      cluster.submit(machine => machine.reassignments.alterReassignments([wanted]))
      return
    }
    case 'directory':
      model.failDirectory(broker, random)
      return
    case 'minimum': {
      const value = String(1 + (random % 3))
      const operation = { name: 'min.insync.replicas', operation: 'set', value } as const
      const change = {
        resourceType: CONFIG_RESOURCE.topic,
        resourceName: TOPICS[topic] ?? '',
        replaceAll: false,
        operations: [operation],
      }
      cluster.submit(machine => machine.configs.alterConfigs([change], false))
      return
    }
    case 'unregister': {
      const process = model.brokers.get(broker)
      if (process?.isUp === false) cluster.submit(machine => machine.brokers.unregister(broker))
      return
    }
    case 'refuse':
      cluster.refuses = !cluster.refuses && random % 2 === 0
      if (cluster.refuses) cluster.submit(machine => machine.expire(cluster.nowMs))
      return
    case 'fail-over':
      cluster.failOver()
  }
}

const KINDS = [
  ...[
    'start',
    'start',
    'start',
    'stop',
    'crash',
    'reset',
    'wait',
    'wait',
    'replicate',
    'replicate',
  ],
  ...['replicate', 'isr', 'isr', 'elect', 'reassign', 'unregister', 'refuse', 'fail-over'],
  ...['directory', 'minimum'],
]

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(...KINDS),
  fc.constantFrom(...BROKERS),
  fc.nat({ max: TOPICS.length - 1 }),
  fc.nat({ max: 1_000_000 }),
)

/** A busy machine, or many runs, must not fail the test. */
t.setTimeout(600_000)

t.test(
  'whatever happens to brokers, ISR and ELR have what is committed',
  { timeout: 600_000 },
  async t => {
    const seed = Number(process.env['WEIR_TEST_SEED'] ?? 7)
    const numRuns = Number(process.env['WEIR_TEST_RUNS'] ?? 150)
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120, size: 'max' }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
        (steps, minimums) => {
          const model = new Model(minimums)
          for (const each of steps) {
            play(model, each)
            const [problem] = model.problems()
            if (problem !== undefined) throw new Error(`${each.join(' ')}: ${problem}`)
          }
          model.cluster.refuses = false
          model.cluster.settle()
          model.cluster.check({ isSettled: true })
          const [problem] = model.problems()
          if (problem !== undefined) throw new Error(`at the end: ${problem}`)
        },
      ),
      { seed, numRuns },
    )
    t.pass(`${numRuns} runs of seed ${seed}`)
  },
)
