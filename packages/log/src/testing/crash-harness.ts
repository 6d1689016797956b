// A scripted life of a log with power failures in it, and the check of what is there afterwards: what
// was synced is all there, what is there was appended, damage is only what was not synced.
//
// Used by the tests (some crash points) and by scripts/crash-points.mjs (all of them).

import { SimRandom } from '@weir/core/sim'
import type { LogConfig } from '../log-types.ts'
import { append, batch, openWorld, readAll, reopen, type World } from './test-kit.ts'

/** What may be read at each offset, and what must. */
class Model {
  readonly values = new Map<number, string>()
  startOffset = 0
  /** Below it everything has to be there after a crash. */
  durableEndOffset = 0
  /** A truncation is under way: what is above may be there or not. */
  pendingTruncation: number | null = null
  /** Batches by producer: first sequence, offset. */
  readonly lastBatches = new Map<number, { sequence: number; offset: number }[]>()
}

export interface CrashRun {
  readonly seed: number
  /** Events after which the power fails; Infinity: never. */
  readonly crashAtEvent: number
  readonly steps: number
  readonly config?: Partial<LogConfig>
}

export interface CrashResult {
  readonly events: number
  readonly hasCrashed: boolean
  readonly appended: number
  readonly hadTornTail: boolean
  readonly hadDamage: boolean
}

/** Throws an Error that says what is wrong after the crash, with the seed and the event. */
export async function runCrash(run: CrashRun): Promise<CrashResult> {
  const random = new SimRandom(`crash ${run.seed}`)
  const world = await openWorld(
    { segmentBytes: 3200, indexIntervalBytes: 200, fileDeleteDelayMs: 10, ...run.config },
    { seed: run.seed, instantDisk: false, manager: { checkpointMs: 40 } },
  )
  const model = new Model()
  let isDone = false
  const life = drive(world, model, random, run.steps).then(() => {
    isDone = true
  })
  const limit = run.crashAtEvent
  await world.sim.run(() => isDone || world.sim.eventCount >= limit, 3_600_000)
  const hasCrashed = !isDone
  if (isDone) await life
  noteDurable(world, model)
  const { eventCount } = world.sim
  world.sim.crash('one')
  await reopen(world)
  const { seen, damaged } = await readAll(world)
  check(run, world, model, seen, damaged)
  await checkProducers(run, world, model)
  // The next life goes on and stops cleanly, and all of it is there once more.
  append(world.log, batch({ values: ['after the crash'] }), { leaderEpoch: 1_000 })
  await world.sim.complete(world.manager.close())
  await reopen(world)
  const again = await readAll(world)
  if (again.seen.at(-1)?.value !== 'after the crash')
    fail(run, 'the record after the crash is gone')
  if (JSON.stringify(again.seen.slice(0, -1)) !== JSON.stringify(seen)) {
    fail(run, 'the log changed over a clean stop')
  }
  if (JSON.stringify(again.damaged) !== JSON.stringify(damaged)) fail(run, 'damage changed')
  const hadTornTail = world.sim.logs.some(line => line.message.includes('torn tail'))
  return {
    events: eventCount,
    hasCrashed,
    appended: model.values.size,
    hadTornTail,
    hadDamage: damaged.length > 0,
  }
}

function noteDurable(world: World, model: Model): void {
  const synced = world.log.syncedEndOffset
  model.durableEndOffset =
    model.pendingTruncation === null ? synced : Math.min(synced, model.pendingTruncation)
}

async function drive(world: World, model: Model, random: SimRandom, steps: number): Promise<void> {
  const { log } = world
  const { clock } = world.env
  const sequences = new Map<number, number>()
  for (let step = 0; step < steps; step++) {
    const dice = random.below(100)
    if (dice < 70) {
      appendSome(world, model, random, { step, sequences })
    } else if (dice < 80) {
      await log.flush()
    } else if (dice < 84 && log.writtenEndOffset > 0) {
      log.updateHighWatermark(Math.min(log.writtenEndOffset, log.logEndOffset))
    } else if (dice < 87) {
      const target = log.highWatermark - random.below(3)
      if (target > log.logStartOffset) {
        await log.advanceLogStartOffset(target)
        model.startOffset = target
      }
    } else if (dice < 91 && log.logEndOffset > log.highWatermark) {
      await truncate(world, model, random, sequences)
    } else await clock.sleep(random.below(30))
    if (random.below(3) === 0) await clock.sleep(1)
  }
}

