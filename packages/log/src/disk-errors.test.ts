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

const CONFIG = {
  flushMessages: 1,
  segmentBytes: 700,
  indexIntervalBytes: 100,
  fileDeleteDelayMs: 5,
}
const BATCHES = 24

/** Sends batches one after the other, each until it is acked or the directory is gone. */
async function produce(world: World, acked: Map<number, string>, count: number): Promise<void> {
  const { log } = world
  for (let index = 0; index < count; index++) {
    const value = `value ${index} ${'x'.repeat(index * 3)}`
    for (let attempt = 0; ; attempt++) {
      if (attempt > 60) throw new Error(`no ack for ${index}`)
      if (log.isOffline) return
      const outcome = append(log, batch({ values: [value] }))
      if (outcome.kind === 'failed') {
        await world.sim.run({ forMs: 200 })
        continue
      }
      let isLost = false
      log.setListener({
        onWritten() {},
        onFailure() {
          isLost = true
        },
      })
      await world.sim.run(() => isLost || log.writtenEndOffset > outcome.baseOffset, 10_000)
      if (isLost) continue
      acked.set(outcome.baseOffset, value)
      break
    }
  }
}

async function checkAcked(world: World, acked: ReadonlyMap<number, string>, what: string) {
  const { seen } = await readAll(world)
  const values = new Map(seen.map(each => [each.offset, each.value]))
  for (const [offset, value] of acked) {
    if (values.get(offset) !== value) {
      throw new Error(`${what}: acked offset ${offset} holds ${values.get(offset)}`)
    }
  }
}

async function callsOf(call: 'write' | 'sync'): Promise<number> {
  const world = await openWorld(CONFIG, { instantDisk: false })
  const before = world.sim.disk('one').calls[call]
  await produce(world, new Map(), BATCHES)
  return world.sim.disk('one').calls[call] - before
}

t.test('a full disk at any write: nothing acked is lost, appends resume by themselves', async t => {
  const calls = await callsOf('write')
  t.ok(calls > BATCHES)
  for (let k = 1; k <= calls; k++) {
    const world = await openWorld(CONFIG, { instantDisk: false, seed: k })
    const acked = new Map<number, string>()
    world.sim.disk('one').fail('write', k, 'ENOSPC')
    await produce(world, acked, BATCHES)
    if (world.log.isOffline) t.fail(`write ${k}: offline`)
    if (acked.size !== BATCHES) t.fail(`write ${k}: ${acked.size} acked`)
    await checkAcked(world, acked, `write ${k}`)
    if (k % 2 === 0) world.sim.crash('one')
    else await world.sim.complete(world.manager.close())
    await reopen(world)
    await checkAcked(world, acked, `after a start, write ${k}`)
    if (world.log.logEndOffset !== BATCHES) t.fail(`write ${k}: ends at ${world.log.logEndOffset}`)
  }
})

for (const call of ['write', 'sync'] as const) {
  t.test(
    `EIO at any ${call}: the directory goes offline, what was acked is there later`,
    async t => {
      const calls = await callsOf(call)
      let offline = 0
      for (let k = 1; k <= calls; k++) {
        const world = await openWorld(CONFIG, { instantDisk: false, seed: k })
        const acked = new Map<number, string>()
        world.sim.disk('one').fail(call, k, 'EIO')
        await produce(world, acked, BATCHES)
        await settle(world)
        if (world.log.isOffline) {
          offline++
          t.match(append(world.log, batch()), { kind: 'failed', error: 'KAFKA_STORAGE_ERROR' })
          t.notOk(world.manager.directories[0]?.isOnline)
        }
        world.sim.crash('one')
        world.sim.disk('one').heal()
        await reopen(world)
        await checkAcked(world, acked, `${call} ${k}`)
      }
      t.ok(offline > calls / 2, `${offline} of ${calls}`)
    },
  )
}

t.test('short writes of any length go on where they stopped', async t => {
  const world = await openWorld(
    { segmentBytes: 3000 },
    { instantDisk: false, diskFaults: { shortWriteChance: 0.7 } },
  )
  const values: string[] = []
  for (let index = 0; index < 60; index++) {
    values.push(`value ${index}`)
    append(world.log, batch({ values: [`value ${index}`] }))
    if (index % 5 === 0) await settle(world)
  }
  await settle(world)
  t.equal(world.log.writtenEndOffset, 60)
  world.sim.kill('one')
  await reopen(world)
  t.same(
    (await readAll(world)).seen.map(each => each.value),
    values,
  )
})

t.test(
  'on a disk that is really full reads go on, and appends too once there is space',
  async t => {
    const world = await openWorld({ segmentBytes: 3000 }, { instantDisk: false })
    const disk = world.sim.disk('one')
    const acked = new Map<number, string>()
    await produce(world, acked, 10)
    disk.faults.capacityBytes = disk.usedBytes + 2000
    let failures = 0
    for (let index = 0; index < 100 && failures < 5; index++) {
      const outcome = append(world.log, batch({ values: ['x'.repeat(200)] }))
      if (outcome.kind === 'failed') failures++
      await settle(world)
    }
    t.equal(failures, 5)
    await checkAcked(world, acked, 'while it is full')
    t.equal((await readAll(world)).seen.length, world.log.logEndOffset)
    disk.faults.capacityBytes = Number.POSITIVE_INFINITY
    await world.sim.run({ forMs: 1000 })
    await produce(world, new Map(), 3)
    t.ok(world.log.writtenEndOffset >= 13)
  },
)

