import t from 'tap'
import {
  append,
  batch,
  DATA,
  openWorld,
  readAll,
  settle,
  TOPIC,
  type World,
} from './testing/test-kit.ts'
import { SETTLED_MS, TRUSTED_MS, VerifiedRanges } from './verified-ranges.ts'

const FIRST = `${DATA}/${TOPIC}-0/00000000000000000000.log`
const RECORDS = 20
/** Somewhere in the payload of the batches in the middle. */
const BIT = 8 * 1000

t.test('ranges grow together, and only positions inside of them are verified', t => {
  const ranges = new VerifiedRanges()
  ranges.add(100, 200, 0)
  ranges.add(300, 400, 0)
  t.equal(ranges.endFrom(100), 200)
  t.equal(ranges.endFrom(200), 200)
  t.equal(ranges.endFrom(50), 50)
  ranges.add(200, 300, 0)
  t.equal(ranges.endFrom(150), 400)
  ranges.add(0, 1000, 0)
  t.equal(ranges.endFrom(0), 1000)
  t.end()
})

t.test('many separate ranges are forgotten rather than kept without a bound', t => {
  const ranges = new VerifiedRanges()
  for (let at = 0; at < 1_000; at++) ranges.add(at * 10, at * 10 + 5, 0)
  const kept = Array.from({ length: 1_000 }, (_, at) => ranges.endFrom(at * 10) > at * 10)
  t.ok(kept.filter(Boolean).length <= 32)
  t.equal(kept.at(-1), true)
  t.end()
})

t.test('a range counts while the stamp stays the same, from when it settled on', t => {
  const ranges = new VerifiedRanges()
  t.equal(ranges.noteStamp(7, 0, 1), false, 'seen for the first time')
  t.equal(ranges.noteStamp(7, SETTLED_MS - 1, SETTLED_MS + 5), false, 'the read began too early')
  t.equal(ranges.noteStamp(7, SETTLED_MS + 1, SETTLED_MS + 5), true)
  ranges.add(0, 10, 2_000)
  t.equal(ranges.noteStamp(7, 3_000, 3_001), true)
  t.equal(ranges.endFrom(0), 10)
  t.equal(ranges.noteStamp(8, 3_000, 3_001), false, 'the file changed')
  t.equal(ranges.endFrom(0), 0)
  t.end()
})

t.test('a range is forgotten a minute after it was verified, however often it is read', t => {
  const ranges = new VerifiedRanges()
  ranges.noteStamp(7, 0, 0)
  ranges.add(0, 10, 2_000)
  for (let nowMs = 2_000; nowMs <= 2_000 + TRUSTED_MS; nowMs += 1_000) {
    ranges.noteStamp(7, nowMs, nowMs)
    ranges.add(0, 10, nowMs)
    t.equal(ranges.endFrom(0), 10)
  }
  const nowMs = 2_001 + TRUSTED_MS
  t.equal(ranges.noteStamp(7, nowMs, nowMs), true)
  t.equal(ranges.endFrom(0), 0)
  t.end()
})

/** A log on the disk, read often enough that its batches count as verified. */
async function verifiedWorld(): Promise<World> {
  const world = await openWorld({}, { manager: { tailBudgetBytes: 0, indexCacheBytes: 0 } })
  world.sim.disk('one').tellsChanges = true
  for (let index = 0; index < RECORDS; index++) {
    append(world.log, batch({ values: [`value ${index} ${'v'.repeat(60)}`] }))
  }
  await settle(world)
  for (let round = 0; round < 3; round++) {
    t.equal((await readAll(world)).seen.length, RECORDS)
    await world.sim.run({ forMs: 2 * SETTLED_MS })
  }
  return world
}

t.test('what somebody writes into a verified segment is not served', async t => {
  const world = await verifiedWorld()
  const file = world.env.disk.openSync(FIRST, 'write')
  const bytes = world.sim.disk('one').contents(FIRST)!
  file.writeSync([Buffer.from([bytes[BIT / 8]! ^ 1])], BIT / 8)
  file.closeSync()
  const { seen, damaged } = await readAll(world)
  t.equal(seen.length, RECORDS - 1)
  t.equal(damaged.length, 1)
})

t.test('damage that leaves no trace is found within a minute', async t => {
  const world = await verifiedWorld()
  world.sim.disk('one').flipBit(FIRST, BIT)
  await world.sim.run({ forMs: TRUSTED_MS })
  const { seen, damaged } = await readAll(world)
  t.equal(seen.length, RECORDS - 1)
  t.equal(damaged.length, 1)
})

t.test('checksums are not computed again for what was read a moment ago', async t => {
  const world = await verifiedWorld()
  // Nothing else tells from outside: the flip is not seen, for less than a minute.
  world.sim.disk('one').flipBit(FIRST, BIT)
  await t.rejects(readAll(world), /served damage/)
})
