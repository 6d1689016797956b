// Producers: idempotent ones that wait for all replicas, and careless ones that wait for the leader.

import { Producer, type ProducerOptions } from '@weir/client'
import { errorMessage } from '@weir/core'
import { type ErrorName, KafkaError } from '@weir/protocol'
import { checkAcked } from './ack-check.ts'
import { clusterOf } from './clients.ts'
import { type ClusterWorld, MAX_MESSAGE_BYTES } from './cluster-world.ts'
import { partitionKey, type RecordHistory } from './record-history.ts'
import { TEMPORARY_TOPIC, type TopicPartitionName } from './workload-topics.ts'

/** A record that no partition takes, now and then: it must not be there. */
const TOO_LARGE_BYTES = MAX_MESSAGE_BYTES + 1000
const TOO_LARGE_CHANCE = 0.005
const VALUE_BYTES = 60

/** Of the record itself: its size, or its time where clocks have jumped far apart. */
/** Whatever became of earlier attempts: such a record is not there. */
const FINAL_REFUSALS: ReadonlySet<ErrorName> = new Set(['MESSAGE_TOO_LARGE'])
/** Clocks jump; a batch that is there may be refused when it comes again, as by Kafka. */
const PASSING_REFUSALS: ReadonlySet<ErrorName> = new Set(['INVALID_TIMESTAMP'])

export interface ProducingOptions {
  readonly name: string
  readonly partitions: readonly TopicPartitionName[]
  readonly acks: -1 | 1
}

export class Producing {
  readonly #world: ClusterWorld
  readonly #history: RecordHistory
  readonly #options: ProducingOptions
  readonly #producer: Producer
  #number = 0
  #isOn = true
  pendingCount = 0
  /** Acknowledged, by partition. */
  readonly ackedIn = new Map<string, number>()

  constructor(world: ClusterWorld, history: RecordHistory, options: ProducingOptions) {
    this.#world = world
    this.#history = history
    this.#options = options
    const producerOptions: ProducerOptions = {
      acks: options.acks,
      lingerMs: world.options.lingerMs,
      ackTimeoutMs: 1500,
      deliveryTimeoutMs: 60_000,
    }
    this.#producer = new Producer(clusterOf(world, options.name), producerOptions)
    this.#next()
  }

  stop(): void {
    this.#isOn = false
  }

  get #isPatient(): boolean {
    const { acks, partitions } = this.#options
    return acks === -1 && partitions.every(({ topic }) => topic !== TEMPORARY_TOPIC.name)
  }

  #next(): void {
    if (!this.#isOn) return
    const { random, sim, options } = this.#world
    const { partitions } = this.#options
    const target = partitions[random.below(partitions.length)]
    if (target !== undefined) this.send(target, random.chance(TOO_LARGE_CHANCE))
    sim.after(random.fraction() * 2 * options.recordEveryMs, () => this.#next())
  }

  send({ topic, partition }: TopicPartitionName, isTooLarge = false): void {
    const { name, acks } = this.#options
    const value = `${name}-${++this.#number}`
    const key = partitionKey(topic, partition)
    this.#history.sent(value, key, acks === -1 ? 'ordered' : 'again')
    this.pendingCount++
    const sentMs = this.#world.nowMs
    const wasInDoubt = this.#world.hasDeposedLeader(topic)
    const bytes = isTooLarge ? TOO_LARGE_BYTES : VALUE_BYTES
    this.#producer.send({ topic, partition, key: null, value: value.padEnd(bytes) }).then(
      ({ offset }) => {
        this.pendingCount--
        this.#history.acked(value, offset, acks === -1)
        if (acks === -1 && topic !== TEMPORARY_TOPIC.name)
          checkAcked(this.#world, { value, topic, partition, offset, sentMs })
        this.ackedIn.set(key, (this.ackedIn.get(key) ?? 0) + 1)
      },
      (error: unknown) => {
        this.pendingCount--
        this.#onFailure(value, error, wasInDoubt || this.#world.hasDeposedLeader(topic))
      },
    )
  }

  /** Mostly it is not known whether the record is there. */
  #onFailure(value: string, error: unknown, isInDoubt: boolean): void {
    this.#world.note(`${value} is given up: ${errorMessage(error)}`)
    if (!(error instanceof KafkaError)) return
    const { errorName } = error
    // Who does not know that others lead misses what these took of the producer: unknown, as with Kafka.
    if (errorName === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && isInDoubt) return
    if (PASSING_REFUSALS.has(errorName)) return
    if (FINAL_REFUSALS.has(errorName)) this.#history.failed(value)
    // All else passes for who is patient.
    else if (this.#isPatient) this.#world.fail(`${value} is given up: ${error.message}`)
    else if (errorName === 'UNKNOWN_SERVER_ERROR') this.#world.fail(`${value}: ${error.message}`)
  }
}
