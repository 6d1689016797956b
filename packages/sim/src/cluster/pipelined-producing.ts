// An idempotent producer with several requests in flight on one connection a broker, as real clients have
// it: batches of all partitions of a broker share requests, what comes back with an error that passes is
// sent again in order, and epochs are raised where a batch was refused for good, or just so. Now and then
// it sends a copy of something that was acknowledged long ago, as a network might.
//
// Checked here: who leads takes the next batch of a sequence, and knows copies for what they are. All else
// is the record history's.

import { type Cluster, Connection } from '@weir/client'
import { errorMessage } from '@weir/core'
import { SimRandom } from '@weir/core/sim'
import {
  buildRecordBatch,
  type ErrorName,
  errorCodes,
  errorName,
  initProducerIdApi,
  produceApi,
} from '@weir/protocol'
import { checkAcked } from './ack-check.ts'
import { clusterOf, persist } from './clients.ts'
import { CLIENT_PORT, type ClusterWorld, MAX_MESSAGE_BYTES } from './cluster-world.ts'
import { MAX_IN_FLIGHT, type PipelineBatch, PipelinePartition } from './pipeline-partition.ts'
import { partitionKey, type RecordHistory } from './record-history.ts'
import type { TopicPartitionName } from './workload-topics.ts'

const PRODUCE_VERSION = 12
const ACK_TIMEOUT_MS = 1500
const REQUEST_TIMEOUT_MS = 3000
const RETRY_MS = 100
const MAX_OPEN_BATCHES = 20
const MAX_BURST = 8
const MAX_RECORDS = 3
const VALUE_BYTES = 60
const TOO_LARGE_CHANCE = 0.01
const COMPRESSED_CHANCE = 0.2
const NEW_EPOCH_CHANCE = 0.02
const COPY_CHANCE = 0.02

/** A partition and what is under way there. */
interface Lane extends TopicPartitionName {
  readonly key: string
  readonly pipeline: PipelinePartition
}

interface Link {
  readonly brokerId: number
  /** Null while it is opened. */
  connection: Connection | null
  requestCount: number
}

interface Sending {
  readonly lane: Lane
  readonly batch: PipelineBatch
  /** Something that is done already. */
  readonly isCopy: boolean
  /** As the metadata had it when it was sent; null if the broker did not lead then. */
  readonly leaderEpoch: number | null
}

export class PipelinedProducing {
  readonly #world: ClusterWorld
  readonly #history: RecordHistory
  readonly #name: string
  readonly #random: SimRandom
  readonly #cluster: Cluster
  readonly #lanes: readonly Lane[]
  readonly #leaders = new Map<string, number>()
  readonly #links = new Map<number, Link>()
  readonly #asked = new Set<string>()
  #producerId = -1
  #producerEpoch = 0
  #number = 0
  #isOn = true
  /** Acknowledged batches, by partition. */
  readonly ackedIn = new Map<string, number>()

