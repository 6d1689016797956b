import t from 'tap'
import { inspectDataDirectory } from './inspect/inspect-directory.ts'
import { LogManager } from './log-manager.ts'
import {
  append,
  batch,
  config,
  DATA,
  openWorld,
  readAll,
  reopen,
  START_MS,
  settle,
  TOPIC,
  TOPIC_ID,
} from './testing/test-kit.ts'

const OTHER_ID = 'b3RoZXItdG9waWMtaWQtMQ'
const DAY = 86_400_000

t.test('a topic that was deleted and made again does not see the old records', async t => {
  const world = await openWorld({ fileDeleteDelayMs: 1000 }, { instantDisk: false })
  append(world.log, batch({ values: ['old'] }))
  await settle(world)
  await world.sim.complete(world.manager.deleteLog(TOPIC, 0))
  t.match(append(world.log, batch()), { kind: 'failed', error: 'KAFKA_STORAGE_ERROR' })
  t.equal(world.manager.get(TOPIC, 0), undefined)
  world.log = world.manager.getOrCreate(TOPIC, OTHER_ID, 0, world.config)
  append(world.log, batch({ values: ['new'] }))
  await settle(world)
  t.same((await readAll(world)).seen, [{ offset: 0, value: 'new' }])
  await world.sim.run({ forMs: 2000 })
  t.notOk(
    world.sim
      .disk('one')
      .paths()
      .some(path => path.includes('-delete')),
  )
})

