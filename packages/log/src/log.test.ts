import t from 'tap'
import {
  append,
  batch,
  DATA,
  openWorld,
  readAll,
  reopen,
  settle,
  TOPIC,
} from './testing/test-kit.ts'

const SEGMENT = `${DATA}/${TOPIC}-0/00000000000000000000.log`

t.test(
  'appended batches get consecutive offsets and are read back from memory at once',
  async t => {
    const world = await openWorld()
    t.match(append(world.log, batch({ values: ['a', 'b'] })), {
      kind: 'appended',
      baseOffset: 0,
      lastOffset: 1,
    })
    t.match(append(world.log, batch({ values: ['c'] })), {
      kind: 'appended',
      baseOffset: 2,
      lastOffset: 2,
    })
    t.equal(world.log.logEndOffset, 3)
    t.equal(world.log.writtenEndOffset, 0)
    const outcome = world.log.read({
      fromOffset: 1,
      maxBytes: 1000,
      limitOffset: 3,
      minOneBatch: true,
    })
    t.notOk(outcome instanceof Promise)
    await settle(world)
    t.equal(world.log.writtenEndOffset, 3)
    t.same(
      (await readAll(world)).seen.map(each => each.value),
      ['a', 'b', 'c'],
    )
  },
)

t.test('nothing touches the disk before the first append', async t => {
  const world = await openWorld()
  t.notOk(
    world.sim
      .disk('one')
      .paths()
      .some(path => path.includes(TOPIC)),
  )
  append(world.log, batch())
  await settle(world)
  t.ok(world.sim.disk('one').paths().includes(SEGMENT))
})

t.test('after a clean stop and after kill -9 the log is as it was', async t => {
  const world = await openWorld({ segmentBytes: 400 })
  const values: string[] = []
  for (let index = 0; index < 30; index++) {
    values.push(`value ${index}`)
    append(world.log, batch({ values: [`value ${index}`] }))
    if (index % 7 === 0) await settle(world)
  }
  await settle(world)
  t.ok(world.log.segmentCount > 5)
  t.same(
    (await readAll(world)).seen.map(each => each.value),
    values,
  )
  await world.sim.complete(world.manager.close(7))
  await reopen(world)
  t.equal(world.manager.directories[0]?.cleanShutdownEpoch, 7)
  t.same(
    (await readAll(world)).seen.map(each => each.value),
    values,
  )
  append(world.log, batch({ values: ['after'] }))
  values.push('after')
  await settle(world)
  world.sim.kill('one')
  await reopen(world)
  t.equal(world.manager.directories[0]?.cleanShutdownEpoch, null)
  const { seen, damaged } = await readAll(world)
  t.same(damaged, [])
  t.same(
    seen.map(each => each.value),
    values,
  )
  t.match(append(world.log, batch()), { kind: 'appended', baseOffset: 31 })
})

t.test('a torn tail is cut, a damaged batch in the middle is not: the rest is served', async t => {
  const world = await openWorld()
  for (let index = 0; index < 10; index++) append(world.log, batch({ values: [`value ${index}`] }))
  await settle(world)
  const disk = world.sim.disk('one')
  const whole = disk.contents(SEGMENT) as Buffer
  const size = whole.length / 10
  world.sim.kill('one')
  const torn = Buffer.from(whole.subarray(0, whole.length - 5))
  torn[5 * size + 70] = 0xff
  disk.setContents(SEGMENT, torn)
  await reopen(world)
  const { seen, damaged } = await readAll(world)
  t.equal(world.log.logEndOffset, 9)
  t.same(damaged, [5])
  t.same(
    seen.map(each => each.offset),
    [0, 1, 2, 3, 4, 6, 7, 8],
  )
  t.match(world.log.damagedRanges(), [{ fromOffset: 5, toOffset: 6 }])
  // The same after a clean stop.
  await world.sim.complete(world.manager.close())
  await reopen(world)
  t.same((await readAll(world)).damaged, [5])
})

