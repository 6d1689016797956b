// A log with every kind of file, damaged in one place, opened again: what is served is what was
// appended, or an error; never something else, and the start itself never fails.
//
// Used by damage.test.ts (a sample) and scripts/damage.mjs (every bit and every truncation).

import { SimRandom, type Simulation, Simulation as World_ } from '@weir/core/sim'
import { LogManager } from '../log-manager.ts'
import {
  append,
  batch,
  config,
  DATA,
  marker,
  openWorld,
  readAll,
  START_MS,
  settle,
  TOPIC,
  TOPIC_ID,
  type World,
} from './test-kit.ts'

const CONFIG = {
  segmentBytes: 2500,
  indexIntervalBytes: 200,
  fileDeleteDelayMs: 5,
  // Old timestamps are part of the test.
  retentionMs: Number.POSITIVE_INFINITY,
}

export interface DamageSetup {
  readonly files: ReadonlyMap<string, Buffer>
  readonly values: ReadonlyMap<number, string>
  readonly timestamps: readonly { readonly offset: number; readonly timestamp: number }[]
  /** First sequence and offset of the last batch of the producer that has no transactions. */
  readonly lastBatch: { readonly sequence: number; readonly offset: number; readonly count: number }
  readonly aborted: readonly { readonly producerId: number; readonly firstOffset: number }[]
  readonly endOffset: number
  readonly syncedEndOffset: number
  readonly isClean: boolean
}

/** `bytes` of log at least, with producers, transactions, two epochs. */
export async function damageSetup(isClean: boolean, bytes: number): Promise<DamageSetup> {
  const random = new SimRandom('damage')
  const world = await openWorld({
    ...CONFIG,
    segmentBytes: Math.max(CONFIG.segmentBytes, bytes / 4),
  })
  const values = new Map<number, string>()
  const timestamps: { offset: number; timestamp: number }[] = []
  let sequence = 0
  let lastBatch = { sequence: 0, offset: 0, count: 0 }
  let transactionSequence = 0
  const { log } = world
  for (let index = 0; log.sizeInBytes < bytes; index++) {
    const count = 1 + random.below(3)
    const contents = Array.from({ length: count }, () => `${index} ${'y'.repeat(random.below(40))}`)
    const times = contents.map(() => START_MS + index * 10 - random.below(30))
    const leaderEpoch = log.sizeInBytes < bytes / 2 ? 3 : 5
    const common = { values: contents, timestamps: times }
    const kind = random.below(3)
    let records = batch(common)
    if (kind === 1)
      records = batch({ ...common, producerId: 7, producerEpoch: 1, baseSequence: sequence })
    if (kind === 2) {
      records = batch({
        ...common,
        producerId: 8,
        producerEpoch: 0,
        baseSequence: transactionSequence,
        isTransactional: true,
      })
    }
    const outcome = append(log, records, { leaderEpoch })
    if (outcome.kind !== 'appended') throw new Error(JSON.stringify(outcome))
    for (const [at, value] of contents.entries()) {
      values.set(outcome.baseOffset + at, value)
      timestamps.push({ offset: outcome.baseOffset + at, timestamp: times[at] ?? 0 })
    }
    if (kind === 1) {
      lastBatch = { sequence, offset: outcome.baseOffset, count }
      sequence += count
    }
    if (kind === 2) transactionSequence += count
    if (index % 9 === 8) {
      const end = {
        kind: index % 2 === 0 ? 'abort' : 'commit',
        producerId: 8,
        producerEpoch: 0,
      } as const
      append(log, marker(end), { origin: 'coordinator', leaderEpoch })
    }
    if (index % 4 === 0) await settle(world)
  }
  await settle(world)
  await world.sim.run({ forMs: 6000 })
  log.updateHighWatermark(log.logEndOffset)
  const aborted = await abortedOf(world)
  const { logEndOffset, syncedEndOffset } = log
  if (isClean) await world.sim.complete(world.manager.close())
  const disk = world.sim.disk('one')
  const files = new Map(disk.paths().map(path => [path, disk.contents(path) as Buffer]))
  return {
    files,
    values,
    timestamps,
    lastBatch,
    aborted,
    endOffset: logEndOffset,
    syncedEndOffset: isClean ? logEndOffset : syncedEndOffset,
    isClean,
  }
}

async function abortedOf(world: World) {
  const { log } = world
  const found = new Map<string, { producerId: number; firstOffset: number }>()
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    const request = {
      fromOffset: offset,
      maxBytes: 700,
      limitOffset: log.logEndOffset,
      minOneBatch: true,
      withAborted: true,
    }
    const outcome = await world.sim.complete(Promise.resolve(log.read(request)))
    if (outcome.kind === 'failed') return []
    for (const each of outcome.abortedTransactions ?? [])
      found.set(`${each.producerId} ${each.firstOffset}`, each)
    outcome.release()
    if (outcome.endOffset <= offset) break
    offset = outcome.endOffset
  }
  return [...found.values()].sort((a, b) => a.firstOffset - b.firstOffset)
}