function appendSome(
  world: World,
  model: Model,
  random: SimRandom,
  at: { readonly step: number; readonly sequences: Map<number, number> },
): void {
  const count = 1 + random.below(4)
  const producerId = random.below(3) === 0 ? -1 : 1 + random.below(2)
  const values = Array.from(
    { length: count },
    (_, index) =>
      `${at.step}.${index}.${'x'.repeat(random.below(random.below(10) === 0 ? 700 : 60))}`,
  )
  const sequence = at.sequences.get(producerId) ?? 0
  const records =
    producerId < 0
      ? batch({ values })
      : batch({ values, producerId, producerEpoch: 0, baseSequence: sequence })
  const outcome = append(world.log, records, { leaderEpoch: Math.floor(at.step / 20) })
  if (outcome.kind !== 'appended') throw new Error(JSON.stringify(outcome))
  for (const [index, value] of values.entries()) model.values.set(outcome.baseOffset + index, value)
  if (producerId < 0) return
  at.sequences.set(producerId, sequence + count)
  const last = model.lastBatches.get(producerId) ?? []
  last.push({ sequence, offset: outcome.baseOffset })
  model.lastBatches.set(producerId, last)
}

async function truncate(
  world: World,
  model: Model,
  random: SimRandom,
  sequences: Map<number, number>,
): Promise<void> {
  const { log } = world
  const span = log.logEndOffset - log.highWatermark
  const target = log.highWatermark + random.below(span)
  model.pendingTruncation = target
  await log.truncateTo(target)
  for (const offset of [...model.values.keys()]) {
    if (offset >= log.logEndOffset) model.values.delete(offset)
  }
  model.pendingTruncation = null
  for (const [producerId, batches] of model.lastBatches) {
    const left = batches.filter(each => each.offset < log.logEndOffset)
    const dropped = batches.find(each => each.offset >= log.logEndOffset)
    if (dropped !== undefined) sequences.set(producerId, dropped.sequence)
    model.lastBatches.set(producerId, left)
  }
}

function check(
  run: CrashRun,
  world: World,
  model: Model,
  seen: readonly { offset: number; value: string | null }[],
  damaged: readonly number[],
): void {
  const { log } = world
  for (const { offset, value } of seen) {
    const expected = model.values.get(offset)
    if (expected !== value) fail(run, `offset ${offset} holds ${value}, not ${expected}`)
  }
  const offsets = new Set(seen.map(each => each.offset))
  for (let offset = log.logStartOffset; offset < model.durableEndOffset; offset++) {
    if (!offsets.has(offset)) fail(run, `offset ${offset} was synced and is not there`)
  }
  const lowestDamage = Math.min(...damaged)
  if (lowestDamage < model.durableEndOffset)
    fail(run, `offset ${lowestDamage} was synced, now damaged`)
  if (log.logEndOffset < model.durableEndOffset) fail(run, 'the log ends below what was synced')
  if (log.logStartOffset < model.startOffset) {
    fail(run, `the log starts at ${log.logStartOffset}, ${model.startOffset} was confirmed`)
  }
}

/** A retry of a producer's last batch that survived is known as a duplicate, at its offset. */
async function checkProducers(run: CrashRun, world: World, model: Model): Promise<void> {
  const { log } = world
  if (log.damagedRanges().length > 0) return
  for (const [producerId, batches] of model.lastBatches) {
    const last = batches.filter(each => each.offset < log.logEndOffset).at(-1)
    if (last === undefined || last.offset < log.logStartOffset) continue
    const count = countFrom(model, batches, last)
    const values = Array.from({ length: count }, () => 'again')
    const records = batch({ values, producerId, producerEpoch: 0, baseSequence: last.sequence })
    const outcome = append(log, records, { leaderEpoch: 1_000 })
    if (outcome.kind !== 'duplicate' || outcome.baseOffset !== last.offset) {
      fail(
        run,
        `producer ${producerId}: the retry of ${last.sequence} gives ${JSON.stringify(outcome)}`,
      )
    }
  }
}

/** How many records the batch has: up to the first value of the next step. */
function countFrom(
  model: Model,
  _batches: readonly { sequence: number; offset: number }[],
  last: { readonly sequence: number; readonly offset: number },
): number {
  const step = model.values.get(last.offset)?.split('.')[0]
  let count = 0
  while (model.values.get(last.offset + count)?.split('.')[0] === step) count++
  return count
}

function fail(run: CrashRun, what: string): never {
  throw new Error(`seed ${run.seed}, crash at event ${run.crashAtEvent}: ${what}`)
}
