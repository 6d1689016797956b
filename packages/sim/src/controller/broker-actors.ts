// Brokers as the controllers see them: they register, send heartbeats, stop cleanly or crash, and the
// leaders among them report who is in sync. No data: who is up and leads is in sync at once.
//
// Checked with each decision that any controller publishes: the invariants of the partitions. At the
// end, when all are up: nobody is fenced, every partition has a leader and its whole ISR (P12).

import {
  changeProblem,
  type MetadataImage,
  type PartitionImage,
  partitionProblems,
} from '@weir/controller'
import type { SimRandom, Simulation } from '@weir/core/sim'
import { NotLeaderError, QuorumBusyError } from '@weir/quorum'
import type { QuorumController } from './quorum-controller.ts'

const BROKER_IDS = [1, 2, 3, 4]
export const MIN_INSYNC_REPLICAS = 2
const HEARTBEAT_MS = 300
const ISR_MS = 200
const RETRY_MS = 20

interface Broker {
  readonly id: number
  isUp: boolean
  /** Counts starts: what an earlier life has asked for is not heard any more. */
  life: number
  brokerEpoch: number
  /** What the marker of a clean stop says. */
  cleanEpoch: number
  wantShutDown: boolean
  incarnationId: string
}

export class BrokerActors {
  readonly #sim: Simulation
  readonly #random: SimRandom
  readonly #active: () => QuorumController | null
  readonly #violate: (what: string) => void
  readonly #brokers: Broker[]
  /** Which start of which broker has which epoch. */
  readonly #epochs = new Map<number, string>()
  #starts = 0
  #isOver = false

