// Everything that changes a log at once, in orders that a seed decides: no read may see anything but
// what was appended at that offset, nothing may fail, and the next start finds a whole log.

import { SimRandom } from '@weir/core/sim'
import { batchPositions, records } from '@weir/protocol'
import t from 'tap'
import {
  append,
  batch,
  openWorld,
  readAll,
  reopen,
  settle,
  type World,
} from './testing/test-kit.ts'

const SEEDS = Number(process.env['CHAOS_SEEDS'] ?? 8)

const CONFIG = {
  cleanupCompact: true,
  cleanupDelete: true,
  retentionBytes: 6000,
  segmentBytes: 1200,
  indexIntervalBytes: 200,
  minCleanableDirtyRatio: 0,
  fileDeleteDelayMs: 3,
}

class Chaos {
  readonly world: World
  readonly values = new Map<number, string>()
  readonly #random: SimRandom
  reads = 0
  isOver = false

  constructor(world: World, random: SimRandom) {
    this.world = world
    this.#random = random
  }

  async #loop(pauseMs: number, task: () => unknown): Promise<void> {
    while (!this.isOver) {
      await task()
      await this.world.env.clock.sleep(0.1 + this.#random.fraction() * pauseMs)
    }
  }

  async run(): Promise<void> {
    const { log, manager, env } = this.world
    const random = this.#random
    const loops = [
      this.#loop(1, () => this.#append()),
      this.#loop(1, () => this.#read()),
      this.#loop(2, () => this.#read()),
      this.#loop(15, () => manager.runCleaner()),
      this.#loop(20, () => log.applyRetention(env.clock.nowMs())),
      this.#loop(9, () => log.flush()),
      this.#loop(12, () => this.#truncate()),
      this.#loop(10, () => {
        log.updateHighWatermark(
          Math.max(log.highWatermark, Math.min(log.writtenEndOffset, log.logEndOffset)),
        )
      }),
      this.#loop(25, () => {
        const room = log.highWatermark - log.logStartOffset
        const target = log.logStartOffset + random.below(10)
        return room > 40 ? log.advanceLogStartOffset(target) : undefined
      }),
    ]
    await env.clock.sleep(250)
    this.isOver = true
    await Promise.all(loops)
  }

  #append(): void {
    const { log } = this.world
    const count = 1 + this.#random.below(3)
    const keys = Array.from({ length: count }, () => `key ${this.#random.below(9)}`)
    const values = keys.map(
      (key, index) => `${key} ${log.logEndOffset + index} ${this.#random.u32()}`,
    )
    const outcome = append(log, batch({ keys, values, timestamp: this.world.env.clock.nowMs() }))
    // Refused while it is being cut.
    if (outcome.kind !== 'appended') return
    for (const [index, value] of values.entries())
      this.values.set(outcome.baseOffset + index, value)
  }

  async #truncate(): Promise<void> {
    const { log } = this.world
    const span = log.logEndOffset - log.highWatermark
    if (span < 2) return
    await log.truncateTo(log.highWatermark + 1 + this.#random.below(span - 1))
    for (const offset of [...this.values.keys()]) {
      if (offset >= log.logEndOffset) this.values.delete(offset)
    }
  }

  async #read(): Promise<void> {
    const { log } = this.world
    const limitOffset = log.highWatermark
    const span = limitOffset - log.logStartOffset
    if (span <= 0) return
    const fromOffset = log.logStartOffset + this.#random.below(span)
    const maxBytes = 200 + this.#random.below(1500)
    const outcome = await log.read({ fromOffset, maxBytes, limitOffset, minOneBatch: true })
    if (outcome.kind === 'failed') {
      if (outcome.error !== 'OFFSET_OUT_OF_RANGE')
        throw new Error(`${outcome.error}: ${outcome.message}`)
      return
    }
    this.reads++
    for (const chunk of outcome.chunks) {
      for (const at of batchPositions(chunk)) {
        for (const record of records(chunk, at)) {
          const value = record.value?.toString()
          if (this.values.get(record.offset) !== value) {
            throw new Error(
              `offset ${record.offset} holds ${value}, not ${this.values.get(record.offset)}`,
            )
          }
        }
      }
    }
    outcome.release()
  }
}

t.test(
  'appends, reads, cleaning, retention, truncation, log start and flushes at once',
  async t => {
    let reads = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new SimRandom(`chaos ${seed}`)
      const world = await openWorld(CONFIG, {
        seed,
        instantDisk: false,
        manager: {
          tailBudgetBytes: random.below(2) * 8000,
          openFileLimit: 3,
          indexCacheBytes: 200,
          checkpointMs: 7,
        },
      })
      const chaos = new Chaos(world, random)
      try {
        await world.sim.complete(chaos.run())
        reads += chaos.reads
        if (seed % 3 === 0) {
          // A stop in the middle of a cleaning.
          const cleaning = world.manager.runCleaner()
          await world.sim.complete(world.manager.close())
          await world.sim.complete(cleaning)
        } else {
          await settle(world)
          world.sim.kill('one')
        }
        await reopen(world)
        const { seen, damaged } = await readAll(world)
        t.same(damaged, [], `seed ${seed}`)
        for (const { offset, value } of seen) {
          if (chaos.values.get(offset) !== value)
            t.fail(`seed ${seed}: offset ${offset} holds ${value}`)
        }
        const newest = new Map(
          [...chaos.values].map(([offset, value]) => [value.split(' ')[1], offset]),
        )
        const offsets = new Set(seen.map(each => each.offset))
        for (const offset of newest.values()) {
          if (offset >= world.log.logStartOffset && !offsets.has(offset)) {
            t.fail(`seed ${seed}: the newest record of a key, ${offset}, is gone`)
          }
        }
        const errors = world.sim.logs.filter(line => line.level === 'error')
        t.same(errors, [], `seed ${seed}`)
      } catch (error) {
        t.fail(`seed ${seed}: ${String(error)}`)
      }
    }
    t.ok(reads > 500, `${reads} reads`)
  },
)
