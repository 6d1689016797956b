// A log that goes to another data directory while it is written to, read, cut, and while the machine fails.

import t from 'tap'
import {
  append,
  batch,
  openWorld,
  readAll,
  reopen,
  settle,
  TOPIC,
  type World,
} from './testing/test-kit.ts'

const OTHER = '/other'
const COMPACTED = { cleanupCompact: true, cleanupDelete: false, minCleanableDirtyRatio: 0 }

function open(seed = 1): Promise<World> {
  const manager = { directories: ['/data', OTHER], tailBudgetBytes: 1024 }
  const change = { segmentBytes: 20_000, fileDeleteDelayMs: 0 }
  return openWorld(change, { seed, instantDisk: false, manager })
}

const produce = (world: World, count: number) => {
  for (let n = 0; n < count; n++) {
    append(world.log, batch({ values: [`value ${world.log.logEndOffset} ${'x'.repeat(2_000)}`] }))
  }
}

function isRight({ seen }: Awaited<ReturnType<typeof readAll>>): boolean {
  return seen.every(({ offset, value }, n) => offset === n && value?.startsWith(`value ${n} `))
}

t.test('a log moves while it is written to, and goes on in the other directory', async t => {
  const world = await open()
  const from = world.log.dataDirectory
  const to = from === OTHER ? '/data' : OTHER
  produce(world, 100)
  await settle(world)
  t.equal(world.manager.move(TOPIC, 0, to), null)
  for (let n = 0; n < 100 && world.manager.moves.length > 0; n++) {
    produce(world, 3)
    await world.sim.run({ forMs: 1 })
  }
  await world.sim.run(() => world.manager.moves.length === 0)
  t.equal(world.log.dataDirectory, to)
  produce(world, 20)
  await world.sim.complete(world.log.flush())
  t.equal(world.log.writtenEndOffset, world.log.logEndOffset)
  const all = await readAll(world, 0)
  t.equal(all.seen.length, world.log.logEndOffset)
  t.ok(isRight(all))
  await settle(world)
  const paths = world.sim.disk('one').paths()
  t.notOk(
    paths.some(path => path.startsWith(`${from}/${TOPIC}`)),
    'nothing is left behind',
  )
  await world.sim.complete(world.manager.close())
  world.sim.kill('one')
  await reopen(world)
  t.equal(world.log.dataDirectory, to)
  t.equal((await readAll(world, 0)).seen.length, all.seen.length)
})

t.test('a log that was never written to moves without a file', async t => {
  const world = await open()
  const to = world.log.dataDirectory === OTHER ? '/data' : OTHER
  world.manager.move(TOPIC, 0, to)
  await world.sim.run(() => world.manager.moves.length === 0)
  produce(world, 1)
  await settle(world)
  t.ok(
    world.sim
      .disk('one')
      .paths()
      .some(path => path.startsWith(`${to}/${TOPIC}-0/`)),
  )
})

t.test('a log that is cut while it moves is copied again', async t => {
  const world = await open()
  const to = world.log.dataDirectory === OTHER ? '/data' : OTHER
  produce(world, 1_500)
  await settle(world)
  world.manager.move(TOPIC, 0, to)
  await world.sim.run(() => (world.manager.moves[0]?.copiedBytes ?? 0) > 300_000)
  await world.sim.complete(world.log.truncateTo(30))
  produce(world, 10)
  await world.sim.run(() => world.manager.moves.length === 0)
  t.equal(world.log.dataDirectory, to)
  const check = async () => {
    const all = await readAll(world, 0)
    t.equal(all.seen.length, 40)
    t.ok(isRight(all))
  }
  await check()
  // Nothing of what was cut is in the files, either.
  await world.sim.complete(world.log.flush())
  world.sim.kill('one')
  await reopen(world)
  await check()
})

t.test(
  'after a crash at any moment of a move there is one log, with all that was synced',
  async t => {
    for (let moment = 0; moment < 60; moment++) {
      const world = await open(moment)
      const to = world.log.dataDirectory === OTHER ? '/data' : OTHER
      produce(world, 40)
      await world.sim.complete(world.log.flush())
      const synced = world.log.syncedEndOffset
      world.manager.move(TOPIC, 0, to)
      await world.sim.run({ forMs: moment / 4 })
      produce(world, 1)
      world.sim.crash('one')
      await reopen(world)
      const all = await readAll(world, 0)
      if (all.seen.length < synced || !isRight(all)) t.fail(`moment ${moment}: ${all.seen.length}`)
      if ([...world.manager.logs()].length !== 1) t.fail(`moment ${moment}: more than one log`)
      await settle(world)
      const paths = world.sim.disk('one').paths()
      if (paths.some(path => path.includes('-future'))) t.fail(`moment ${moment}: a copy is left`)
    }
    t.pass()
  },
)

t.test('what cannot be moved is refused', async t => {
  const world = await open()
  t.equal(world.manager.move(TOPIC, 0, '/nowhere'), 'LOG_DIR_NOT_FOUND')
  t.equal(world.manager.move('unknown', 0, OTHER), 'REPLICA_NOT_AVAILABLE')
})

t.test('a full disk leaves the log where it is', async t => {
  const world = await open()
  const from = world.log.dataDirectory
  produce(world, 50)
  await settle(world)
  world.sim.disk('one').fail('write', 3, 'ENOSPC')
  world.manager.move(TOPIC, 0, from === OTHER ? '/data' : OTHER)
  await world.sim.run(() => world.manager.moves.length === 0)
  t.equal(world.log.dataDirectory, from)
  const paths = world.sim.disk('one').paths()
  t.notOk(paths.some(path => path.includes('-future')))
  produce(world, 1)
  await settle(world)
  t.ok(isRight(await readAll(world, 0)))
})

t.test('a cleaning that is overtaken by a move touches neither directory', async t => {
  let count = 0
  for (let at = 0; ; at += 7) {
    const world = await openWorld(
      { ...COMPACTED, segmentBytes: 3_000, fileDeleteDelayMs: 0 },
      {
        seed: at,
        instantDisk: false,
        manager: { directories: ['/data', OTHER], cleanerBytesPerSecond: 50_000 },
      },
    )
    const { sim, log, manager } = world
    for (let n = 0; n < 60; n++) {
      append(log, batch({ keys: [`key ${n % 7}`], values: [`value ${n} ${'x'.repeat(200)}`] }))
    }
    await sim.complete(log.flush())
    log.updateHighWatermark(log.logEndOffset)
    let isClean = false
    const cleaning = manager.runCleaner().then(() => {
      isClean = true
    })
    const { eventCount } = sim
    await sim.run(() => isClean || sim.eventCount >= eventCount + at)
    if (isClean) break
    count++
    const to = log.dataDirectory === OTHER ? '/data' : OTHER
    t.equal(manager.move(TOPIC, 0, to), null)
    await sim.run(() => manager.moves.length === 0)
    await sim.complete(cleaning)
    t.ok(
      manager.directories.every(directory => directory.isOnline),
      `moved after ${at} events`,
    )
    t.equal(log.dataDirectory, to)
    const { seen } = await readAll(world)
    const values = seen.map(({ value }) => value?.split(' ')[1])
    t.same(values.slice(-7), ['53', '54', '55', '56', '57', '58', '59'])
  }
  t.ok(count > 10, `${count} moments`)
})