  constructor(
    sim: Simulation,
    random: SimRandom,
    active: () => QuorumController | null,
    violate: (what: string) => void,
  ) {
    this.#sim = sim
    this.#random = random
    this.#active = active
    this.#violate = violate
    this.#brokers = BROKER_IDS.map(id => ({
      id,
      isUp: false,
      life: 0,
      brokerEpoch: -1,
      cleanEpoch: -1,
      wantShutDown: false,
      incarnationId: '',
    }))
  }

  startAll(): void {
    for (const broker of this.#brokers) this.#start(broker)
  }

  /** One of them ends, now or as soon as it may. */
  fault(): void {
    const broker = this.#brokers[this.#random.below(this.#brokers.length)]
    if (broker === undefined || !broker.isUp) return
    if (this.#random.chance(0.5)) broker.wantShutDown = true
    else this.#end(broker, false)
  }

  close(): void {
    this.#isOver = true
  }

  /** What is wrong now that everybody has been up for long; null if nothing. */
  problem(image: MetadataImage): string | null {
    for (const { brokerId, fenced } of image.brokers.values())
      if (fenced) return `broker ${brokerId} is fenced`
    for (const topic of image.topics) {
      for (const { partitionIndex, replicas, isr, leader } of topic.partitions) {
        if (leader === -1 || isr.length < replicas.length)
          return `${topic.name}-${partitionIndex}: leader ${leader}, ISR ${isr} of ${replicas}`
      }
    }
    return null
  }

  /** A controller's image has a new state of a partition. */
  checkPartition(topic: string, before: PartitionImage | undefined, after: PartitionImage): void {
    const problems = partitionProblems(after, MIN_INSYNC_REPLICAS)
    const change = before === undefined || before === after ? null : changeProblem(before, after)
    if (change !== null) problems.push(change)
    for (const problem of problems)
      this.#violate(`${topic}-${after.partitionIndex}: ${problem}: ${JSON.stringify(after)}`)
  }

  #start(broker: Broker): void {
    broker.isUp = true
    broker.life++
    broker.wantShutDown = false
    broker.brokerEpoch = -1
    broker.incarnationId = `incarnation-${++this.#starts}`
    this.#run(broker, HEARTBEAT_MS, () => this.#beat(broker))
    this.#run(broker, ISR_MS, () => this.#reportIsr(broker))
  }

  #end(broker: Broker, isClean: boolean): void {
    broker.cleanEpoch = isClean ? broker.brokerEpoch : -1
    broker.isUp = false
    broker.life++
    // Its connections break, and whoever is active notices.
    const active = this.#active()
    active?.runtime.machine?.brokers.connectionReset(broker.id, this.#sim.nowMs)
    this.#sim.after(this.#random.fraction() * 3000, () => this.#start(broker))
  }

  /** Does something again and again, as long as the broker lives; a failure is tried again sooner. */
  #run(broker: Broker, everyMs: number, act: () => Promise<void>): void {
    const { life } = broker
    const again = (delayMs: number) =>
      this.#sim.after(delayMs, () => {
        if (broker.life !== life || this.#isOver) return
        // Of a controller that ended nothing is heard any more.
        let isDone = false
        const next = (ms: number) => {
          if (!isDone) again(ms)
          isDone = true
        }
        this.#sim.after(2 * everyMs, () => next(0))
        act().then(
          () => next(everyMs),
          error => {
            const isExpected = error instanceof NotLeaderError || error instanceof QuorumBusyError
            if (!isExpected) this.#violate(`broker ${broker.id}: ${String(error)}`)
            next(RETRY_MS)
          },
        )
      })
    again(this.#random.fraction() * everyMs)
  }

  async #beat(broker: Broker): Promise<void> {
    const active = this.#active()
    if (active === null) return
    if (broker.brokerEpoch === -1) return this.#register(broker, active)
    const { life, brokerEpoch } = broker
    const request = {
      brokerId: broker.id,
      brokerEpoch,
      currentMetadataOffset: active.index,
      wantFence: false,
      wantShutDown: broker.wantShutDown,
    }
    const nowMs = this.#sim.nowMs
    const answer = await active.submit((machine, nextOffset) =>
      machine.brokers.heartbeat(request, nowMs, nextOffset),
    )
    if (broker.life !== life) return
    if (answer.error === 'STALE_BROKER_EPOCH' || answer.error === 'BROKER_ID_NOT_REGISTERED')
      this.#violate(`broker ${broker.id}: ${answer.error} while it lives`)
    if (answer.shouldShutDown) this.#end(broker, true)
  }

  async #register(broker: Broker, active: QuorumController): Promise<void> {
    const { life, id, incarnationId } = broker
    const registration = {
      brokerId: id,
      incarnationId,
      endpoints: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
      rack: null,
      directoryIds: ['d'],
      previousBrokerEpoch: broker.cleanEpoch,
    }
    const nowMs = this.#sim.nowMs
    const answer = await active.submit((machine, nextOffset) =>
      machine.brokers.register(registration, nextOffset, nowMs),
    )
    if (answer.error !== 'NONE' || broker.life !== life) return
    broker.brokerEpoch = answer.brokerEpoch
    const owner = this.#epochs.get(answer.brokerEpoch) ?? incarnationId
    if (owner !== incarnationId)
      this.#violate(`broker epoch ${answer.brokerEpoch} was given to two starts`)
    this.#epochs.set(answer.brokerEpoch, incarnationId)
  }

  /** Whoever is up is in sync. */
  async #reportIsr(broker: Broker): Promise<void> {
    const active = this.#active()
    if (active === null || broker.brokerEpoch === -1) return
    const brokerEpoch = (id: number) => active.image.brokers.get(id)?.brokerEpoch ?? -1
    const topics = [...active.image.topics].map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions
        .filter(({ leader, isr, replicas }) => leader === broker.id && isr.length < replicas.length)
        .map(({ partitionIndex, partitionEpoch, leaderEpoch, replicas }) => ({
          partitionIndex,
          partitionEpoch,
          leaderEpoch,
          leaderRecoveryState: 0,
          newIsr: replicas
            .filter(id => active.image.isActive(id))
            .map(id => ({ brokerId: id, brokerEpoch: brokerEpoch(id) })),
        })),
    }))
    const request = {
      brokerId: broker.id,
      brokerEpoch: broker.brokerEpoch,
      topics: topics.filter(topic => topic.partitions.length > 0),
    }
    if (request.topics.length === 0) return
    await active.submit(machine => machine.isr.alterPartition(request))
  }
}
