// The whole store against a simple model: a list of batches in memory.

import { SimRandom } from '@weir/core/sim'
import t from 'tap'
import {
  append,
  batch,
  openWorld,
  readAll,
  reopen,
  START_MS,
  settle,
  type World,
} from './testing/test-kit.ts'

interface ModelRecord {
  readonly offset: number
  readonly value: string
  readonly timestamp: number
}

interface ModelBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  readonly records: readonly ModelRecord[]
}

class Model {
  batches: ModelBatch[] = []
  startOffset = 0
  epochs: [number, number][] = []

  get endOffset(): number {
    const last = this.batches.at(-1)
    return last === undefined ? this.startOffset : last.lastOffset + 1
  }

  records(from: number): ModelRecord[] {
    const all = this.batches.flatMap(each => each.records)
    return all.filter(each => each.offset >= Math.max(from, this.startOffset))
  }

  truncate(offset: number): void {
    this.batches = this.batches.filter(each => each.lastOffset < offset)
    this.epochs = this.epochs.filter(([, start]) => start < this.endOffset)
  }
}

class Run {
  readonly world: World
  readonly model = new Model()
  readonly #random: SimRandom
  #epoch = 1
  #step = 0

  constructor(world: World, random: SimRandom) {
    this.world = world
    this.#random = random
  }

  async step(): Promise<void> {
    this.#step++
    const dice = this.#random.below(100)
    if (dice < 55) this.#append()
    else if (dice < 60) await settle(this.world)
    else if (dice < 75) await this.#read()
    else if (dice < 80) await this.#timestamps()
    else if (dice < 85) await this.#truncate()
    else if (dice < 90) await this.#advanceStart()
    else if (dice < 93) this.#epoch++
    else if (dice < 96) await this.#restart()
    else this.#checkEpochs()
  }

  #append(): void {
    const random = this.#random
    const count = 1 + random.below(4)
    const values = Array.from(
      { length: count },
      (_, i) => `${this.#step}.${i} ${'z'.repeat(random.below(90))}`,
    )
    const timestamps = values.map(() => START_MS + this.#step * 5 - random.below(60))
    const outcome = append(this.world.log, batch({ values, timestamps }), {
      leaderEpoch: this.#epoch,
    })
    if (outcome.kind !== 'appended') throw new Error(JSON.stringify(outcome))
    const { model } = this
    if (outcome.baseOffset !== model.endOffset) throw new Error(`base offset ${outcome.baseOffset}`)
    if ((model.epochs.at(-1)?.[0] ?? -1) < this.#epoch) {
      model.epochs.push([this.#epoch, outcome.baseOffset])
    }
    model.batches.push({
      baseOffset: outcome.baseOffset,
      lastOffset: outcome.lastOffset,
      epoch: this.#epoch,
      records: values.map((value, index) => ({
        offset: outcome.baseOffset + index,
        value,
        timestamp: timestamps[index]!,
      })),
    })
  }

  async #read(): Promise<void> {
    const { world, model } = this
    const span = model.endOffset - model.startOffset
    if (span === 0) return
    const from = model.startOffset + this.#random.below(span)
    const { seen, damaged } = await readAll(world, from, 1 + this.#random.below(3000))
    const expected = model.records(from).map(({ offset, value }) => ({ offset, value }))
    if (JSON.stringify(seen) !== JSON.stringify(expected) || damaged.length > 0) {
      throw new Error(`read from ${from} differs`)
    }
  }

  async #timestamps(): Promise<void> {
    const { world, model } = this
    const timestamp = START_MS + this.#random.below(this.#step * 5 + 50) - 30
    const expected = model.records(0).find(each => each.timestamp >= timestamp) ?? null
    const found = await world.sim.complete(world.log.offsetForTimestamp(timestamp))
    if (found?.offset !== expected?.offset || found?.timestamp !== expected?.timestamp) {
      throw new Error(`timestamp ${timestamp}: ${found?.offset} instead of ${expected?.offset}`)
    }
    const largest = model.records(0).reduce((max, each) => Math.max(max, each.timestamp), -1)
    const newest = await world.sim.complete(world.log.offsetOfMaxTimestamp())
    // A part of the batch with the largest one may lie below the start.
    if (newest !== null && newest.timestamp > largest && model.startOffset === 0) {
      throw new Error(`largest timestamp ${newest.timestamp} instead of ${largest}`)
    }
  }

  async #truncate(): Promise<void> {
    const { world, model } = this
    const { log } = world
    const span = log.logEndOffset - log.highWatermark
    if (span === 0 || this.#random.below(3) > 0) return
    const target = log.highWatermark + 1 + this.#random.below(span)
    await world.sim.complete(log.truncateTo(target))
    model.truncate(target)
    if (log.logEndOffset !== model.endOffset) {
      throw new Error(`cut to ${target}: ends at ${log.logEndOffset} instead of ${model.endOffset}`)
    }
  }

  async #advanceStart(): Promise<void> {
    const { world, model } = this
    await settle(world)
    if (this.#random.below(2) === 0) world.log.updateHighWatermark(world.log.writtenEndOffset)
    const span = world.log.highWatermark - model.startOffset
    if (span <= 0 || this.#random.below(3) > 0) return
    const target = model.startOffset + this.#random.below(span)
    await world.sim.complete(world.log.advanceLogStartOffset(target))
    model.startOffset = Math.max(model.startOffset, target)
    if (world.log.logStartOffset !== model.startOffset) throw new Error('log start')
  }

  async #restart(): Promise<void> {
    const { world } = this
    await settle(world)
    if (this.#random.below(2) === 0) {
      await world.sim.complete(world.manager.close())
    } else {
      world.sim.kill('one')
    }
    await reopen(world)
    if (world.log.logEndOffset !== this.model.endOffset) {
      throw new Error(`after a start: ${world.log.logEndOffset} instead of ${this.model.endOffset}`)
    }
  }

  #checkEpochs(): void {
    const { world, model } = this
    for (const { offset } of model.records(0)) {
      const expected = model.epochs.filter(([, start]) => start <= offset).at(-1)?.[0]
      if (world.log.epochForOffset(offset) !== expected) {
        throw new Error(
          `epoch of ${offset}: ${world.log.epochForOffset(offset)} instead of ${expected}`,
        )
      }
    }
  }
}

t.test('append, read, truncate, start, restart and search agree with the model', async t => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = new SimRandom(`store ${seed}`)
    const world = await openWorld(
      {
        segmentBytes: 900 + random.below(3000),
        indexIntervalBytes: 1 + random.below(400),
        fileDeleteDelayMs: 5,
      },
      {
        manager: {
          tailBudgetBytes: random.below(2) === 0 ? 5000 : 1 << 20,
          openFileLimit: 3,
          indexCacheBytes: 300,
        },
      },
    )
    const run = new Run(world, random)
    for (let step = 0; step < 150; step++) {
      try {
        await run.step()
      } catch (error) {
        t.fail(`seed ${seed}, step ${step}: ${String(error)}`)
        break
      }
    }
  }
  t.pass()
})