export interface Damage {
  readonly path: string
  /** What becomes of the file. */
  readonly bytes: Buffer
  readonly what: string
}

export interface DamageOutcome {
  readonly damagedOffsets: number
  readonly lostAtEnd: number
}

/** Throws an Error that names the damage when something wrong is served or the start fails. */
export async function checkDamage(setup: DamageSetup, damage: Damage): Promise<DamageOutcome> {
  const sim = new World_({ seed: 1, instantDisk: true })
  const disk = sim.disk('one')
  for (const [path, bytes] of setup.files)
    disk.setContents(path, path === damage.path ? damage.bytes : bytes)
  const fail = (text: string): never => {
    throw new Error(`${damage.what}: ${text}`)
  }
  const world = await openDamaged(sim, setup).catch((error: unknown) =>
    fail(`the start failed: ${String(error)}`),
  )
  const { log } = world
  const { seen, damaged } = await readAll(world)
  for (const { offset, value } of seen) {
    if (setup.values.get(offset) !== value && setup.values.has(offset)) {
      fail(`offset ${offset} holds ${value}, not ${setup.values.get(offset)}`)
    }
  }
  const there = new Set([...seen.map(each => each.offset), ...damaged])
  const mustEnd = setup.isClean ? setup.endOffset : setup.syncedEndOffset
  for (const offset of setup.values.keys()) {
    if (offset < Math.max(log.logEndOffset, mustEnd) && !there.has(offset)) {
      fail(`offset ${offset} is neither served nor reported`)
    }
  }
  const isWhole = damaged.length === 0 && log.logEndOffset === setup.endOffset
  if (isWhole) await checkDerived(world, setup, fail)
  const outcome = append(log, batch({ values: ['next'] }), { leaderEpoch: 1000 })
  if (outcome.kind === 'failed') fail(`append: ${outcome.message}`)
  await settle(world)
  await sim.complete(world.manager.close())
  return { damagedOffsets: damaged.length, lostAtEnd: setup.endOffset - log.logEndOffset + 1 }
}

async function openDamaged(sim: Simulation, setup: DamageSetup): Promise<World> {
  const logConfig = config({ ...CONFIG })
  const options = { directories: [DATA], defaultConfig: logConfig, configOf: () => logConfig }
  const env = sim.env('one')
  const manager = await sim.complete(LogManager.open(env, options))
  const log = manager.get(TOPIC, 0) ?? manager.getOrCreate(TOPIC, TOPIC_ID, 0, logConfig)
  if (log.topicId !== TOPIC_ID)
    throw new Error(`topic id ${log.topicId}, ${setup.files.size} files`)
  log.updateHighWatermark(log.logEndOffset)
  return { sim, env, manager, log, options, config: logConfig }
}

async function checkDerived(
  world: World,
  setup: DamageSetup,
  fail: (text: string) => never,
): Promise<void> {
  const { log } = world
  if (JSON.stringify(await abortedOf(world)) !== JSON.stringify(setup.aborted)) {
    fail('the aborted transactions are not those there were')
  }
  const step = Math.ceil(setup.timestamps.length / 7)
  for (let index = 0; index < setup.timestamps.length; index += step) {
    const timestamp = (setup.timestamps[index]?.timestamp ?? 0) + 1
    const expected = setup.timestamps.find(each => each.timestamp >= timestamp)?.offset
    const found = await world.sim.complete(log.offsetForTimestamp(timestamp))
    if (found?.offset !== expected)
      fail(`timestamp ${timestamp}: ${found?.offset}, not ${expected}`)
  }
  const { sequence, offset, count } = setup.lastBatch
  const values = Array.from({ length: count }, () => 'again')
  const retry = batch({ values, producerId: 7, producerEpoch: 1, baseSequence: sequence })
  let outcome = append(log, retry, { leaderEpoch: 1000 })
  for (let wait = 0; wait < 5 && outcome.kind === 'failed'; wait++) {
    await world.sim.run({ forMs: 100 })
    outcome = append(log, retry, { leaderEpoch: 1000 })
  }
  if (outcome.kind !== 'duplicate' || outcome.baseOffset !== offset) {
    fail(`the retry gives ${JSON.stringify(outcome)}`)
  }
}

/** Every `stride`-th bit flip and truncation of a file. */
export function* damagesOf(
  path: string,
  bytes: Buffer,
  stride: number,
  first = 0,
): Generator<Damage> {
  for (let bit = first % stride; bit < bytes.length * 8; bit += stride) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    yield { path, bytes: flipped, what: `${path} bit ${bit}` }
  }
  const step = Math.max(1, Math.floor(stride / 8))
  for (let length = first % step; length < bytes.length; length += step) {
    yield { path, bytes: bytes.subarray(0, length), what: `${path} cut to ${length}` }
  }
}
