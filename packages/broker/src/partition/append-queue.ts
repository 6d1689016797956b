// Batches of one partition whose validation went to a worker or has to wait for a turn of its own, and
// those that came after them: they are appended in the order in which they came, or an idempotent
// producer would see gaps.
//
// What is decompressed in one turn is bounded over all partitions: 30 batches of 100 KB take 30 ms.
// Bounded by what connections may have in flight (docs/traps.md H3).

import { AssertionError, type Env } from '@weir/core'
import {
  batchAttributes,
  codecOf,
  RECORD_BATCH_HEADER_BYTES,
  type ValidationOutcome,
  validateProducedRecords,
} from '@weir/protocol'
import type { Partition } from './partition.ts'
import type { TurnBudget } from './turn-budget.ts'
import { validationJob } from './validation-job.ts'

export function isCompressed(records: Buffer): boolean {
  if (records.length < RECORD_BATCH_HEADER_BYTES) return false
  return codecOf(batchAttributes(records, 0)) !== 'none'
}

/** What a compressed byte counts for, next to one that is only looked at. */
const COMPRESSED_COST = 2

/** Of the share of a turn. */
export function validationCost(records: Buffer): number {
  return isCompressed(records) ? COMPRESSED_COST * records.length : records.length
}

/** Who produced the batch. */
export interface Producer {
  /** Called once for each slot. */
  onValidated(slot: number, partition: Partition, outcome: ValidationOutcome): void
  onValidationFailed(slot: number, error: Error): void
}

interface QueuedBatch {
  readonly records: Buffer
  readonly producer: Producer
  readonly slot: number
}

export class AppendQueue {
  readonly #env: Env
  readonly #partition: Partition
  readonly #turns: TurnBudget
  readonly #queue: QueuedBatch[] = []
  #isRunning = false

  constructor(env: Env, partition: Partition, turns: TurnBudget) {
    this.#env = env
    this.#partition = partition
    this.#turns = turns
  }

  get isBusy(): boolean {
    return this.#isRunning
  }

  add(records: Buffer, producer: Producer, slot: number): void {
    this.#queue.push({ records, producer, slot })
    if (this.#isRunning) return
    this.#isRunning = true
    this.#env.log.background(this.#run(), `validation for ${this.#partition.topic}`)
  }

  async #run(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const turn = this.#turns.take(validationCost(next.records))
      if (turn !== null) await turn
      await this.#validate(next)
    }
    this.#isRunning = false
  }

  async #validate({ records, producer, slot }: QueuedBatch): Promise<void> {
    let outcome: ValidationOutcome
    try {
      const nowMs = this.#env.clock.nowMs()
      outcome = validateProducedRecords(records, this.#partition.validation, nowMs)
      if (outcome.kind === 'deferred') outcome = await this.#validateInWorker(records, nowMs)
    } catch (error) {
      producer.onValidationFailed(slot, error as Error)
      return
    }
    try {
      producer.onValidated(slot, this.#partition, outcome)
    } catch (error) {
      if (error instanceof AssertionError) throw error
      // The fault of one request: those behind it go on.
      this.#env.log.error('a produced batch could not be answered', { error })
    }
  }

  async #validateInWorker(records: Buffer, nowMs: number): Promise<ValidationOutcome> {
    // Records in memory of their own go there and come back. Of others a copy: a slice would drag its
    // whole frame along.
    const isAlone = records.length === records.buffer.byteLength
    const bytes = isAlone ? records : new Uint8Array(records)
    const input = { bytes, options: this.#partition.validation, nowMs }
    const outcome = await this.#env.workers.run(validationJob, input, [bytes.buffer as ArrayBuffer])
    if (outcome.kind !== 'valid') return outcome
    const { buffer, byteOffset, byteLength } = outcome.records
    return { ...outcome, records: Buffer.from(buffer, byteOffset, byteLength) }
  }
}