t.test('a write torn inside a base offset does not move a batch to another offset', async t => {
  for (const batchCount of [4, 6]) {
    const world = await openWorld()
    for (let index = 0; index < batchCount; index++) {
      append(world.log, batch({ values: [`value ${index}`] }))
    }
    await settle(world)
    world.sim.kill('one')
    const disk = world.sim.disk('one')
    const bytes = disk.contents(SEGMENT) as Buffer
    // The sectors in front of the end of batch 3's base offset never reached the disk.
    bytes.fill(0, 0, (bytes.length / batchCount) * 3 + 8)
    disk.setContents(SEGMENT, bytes)
    await reopen(world)
    const { seen } = await readAll(world)
    t.ok(
      seen.every(each => each.value === `value ${each.offset}`),
      JSON.stringify(seen),
    )
    t.equal(seen.length, batchCount === 4 ? 0 : 2)
  }
})

t.test('a leader of an older epoch than the log has appends nothing', async t => {
  const { log } = await openWorld()
  append(log, batch(), { leaderEpoch: 5 })
  t.match(append(log, batch(), { leaderEpoch: 4 }), {
    kind: 'failed',
    error: 'FENCED_LEADER_EPOCH',
  })
  t.match(append(log, batch(), { leaderEpoch: 5 }), { kind: 'appended', baseOffset: 1 })
})

t.test(
  'a leader appends one batch at a time: a second one behind it would have no offsets',
  async t => {
    const { log } = await openWorld()
    const two = Buffer.concat([batch(), batch()])
    t.match(append(log, two), { kind: 'failed', error: 'INVALID_RECORD' })
    t.equal(log.logEndOffset, 0)
  },
)

t.test(
  'a closed segment above the recovery point is walked again, one below is trusted',
  async t => {
    for (const isFlushed of [false, true]) {
      const world = await openWorld({ segmentBytes: 400 })
      for (let index = 0; index < 12; index++)
        append(world.log, batch({ values: ['v'.repeat(90)] }))
      await settle(world)
      if (isFlushed) await world.sim.complete(world.log.flush())
      if (isFlushed) await world.sim.run({ forMs: 6_000 })
      world.sim.kill('one')
      const disk = world.sim.disk('one')
      const second = disk.paths().filter(path => path.endsWith('.log'))[1] as string
      const bytes = Buffer.from(disk.contents(second) as Buffer)
      bytes[80] = (bytes[80] ?? 0) ^ 1
      disk.setContents(second, bytes)
      await reopen(world)
      t.equal(world.log.damagedRanges().length, isFlushed ? 0 : 1, `flushed: ${isFlushed}`)
    }
  },
)

t.test('a closed segment that is shorter than it was is walked, trusted or not', async t => {
  const world = await openWorld({ segmentBytes: 400 })
  for (let index = 0; index < 12; index++) append(world.log, batch({ values: ['v'.repeat(90)] }))
  await settle(world)
  await world.sim.complete(world.log.flush())
  await world.sim.run({ forMs: 6_000 })
  world.sim.kill('one')
  const disk = world.sim.disk('one')
  const second = disk.paths().filter(path => path.endsWith('.log'))[1] as string
  disk.setContents(second, (disk.contents(second) as Buffer).subarray(0, 100))
  await reopen(world)
  t.equal(world.log.damagedRanges().length, 1)
})

t.test('after a power failure the high watermark is not beyond the end of the log', async t => {
  const world = await openWorld()
  for (let index = 0; index < 12; index++) append(world.log, batch())
  await settle(world)
  world.log.updateHighWatermark(12)
  await world.sim.run({ forMs: 6_000 })
  world.sim.kill('one')
  const disk = world.sim.disk('one')
  const bytes = disk.contents(SEGMENT) as Buffer
  disk.setContents(SEGMENT, bytes.subarray(0, bytes.length / 2))
  await reopen(world)
  t.equal(world.log.logEndOffset, 6)
  t.equal(world.log.highWatermark, 6)
})