  constructor(
    world: ClusterWorld,
    history: RecordHistory,
    name: string,
    partitions: readonly TopicPartitionName[],
  ) {
    this.#world = world
    this.#history = history
    this.#name = name
    this.#random = new SimRandom(`${name} ${world.options.seed}`)
    this.#cluster = clusterOf(world, name)
    this.#lanes = partitions.map(({ topic, partition }) => ({
      topic,
      partition,
      key: partitionKey(topic, partition),
      pipeline: new PipelinePartition(world.options.retryStyle),
    }))
    void this.#begin()
  }

  stop(): void {
    this.#isOn = false
  }

  get pendingCount(): number {
    return this.#lanes.reduce((sum, { pipeline }) => sum + pipeline.openCount, 0)
  }

  async #begin(): Promise<void> {
    const ask = () =>
      this.#cluster.request('any', initProducerIdApi, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      })
    const answer = await persist(this.#world, this.#name, ask, () => !this.#isOn)
    this.#producerId = answer?.producerId ?? -1
    if (this.#producerId >= 0) this.#next()
  }

  /** A burst of batches for one partition, which may have been idle for long. */
  #next(): void {
    if (!this.#isOn) return
    const random = this.#random
    const lane = this.#lanes[random.below(this.#lanes.length)]
    if (random.chance(NEW_EPOCH_CHANCE)) this.#raiseEpoch('just so')
    for (let count = 1 + random.below(MAX_BURST); count > 0; count--)
      if (lane !== undefined && lane.pipeline.openCount < MAX_OPEN_BATCHES) this.#add(lane)
    this.#pump()
    const waitMs = random.fraction() * MAX_BURST * this.#world.options.recordEveryMs
    this.#world.sim.after(waitMs, () => this.#next())
  }

  #add({ key, pipeline }: Lane): void {
    const isTooLarge = this.#random.chance(TOO_LARGE_CHANCE)
    const count = isTooLarge ? 1 : 1 + this.#random.below(MAX_RECORDS)
    const values = Array.from({ length: count }, () => `${this.#name}-${++this.#number}`)
    for (const value of values) this.#history.sent(value, key, 'ordered')
    pipeline.add({
      values,
      timestamp: this.#world.sim.env(this.#name).clock.nowMs(),
      isCompressed: !isTooLarge && this.#random.chance(COMPRESSED_CHANCE),
      isTooLarge,
      createdMs: this.#world.nowMs,
    })
  }

  #raiseEpoch(why: string): void {
    this.#producerEpoch++
    this.#world.note(`${this.#name} goes on in epoch ${this.#producerEpoch}: ${why}`)
  }

  /** Sends all that may be sent now: a request to each broker, then the next one. */
  #pump(): void {
    for (let requests = this.#collect(); requests.size > 0; requests = this.#collect())
      for (const [link, sendings] of requests) this.#send(link, sendings)
  }

  #collect(): Map<Link, Sending[]> {
    const requests = new Map<Link, Sending[]>()
    for (const lane of this.#lanes) {
      if (lane.pipeline.openCount === 0) continue
      const link = this.#linkOf(lane)
      if (link === null || link.requestCount >= MAX_IN_FLIGHT) continue
      if (lane.pipeline.needsEpoch(this.#producerEpoch)) this.#raiseEpoch(`a gap in ${lane.key}`)
      const batch = lane.pipeline.take(this.#world.nowMs, this.#producerEpoch)
      if (batch === null) continue
      const leaderEpoch = this.#epochOf(lane, link.brokerId)
      requests.set(link, [
        ...(requests.get(link) ?? []),
        { lane, batch, isCopy: false, leaderEpoch },
      ])
    }
    return requests
  }

  /** Null: there is none yet, and what is needed for it is under way. */
  #linkOf({ topic, key }: Lane): Link | null {
    const leader = this.#leaders.get(key)
    if (leader === undefined) {
      this.#askWhoLeads(topic)
      return null
    }
    const known = this.#links.get(leader)
    if (known === undefined) this.#open(leader)
    return known?.connection === null ? null : (known ?? null)
  }

  #askWhoLeads(topic: string): void {
    if (this.#asked.has(topic)) return
    this.#asked.add(topic)
    this.#cluster.forgetTopic(topic)
    this.#cluster.topic(topic).then(
      ({ partitions }) => {
        for (const { partitionIndex, leaderId } of partitions)
          if (leaderId >= 0) this.#leaders.set(partitionKey(topic, partitionIndex), leaderId)
        this.#later(() => this.#asked.delete(topic))
        this.#pump()
      },
      (error: unknown) => {
        this.#world.note(`${this.#name}: ${topic}: ${errorMessage(error)}`)
        this.#later(() => this.#asked.delete(topic))
      },
    )
  }

  #open(brokerId: number): void {
    const link: Link = { brokerId, connection: null, requestCount: 0 }
    this.#links.set(brokerId, link)
    const host = this.#world.machines.find(({ id }) => id === brokerId)?.name ?? ''
    Connection.open(
      this.#world.sim.env(this.#name),
      { host, port: CLIENT_PORT },
      { clientId: this.#name, connectTimeoutMs: 500, requestTimeoutMs: REQUEST_TIMEOUT_MS },
    ).then(
      connection => {
        link.connection = connection
        this.#pump()
      },
      () => {
        // Somebody else may lead by now.
        for (const [key, leader] of this.#leaders)
          if (leader === brokerId) this.#leaders.delete(key)
        this.#later(() => this.#links.delete(brokerId))
      },
    )
  }

  #later(act: () => void): void {
    this.#world.sim.after(RETRY_MS, () => {
      act()
      this.#pump()
    })
  }

  #send(link: Link, sendings: readonly Sending[]): void {
    this.#request(link, sendings)
    const { lane } = sendings[this.#random.below(sendings.length)] ?? {}
    if (lane === undefined || !this.#random.chance(COPY_CHANCE)) return
    const batch = lane.pipeline.done[this.#random.below(lane.pipeline.done.length)]
    if (batch === undefined) return
    this.#request(link, [{ lane, batch, isCopy: true, leaderEpoch: null }])
  }

  #request(link: Link, sendings: readonly Sending[]): void {
    if (link.connection === null) return
    link.requestCount++
    const topics = new Set(sendings.map(({ lane }) => lane.topic))
    const body = {
      acks: -1,
      timeoutMs: ACK_TIMEOUT_MS,
      topicData: [...topics].map(name => ({
        name,
        partitionData: sendings
          .filter(({ lane }) => lane.topic === name)
          .map(({ lane, batch }) => ({ index: lane.partition, records: this.#encode(batch) })),
      })),
    }
    link.connection.requestAt(produceApi, PRODUCE_VERSION, body).then(
      ({ responses }) => {
        link.requestCount--
        for (const sending of sendings) {
          const { topic, partition } = sending.lane
          const outcome = responses
            .find(({ name }) => name === topic)
            ?.partitionResponses.find(({ index }) => index === partition)
          if (outcome === undefined) throw new Error(`no answer for ${sending.lane.key}`)
          this.#onOutcome(sending, link.brokerId, outcome)
        }
        this.#pump()
      },
      (error: unknown) => {
        if (this.#links.get(link.brokerId) === link) this.#links.delete(link.brokerId)
        for (const sending of sendings) this.#onReturn(sending, errorMessage(error), true)
      },
    )
  }

  #encode({ values, timestamp, ...batch }: PipelineBatch): Buffer {
    const bytes = batch.isTooLarge ? MAX_MESSAGE_BYTES + 1000 : VALUE_BYTES
    const records = values.map(value => ({ key: null, value: value.padEnd(bytes), timestamp }))
    return buildRecordBatch(records, {
      codec: batch.isCompressed ? 'gzip' : 'none',
      producerId: this.#producerId,
      producerEpoch: batch.producerEpoch,
      baseSequence: batch.baseSequence ?? 0,
    })
  }

  #onOutcome(
    sending: Sending,
    brokerId: number,
    outcome: { readonly errorCode: number; readonly baseOffset: number },
  ): void {
    const error = errorName(outcome.errorCode)
    const { lane, batch, leaderEpoch } = sending
    if (sending.isCopy) this.#onCopy(sending, error, outcome.baseOffset)
    else if (error === 'NONE') this.#onAcked(lane, batch, outcome.baseOffset)
    else if (error === 'MESSAGE_TOO_LARGE' && batch.isTooLarge) {
      for (const value of batch.values) this.#history.failed(value)
      lane.pipeline.onRefusal(batch)
    } else {
      const isPassing = errorCodes[error].retriable || error === 'INVALID_TIMESTAMP'
      // Who leads no more misses what others took since; who is behind another batch waits for it.
      const isExpected =
        error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' &&
        !(lane.pipeline.isNext(batch) && this.#hasLedSince(lane, brokerId, leaderEpoch))
      if (!isPassing && !isExpected)
        this.#world.fail(`${batch.values[0]} in ${lane.key}: ${error} of broker ${brokerId}`)
      this.#onReturn(sending, error, errorCodes[error].refreshMetadata || isExpected)
    }
  }

  #onAcked(lane: Lane, batch: PipelineBatch, baseOffset: number): void {
    lane.pipeline.onSuccess(batch, baseOffset)
    this.ackedIn.set(lane.key, (this.ackedIn.get(lane.key) ?? 0) + 1)
    batch.values.forEach((value, index) => {
      const offset = baseOffset + index
      this.#history.acked(value, offset, true)
      const { topic, partition } = lane
      checkAcked(this.#world, { value, topic, partition, offset, sentMs: batch.createdMs })
    })
  }

  /** It is there already: either that is known, with its place, or it is not taken. */
  #onCopy({ lane, batch }: Sending, error: ErrorName, baseOffset: number): void {
    this.#world.note(`a copy of ${batch.values[0]} in ${lane.key}: ${error} ${baseOffset}`)
    if (error === 'NONE' && baseOffset !== batch.baseOffset)
      this.#world.fail(
        `a copy of ${batch.values[0]} is acknowledged at ${lane.key}/${baseOffset}; ` +
          `it is at ${batch.baseOffset}`,
      )
  }

  #onReturn({ lane, batch, isCopy }: Sending, why: string, isElsewhere: boolean): void {
    if (isCopy) return
    this.#world.note(`${batch.values[0]} in ${lane.key} comes back: ${why}`)
    lane.pipeline.onReturn(batch, this.#world.nowMs + RETRY_MS)
    if (isElsewhere) this.#leaders.delete(lane.key)
    this.#later(() => {})
  }

  #epochOf({ topic, partition }: Lane, brokerId: number): number | null {
    const image = this.#world.metadata()?.topic(topic)?.partitions[partition]
    return image?.leader === brokerId ? image.leaderEpoch : null
  }

  #hasLedSince(lane: Lane, brokerId: number, leaderEpoch: number | null): boolean {
    return leaderEpoch !== null && this.#epochOf(lane, brokerId) === leaderEpoch
  }
}