t.test('a directory of another topic id is set aside, and a new log takes the name', async t => {
  const world = await openWorld({}, { instantDisk: false })
  append(world.log, batch({ values: ['old'] }))
  await settle(world)
  world.log = world.manager.getOrCreate(TOPIC, OTHER_ID, 0, world.config)
  append(world.log, batch({ values: ['new'] }))
  await settle(world)
  t.equal(world.log.writtenEndOffset, 1)
  t.ok(
    world.sim
      .disk('one')
      .paths()
      .some(path => /events-0\.[\w-]{22}-stray\//.test(path)),
  )
  world.sim.kill('one')
  world.env = world.sim.env('one')
  world.manager = await world.sim.complete(LogManager.open(world.env, world.options))
  t.equal(world.manager.get(TOPIC, 0)?.topicId, OTHER_ID)
  t.same([...world.manager.logs()].length, 1)
})

t.test('a partition of which a crash left only the directory is no loss, and goes', async t => {
  const world = await openWorld()
  world.sim.kill('one')
  world.env = world.sim.env('one')
  await world.sim.complete(world.env.disk.mkdir(`${DATA}/begun-0`))
  await world.sim.complete(world.env.disk.mkdir(`${DATA}/lost-0`))
  const file = await world.sim.complete(world.env.disk.open(`${DATA}/lost-0/what`, 'write'))
  await world.sim.complete(file.close())
  world.manager = await world.sim.complete(LogManager.open(world.env, world.options))
  const entries = await world.sim.complete(world.env.disk.readdir(DATA))
  const names = entries.map(entry => entry.name)
  t.notOk(names.some(name => name.startsWith('begun-0')))
  t.ok(names.some(name => /^lost-0\..*-stray$/.test(name)))
})

t.test('the data directory of another node, named like a partition, is left alone', async t => {
  const world = await openWorld()
  world.sim.kill('one')
  world.env = world.sim.env('one')
  await world.sim.complete(world.env.disk.mkdir(`${DATA}/node-1`))
  const path = `${DATA}/node-1/meta.properties`
  const file = await world.sim.complete(world.env.disk.open(path, 'write'))
  await world.sim.complete(file.close())
  world.manager = await world.sim.complete(LogManager.open(world.env, world.options))
  t.ok(world.sim.disk('one').paths().includes(path))
  const report = await world.sim.complete(inspectDataDirectory(world.env, DATA))
  t.notOk(report.logs.some(log => log.name === 'node-1'))
})

t.test('a directory in use by another process is refused with a sentence', async t => {
  const world = await openWorld()
  await t.rejects(world.sim.complete(LogManager.open(world.env, world.options)), {
    name: 'OperatorError',
    message: /in use by another process/,
  })
})

t.test(
  'retention deletes whole segments by size and by age, never above the high watermark',
  async t => {
    const world = await openWorld({
      segmentBytes: 1000,
      retentionMs: DAY,
      retentionBytes: 3500,
      fileDeleteDelayMs: 100,
    })
    const { log } = world
    const add = async (count: number, timestamp: number) => {
      for (let index = 0; index < count; index++)
        append(log, batch({ values: ['v'.repeat(150)], timestamp }))
      await settle(world)
    }
    await add(40, START_MS)
    t.equal(await log.applyRetention(START_MS), 0, 'nothing is below the high watermark')
    log.updateHighWatermark(20)
    await log.applyRetention(START_MS + DAY * 2)
    t.ok(log.logStartOffset > 0 && log.logStartOffset <= 20)
    log.updateHighWatermark(40)
    await log.applyRetention(START_MS)
    t.ok(log.sizeInBytes < 3500 + 1000)
    t.ok(log.sizeInBytes >= 3500, 'never less than retention.bytes')
    await log.applyRetention(START_MS + DAY * 2)
    t.equal(log.logStartOffset, 40)
    t.equal(log.logEndOffset, 40)
    t.equal(log.sizeInBytes, 0)
    await add(1, START_MS)
    t.same(
      (await readAll(world)).seen.map(each => each.offset),
      [40],
    )
    await world.sim.run({ forMs: 200 })
    t.notOk(
      world.sim
        .disk('one')
        .paths()
        .some(path => path.endsWith('.deleted')),
    )
    world.sim.kill('one')
    await reopen(world)
    t.equal(world.log.logStartOffset, 40)
  },
)

t.test('a record of the future keeps its segment, an old one does not', async t => {
  const world = await openWorld({ segmentBytes: 1000, retentionMs: DAY })
  const { log } = world
  for (let index = 0; index < 10; index++) {
    const timestamp = index === 4 ? START_MS + 100 * DAY : START_MS - DAY
    append(log, batch({ values: ['v'.repeat(700)], timestamp }))
  }
  await settle(world)
  log.updateHighWatermark(10)
  t.equal(await log.applyRetention(START_MS), 0, 'as old as retention.ms is not older')
  await log.applyRetention(START_MS + 1)
  t.equal(log.logStartOffset, 4)
})

t.test('a log that is only compacted is not cut by age or size', async t => {
  const world = await openWorld({
    segmentBytes: 1000,
    retentionMs: DAY,
    retentionBytes: 1000,
    cleanupDelete: false,
    cleanupCompact: true,
  })
  const { log } = world
  for (let index = 0; index < 10; index++) append(log, batch({ values: ['v'.repeat(700)] }))
  await settle(world)
  log.updateHighWatermark(10)
  t.equal(await log.applyRetention(START_MS + 2 * DAY), 0)
  t.equal(log.logStartOffset, 0)
})

t.test('an epoch whose records were deleted is not known any more', async t => {
  const world = await openWorld({ segmentBytes: 1000, retentionMs: DAY })
  const { log } = world
  for (const leaderEpoch of [1, 1, 3]) {
    append(log, batch({ values: ['v'.repeat(700)] }), { leaderEpoch })
  }
  await settle(world)
  log.updateHighWatermark(2)
  t.match(log.endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 2 })
  await log.applyRetention(START_MS + 2 * DAY)
  t.equal(log.logStartOffset, 2)
  t.match(log.endOffsetForEpoch(2), { leaderEpoch: 2, endOffset: 2 }, 'no older one is answered')
})

t.test('idle logs give their memory back and go on where they were', async t => {
  const world = await openWorld({}, { manager: { checkpointMs: 1000 } })
  append(world.log, batch({ values: ['a'] }))
  await settle(world)
  t.ok(world.manager.tailBytes > 0)
  await world.sim.run({ forMs: 5000 })
  t.equal(world.manager.tailBytes, 0)
  append(world.log, batch({ values: ['b'] }))
  await settle(world)
  t.same(
    (await readAll(world)).seen.map(each => each.value),
    ['a', 'b'],
  )
})

