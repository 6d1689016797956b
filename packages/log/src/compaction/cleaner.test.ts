import { SimRandom } from '@weir/core/sim'
import { batchAttributes, batchPositions, isControl } from '@weir/protocol'
import t from 'tap'
import { COMPACTED, fill, HOUR, newest, type Row, visible } from '../testing/compacted-log.ts'
import { append, batch, marker, openWorld, reopen, START_MS, settle } from '../testing/test-kit.ts'

t.test(
  'cleaning keeps the newest value of every key, offsets, timestamps and tombstones',
  async t => {
    for (let seed = 1; seed <= 15; seed++) {
      const random = new SimRandom(`clean ${seed}`)
      const world = await openWorld(COMPACTED)
      const sequences = [0, 0]
      const original: Row[] = []
      for (let round = 0; round < 3; round++) {
        const from = world.log.logEndOffset
        await fill(world, random, 40, sequences)
        original.push(...(await visible(world)).filter(row => row.offset >= from))
        const before = world.log.sizeInBytes
        await world.sim.complete(world.manager.runCleaner())
        t.ok(world.log.sizeInBytes < before, `seed ${seed}: smaller`)
        const rows = await visible(world)
        const byOffset = new Map(original.map(row => [row.offset, row]))
        for (const row of rows) {
          if (JSON.stringify(byOffset.get(row.offset)) !== JSON.stringify(row)) {
            t.fail(`seed ${seed}: invented ${JSON.stringify(row)}`)
          }
        }
        const left = newest(rows)
        for (const [key, row] of newest(original)) {
          if (JSON.stringify(left.get(key)) !== JSON.stringify(row)) {
            t.fail(`seed ${seed}: ${JSON.stringify(row)} became ${JSON.stringify(left.get(key))}`)
          }
        }
        if (round === 1) {
          await world.sim.complete(world.manager.close())
          await reopen(world)
        } else if (random.below(2) === 0) {
          world.sim.kill('one')
          await reopen(world)
        }
        const again = await visible(world)
        t.same(again, rows, `seed ${seed}: the same after a start`)
      }
    }
  },
)

t.test('tombstones and markers of empty transactions go once their horizon has passed', async t => {
  const world = await openWorld(COMPACTED)
  const add = (key: string, value: string | null) =>
    append(world.log, batch({ keys: [key], values: [value], timestamp: world.env.clock.nowMs() }))
  add('gone', 'value')
  add('gone', null)
  append(
    world.log,
    batch({
      keys: ['t'],
      values: ['1'],
      producerId: 5,
      producerEpoch: 0,
      baseSequence: 0,
      isTransactional: true,
    }),
  )
  append(world.log, marker({ kind: 'commit', producerId: 5, producerEpoch: 0 }), {
    origin: 'coordinator',
  })
  append(
    world.log,
    batch({
      keys: ['t'],
      values: ['2'],
      producerId: 5,
      producerEpoch: 0,
      baseSequence: 1,
      isTransactional: true,
    }),
  )
  append(world.log, marker({ kind: 'commit', producerId: 5, producerEpoch: 0 }), {
    origin: 'coordinator',
  })
  const churn = async () => {
    for (let index = 0; index < 40; index++) add('busy', `${index} ${'x'.repeat(60)}`)
    await settle(world)
    world.log.updateHighWatermark(world.log.logEndOffset)
    await world.sim.complete(world.manager.runCleaner())
  }
  const controlCount = async () => {
    const outcome = await world.sim.complete(
      Promise.resolve(
        world.log.read({ fromOffset: 0, maxBytes: 100_000, limitOffset: 1e9, minOneBatch: true }),
      ),
    )
    if (outcome.kind === 'failed') throw new Error(outcome.message)
    return outcome.chunks.flatMap(chunk =>
      [...batchPositions(chunk)].filter(at => isControl(batchAttributes(chunk, at))),
    ).length
  }
  await churn()
  t.ok((await visible(world)).some(row => row.key === 'gone' && row.value === null))
  t.equal(await controlCount(), 2)
  await world.sim.run({ forMs: HOUR / 2 })
  await churn()
  t.ok((await visible(world)).some(row => row.key === 'gone' && row.value === null))
  await world.sim.run({ forMs: HOUR })
  await churn()
  await world.sim.run({ forMs: HOUR * 2 })
  await churn()
  t.notOk((await visible(world)).some(row => row.key === 'gone'))
  t.equal(await controlCount(), 1)
  t.equal((await visible(world)).find(row => row.key === 't')?.value, '2')
  const retry = batch({
    keys: ['t'],
    values: ['2'],
    producerId: 5,
    producerEpoch: 0,
    baseSequence: 1,
    isTransactional: true,
  })
  world.sim.kill('one')
  await reopen(world)
  t.match(append(world.log, retry), { kind: 'duplicate', baseOffset: 4 })
})

for (const { what, isOpen } of [
  { what: 'above the high watermark', isOpen: false },
  { what: 'behind the start of an open transaction', isOpen: true },
]) {
  t.test(`nothing ${what} is cleaned`, async t => {
    const world = await openWorld(COMPACTED)
    const { log } = world
    const add = (index: number) =>
      append(log, batch({ keys: ['key'], values: [`${index}`.padEnd(300)], timestamp: START_MS }))
    if (isOpen) {
      const first = { producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true }
      append(log, batch({ ...first, keys: ['other'], timestamp: START_MS }))
    }
    for (let index = 0; index < 100; index++) add(index)
    await settle(world)
    await world.sim.complete(log.flush())
    if (isOpen) log.updateHighWatermark(log.logEndOffset)
    const before = log.sizeInBytes
    await world.sim.complete(world.manager.runCleaner())
    t.equal(log.sizeInBytes, before)
    log.updateHighWatermark(log.logEndOffset)
    if (isOpen) {
      append(log, marker({ kind: 'commit', producerId: 1, producerEpoch: 0 }), {
        origin: 'coordinator',
      })
      await settle(world)
      log.updateHighWatermark(log.logEndOffset)
    }
    await world.sim.complete(world.manager.runCleaner())
    t.ok(log.sizeInBytes < before / 2, 'now it is')
  })
}

t.test('a crash at any moment of a cleaning loses nothing', async t => {
  let points = 0
  for (let seed = 1; seed <= 3; seed++) {
    for (let crashAt = 0; ; crashAt += 3) {
      const random = new SimRandom(`crash clean ${seed}`)
      const world = await openWorld(COMPACTED, { seed: seed * 1000 + crashAt, instantDisk: false })
      await fill(world, random, 40, [0, 0])
      await world.sim.complete(world.log.flush())
      const before = newest(await visible(world))
      let isDone = false
      const cleaning = world.manager.runCleaner().then(() => {
        isDone = true
      })
      const { eventCount } = world.sim
      await world.sim.run(() => isDone || world.sim.eventCount >= eventCount + crashAt)
      if (isDone) {
        await cleaning
        break
      }
      points++
      world.sim.crash('one')
      await reopen(world)
      t.same(world.log.damagedRanges(), [], `seed ${seed} at ${crashAt}`)
      t.same(
        [...newest(await visible(world))].sort(),
        [...before].sort(),
        `seed ${seed} at ${crashAt}`,
      )
    }
  }
  t.ok(points > 30, `${points} points`)
})
