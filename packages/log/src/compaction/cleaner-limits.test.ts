import { SimRandom } from '@weir/core/sim'
import { writeBatchCrc } from '@weir/protocol'
import t from 'tap'
import { COMPACTED, fill, HOUR, newest, rowText, visible } from '../testing/compacted-log.ts'
import {
  append,
  batch,
  openWorld,
  reopen,
  START_MS,
  settle,
  type World,
} from '../testing/test-kit.ts'

t.test('a map that is too small cleans less, and never wrongly', async t => {
  const world = await openWorld(COMPACTED, { manager: { cleanerMapBytes: 24 * 1024 } })
  for (let index = 0; index < 3000; index++) {
    append(
      world.log,
      batch({ keys: [`key ${index % 1500}`], values: [`${index}`], timestamp: START_MS }),
    )
    if (index % 100 === 0) await settle(world)
  }
  await settle(world)
  world.log.updateHighWatermark(world.log.logEndOffset)
  const before = newest(await visible(world))
  const sizeBefore = world.log.sizeInBytes
  for (let round = 0; round < 6; round++) await world.sim.complete(world.manager.runCleaner())
  t.same([...newest(await visible(world))].sort(), [...before].sort())
  t.ok(world.log.sizeInBytes < sizeBefore * 0.8)
})

t.test('a tombstone stays as long as a map that was full has not seen it', async t => {
  const config = { ...COMPACTED, segmentBytes: 100_000, deleteRetentionMs: 1 }
  const world = await openWorld(config, { manager: { cleanerMapBytes: 24 * 1024 } })
  const add = (keys: string[], value: string | null) =>
    append(world.log, batch({ keys, values: keys.map(() => value), timestamp: START_MS }))
  add(['victim'], 'of a tombstone')
  for (let at = 0; at < 2000; at += 100) {
    add(
      Array.from({ length: 100 }, (_, index) => `key ${at + index}`),
      'value',
    )
  }
  add(['victim'], null)
  add(['next'], 'x'.repeat(90_000))
  await settle(world)
  world.log.updateHighWatermark(world.log.logEndOffset)
  for (let round = 0; round < 6; round++) {
    await world.sim.complete(world.manager.runCleaner())
    await world.sim.run({ forMs: 100 })
    const victim = newest(await visible(world)).get('victim')
    t.equal(victim?.value ?? null, null, `round ${round}`)
  }
  t.equal(newest(await visible(world)).get('victim'), undefined, 'it goes in the end')
})

t.test('what is cut while its cleaning runs does not come back', async t => {
  let count = 0
  for (let cutAt = 0; ; cutAt += 5) {
    const random = new SimRandom('cut clean')
    const world = await openWorld(COMPACTED, { seed: cutAt, instantDisk: false })
    await fill(world, random, 40, [0, 0])
    await world.sim.complete(world.log.flush())
    const before = await visible(world)
    let isDone = false
    const cleaning = world.manager.runCleaner().then(() => {
      isDone = true
    })
    const { eventCount } = world.sim
    await world.sim.run(() => isDone || world.sim.eventCount >= eventCount + cutAt)
    if (isDone) break
    count++
    await world.sim.complete(world.log.truncateTo(20))
    await world.sim.complete(cleaning)
    const { logEndOffset } = world.log
    t.ok(logEndOffset <= 20 && logEndOffset > 10)
    append(world.log, batch({ keys: ['after'], values: ['the cut'], timestamp: START_MS }))
    const possible = new Set(before.filter(row => row.offset < logEndOffset).map(rowText))
    await world.sim.complete(world.log.flush())
    const rows = await visible(world)
    t.match(rows.pop(), { offset: logEndOffset, value: 'the cut' }, `cut at ${cutAt}`)
    t.same(
      rows.filter(row => !possible.has(rowText(row))),
      [],
      `cut at ${cutAt}`,
    )
    t.same(world.log.damagedRanges(), [])
    world.sim.kill('one')
    await reopen(world)
    t.equal((await visible(world)).length, rows.length + 1, `start, cut at ${cutAt}`)
    t.same(world.log.damagedRanges(), [])
  }
  t.ok(count > 10, `${count} moments`)
})

t.test('a batch whose inside cannot be read stays, and holds nobody up', async t => {
  const world = await openWorld({ ...COMPACTED, segmentBytes: 2_000 })
  const { log } = world
  const add = (value: string) =>
    append(log, batch({ keys: ['key'], values: [value.padEnd(300)], timestamp: START_MS }))
  add('first')
  const sealed = batch({ keys: ['key'], values: ['sealed'], timestamp: START_MS })
  sealed.writeInt16BE(sealed.readInt16BE(21) | 1, 21)
  writeBatchCrc(sealed, 0)
  append(log, sealed)
  for (let index = 0; index < 20; index++) add(`${index}`)
  await settle(world)
  log.updateHighWatermark(log.logEndOffset)
  const before = log.sizeInBytes
  t.equal(await world.sim.complete(world.manager.runCleaner()), 1)
  t.ok(log.sizeInBytes < before)
  const read = await world.sim.complete(
    Promise.resolve(
      log.read({ fromOffset: 0, maxBytes: 100_000, limitOffset: 1e9, minOneBatch: true }),
    ),
  )
  if (read.kind === 'failed') throw new Error(read.message)
  const [first] = read.chunks
  t.equal(first?.readBigInt64BE(0), 1n)
  t.equal((first?.readInt16BE(21) ?? 0) & 7, 1, 'it is there as it was')
})

/** One record of 300 bytes for each key. */
async function addKeys(world: World, keys: readonly string[]): Promise<void> {
  const timestamp = world.env.clock.nowMs()
  for (const key of keys) {
    append(world.log, batch({ keys: [key], values: ['x'.repeat(300)], timestamp }))
  }
  await settle(world)
  world.log.updateHighWatermark(world.log.logEndOffset)
}

/** Nothing is cleaned by the clock. */
const BY_HAND = { manager: { cleanerBackoffMs: 100 * HOUR } }
const clean = (world: World) => world.sim.complete(world.manager.runCleaner())

t.test('what is younger than min.compaction.lag.ms is not cleaned', async t => {
  const world = await openWorld({ ...COMPACTED, minCompactionLagMs: HOUR }, BY_HAND)
  await addKeys(world, new Array(50).fill('key'))
  t.equal(await clean(world), 0)
  await world.sim.run({ forMs: HOUR / 2 })
  await addKeys(world, new Array(50).fill('key'))
  t.equal(await clean(world), 0)
  await world.sim.run({ forMs: HOUR / 2 })
  t.equal(await clean(world), 1)
  t.ok((await visible(world)).length > 50, 'the younger half is there')
})

t.test('a log is cleaned when enough of it is dirty, or after max.compaction.lag.ms', async t => {
  const lag = { minCleanableDirtyRatio: 0.5, maxCompactionLagMs: HOUR }
  const world = await openWorld({ ...COMPACTED, ...lag }, BY_HAND)
  const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)
  await addKeys(world, keys)
  t.equal(await clean(world), 1, 'all of it is dirty')
  await addKeys(world, keys.slice(0, 30))
  t.equal(await clean(world), 0, 'a quarter is')
  await world.sim.run({ forMs: HOUR + 1_000 })
  t.equal(await clean(world), 1)
  t.ok((await visible(world)).length < 120)
})