t.test(
  'readers of a log that loses its segments meanwhile get data or an error, never a crash',
  async t => {
    const world = await openWorld(
      { segmentBytes: 600, fileDeleteDelayMs: 1 },
      { instantDisk: false, manager: { tailBudgetBytes: 1000, openFileLimit: 2 } },
    )
    const { log } = world
    for (let index = 0; index < 100; index++) {
      append(log, batch({ values: [`${index} ${'v'.repeat(50)}`] }))
      if (index % 4 === 0) await settle(world)
    }
    await settle(world)
    log.updateHighWatermark(100)
    let served = 0
    let refused = 0
    const readers = Array.from({ length: 60 }, async (_, index) => {
      const request = { fromOffset: index, maxBytes: 500, limitOffset: 100, minOneBatch: true }
      await world.env.clock.sleep(index / 7)
      const outcome = await log.read(request)
      if (outcome.kind === 'failed') {
        refused++
        t.equal(outcome.error, 'OFFSET_OUT_OF_RANGE')
        return
      }
      served++
      outcome.release()
    })
    const deletions = [10, 30, 55, 70].map(async (offset, index) => {
      await world.env.clock.sleep(index * 2)
      await log.advanceLogStartOffset(offset)
    })
    await world.sim.complete(Promise.all([...readers, ...deletions]))
    t.ok(served > 5 && refused > 0, `${served} served, ${refused} refused`)
    t.equal(log.logStartOffset, 70)
    t.same(config().segmentBytes > 0, true)
    t.ok(
      world.sim
        .disk('one')
        .paths()
        .every(path => path.startsWith(DATA)),
    )
    t.equal(log.topicId, TOPIC_ID)
  },
)

t.test('batches from a leader keep their offsets; what does not fit is refused', async t => {
  const world = await openWorld()
  const { log } = world
  const from = (baseOffset: number, leaderEpoch: number, values = ['v']) =>
    batch({ baseOffset, leaderEpoch, values })
  const replicate = (records: Buffer, leaderEpoch = 5) =>
    append(log, records, { origin: 'replication', leaderEpoch })
  t.match(replicate(Buffer.concat([from(0, 3, ['a', 'b']), from(2, 4)])), {
    kind: 'appended',
    lastOffset: 2,
  })
  t.match(replicate(from(2, 4)), { error: 'OFFSET_OUT_OF_RANGE' })
  t.match(replicate(from(3, 3)), { error: 'CORRUPT_MESSAGE' }, 'an older epoch')
  t.match(replicate(from(3, 6)), { error: 'CORRUPT_MESSAGE' }, 'an epoch beyond that of the fetch')
  const flipped = from(3, 5)
  flipped[flipped.length - 1]! ^= 1
  t.match(replicate(flipped), { error: 'CORRUPT_MESSAGE' }, 'a checksum that does not fit')
  t.match(
    replicate(from(10, 5)),
    { kind: 'appended', baseOffset: 10 },
    'a gap, as cleaning leaves it',
  )
  await settle(world)
  t.same(log.endOffsetForEpoch(3), { leaderEpoch: 3, endOffset: 2 })
  t.same(log.endOffsetForEpoch(4), { leaderEpoch: 4, endOffset: 10 })
  world.sim.kill('one')
  await reopen(world)
  const { seen, damaged } = await readAll(world)
  t.same(damaged, [])
  t.same(
    seen.map(each => each.offset),
    [0, 1, 2, 10],
  )
  await world.sim.complete(world.log.truncateTo(5))
  t.equal(world.log.logEndOffset, 3)
  await world.sim.complete(world.log.truncateFullyAndStartAt(1000))
  t.equal(world.log.logStartOffset, 1000)
  t.match(append(world.log, from(1000, 9), { origin: 'replication', leaderEpoch: 9 }), {
    baseOffset: 1000,
  })
  await settle(world)
  world.sim.kill('one')
  await reopen(world)
  t.same(
    (await readAll(world)).seen.map(each => each.offset),
    [1000],
  )
})

t.test('a log whose directory cannot be read at the start is offline, not empty', async t => {
  const world = await openWorld(
    {},
    { instantDisk: false, manager: { directories: ['/data', '/more'] } },
  )
  append(world.log, batch({ values: ['kept'] }))
  await settle(world)
  t.equal(world.log.dataDirectory, '/data')
  await world.sim.complete(world.manager.close())
  world.env = world.sim.env('one')
  world.sim.disk('one').fail('read', 1, 'EIO')
  world.manager = await world.sim.complete(LogManager.open(world.env, world.options))
  t.same(
    world.manager.directories.map(each => each.isOnline),
    [false, true],
  )
  const log = world.manager.getOrCreate(TOPIC, TOPIC_ID, 0, world.config)
  t.ok(log.isOffline)
  t.match(append(log, batch()), { kind: 'failed', error: 'KAFKA_STORAGE_ERROR' })
  const fresh = world.manager.create('fresh', OTHER_ID, 0, world.config)
  t.match(append(fresh, batch()), { kind: 'appended' })
  await world.sim.complete(world.manager.close())
  world.sim.disk('one').heal()
  await reopen(world)
  t.same((await readAll(world)).seen, [{ offset: 0, value: 'kept' }])
})