t.test('a log that waits for space on a full disk does not hold up the close', async t => {
  const world = await openWorld({}, { instantDisk: false })
  const disk = world.sim.disk('one')
  await produce(world, new Map(), 3)
  disk.faults.capacityBytes = disk.usedBytes + 100
  append(world.log, batch({ values: ['x'.repeat(2000)] }))
  await settle(world)
  let isClosed = false
  world.manager.close().then(
    () => {
      isClosed = true
    },
    error => t.fail(String(error)),
  )
  await world.sim.run({ forMs: 5000 })
  t.ok(isClosed)
})

for (const isDeletedFirst of [true, false])
  t.test(
    `a log is deleted ${isDeletedFirst ? 'before' : 'after'} a write finds the disk full`,
    async t => {
      const world = await openWorld({}, { instantDisk: false })
      const disk = world.sim.disk('one')
      await produce(world, new Map(), 3)
      Object.assign(disk.faults, { syncWriteChance: 0, capacityBytes: disk.usedBytes + 100 })
      append(world.log, batch({ values: ['x'.repeat(2000)] }))
      await world.sim.run({ forMs: isDeletedFirst ? 0 : 1 })
      const [topic, index] = [world.log.topic, world.log.partitionIndex]
      await world.sim.complete(world.manager.deleteLog(topic, index))
      await world.sim.run({ forMs: 1000 })
      disk.faults.capacityBytes = Number.POSITIVE_INFINITY
      await world.sim.run({ forMs: 1000 })
      t.ok(world.log.isOffline)
      t.match(append(world.log, batch()), { kind: 'failed' })
    },
  )

t.test('one data directory that fails leaves the other online', async t => {
  const world = await openWorld(
    {},
    { instantDisk: false, manager: { directories: ['/data', '/more'] } },
  )
  const other = world.manager.getOrCreate('events', world.log.topicId, 1, world.config)
  t.not(other.dataDirectory, world.log.dataDirectory)
  append(world.log, batch())
  append(other, batch())
  await settle(world)
  world.sim.disk('one').fail('write', 1, 'EIO')
  append(world.log, batch())
  await settle(world)
  t.ok(world.log.isOffline)
  t.notOk(other.isOffline)
  append(other, batch())
  await settle(world)
  t.equal(other.writtenEndOffset, 2)
  t.same(
    world.manager.directories.map(each => each.isOnline),
    [false, true],
  )
})

t.test('a start on a full disk serves what is there', async t => {
  const world = await openWorld({ segmentBytes: 1000 }, { instantDisk: false })
  const acked = new Map<number, string>()
  await produce(world, acked, 20)
  world.sim.kill('one')
  const disk = world.sim.disk('one')
  disk.faults.capacityBytes = disk.usedBytes
  await reopen(world)
  t.notOk(world.log.isOffline)
  await checkAcked(world, acked, 'on a full disk')
  disk.faults.capacityBytes = Number.POSITIVE_INFINITY
  await produce(world, new Map(), 1)
  t.equal(world.log.writtenEndOffset, 21)
})

t.test('retention makes room on a full disk', async t => {
  const world = await openWorld({ segmentBytes: 1000, retentionBytes: 500 }, { instantDisk: false })
  await produce(world, new Map(), 20)
  world.log.updateHighWatermark(20)
  const disk = world.sim.disk('one')
  const before = disk.usedBytes
  disk.faults.capacityBytes = before
  await world.sim.complete(world.manager.applyRetention())
  await settle(world)
  t.ok(disk.usedBytes < before, `${disk.usedBytes} of ${before}`)
  t.notOk(world.log.isOffline)
  t.ok(world.log.logStartOffset > 0)
})

t.test('a disk that stays full is told once a minute, in one line', async t => {
  // Indexes with entries: they are what waits for space.
  const world = await openWorld({ indexIntervalBytes: 1 }, { instantDisk: false })
  await produce(world, new Map(), 3)
  const disk = world.sim.disk('one')
  disk.faults.capacityBytes = disk.usedBytes
  const warnings = () => world.sim.logs.filter(line => line.message.includes('checkpoints wait'))
  await world.sim.run({ forMs: 60_000 })
  t.equal(warnings().length, 1)
  t.type(warnings()[0]?.fields.cause, 'string')
  await world.sim.run({ forMs: 120_000 })
  t.equal(warnings().length, 3)
})

t.test('retention makes room for a log that refuses appends, and for the others', async t => {
  const world = await openWorld({ retentionMs: 10_000 }, { instantDisk: false })
  const other = world.manager.getOrCreate('other', 'b3RoZXItdG9waWMtaWQtMQ', 0, world.config)
  append(other, batch({ values: ['other'] }))
  const disk = world.sim.disk('one')
  await produce(world, new Map(), 3)
  disk.faults.capacityBytes = disk.usedBytes + 100
  append(world.log, batch({ values: ['x'.repeat(2000)] }))
  await settle(world)
  t.match(append(world.log, batch()), { kind: 'failed', error: 'KAFKA_STORAGE_ERROR' })
  for (const log of [world.log, other]) log.updateHighWatermark(log.logEndOffset)
  await world.sim.run({ forMs: 20_000 })
  t.equal(await world.sim.complete(world.manager.applyRetention()), 2)
  disk.faults.capacityBytes = Number.POSITIVE_INFINITY
  await world.sim.run({ forMs: 1000 })
  t.equal(world.log.logStartOffset, 3)
  t.match(append(world.log, batch()), { kind: 'appended', baseOffset: 3 })
})
