import t from 'tap'
import {
  append,
  batch,
  config,
  DATA,
  marker,
  openWorld,
  readAll,
  reopen,
  START_MS,
  settle,
  TOPIC,
} from './testing/test-kit.ts'

const FIRST = `${DATA}/${TOPIC}-0/00000000000000000000.log`
const DAY = 86_400_000

t.test(
  'a segment is closed by size, by age, by a full index, and never while it is empty',
  async t => {
    const cases = [
      { name: 'size', changes: { segmentBytes: 500 }, stepMs: 0 },
      { name: 'age', changes: { segmentMs: 1000 }, stepMs: 300 },
      { name: 'offset index', changes: { maxIndexBytes: 24, indexIntervalBytes: 1 }, stepMs: 0 },
      {
        name: 'largest lag of compaction',
        changes: { cleanupCompact: true, maxCompactionLagMs: 1000 },
        stepMs: 300,
      },
    ]
    for (const { name, changes, stepMs } of cases) {
      const world = await openWorld(changes)
      for (let index = 0; index < 20; index++) {
        const timestamp = START_MS + index * stepMs
        append(world.log, batch({ values: ['v'.repeat(40)], timestamp }), { nowMs: timestamp })
      }
      t.ok(
        world.log.segmentCount >= 4 && world.log.segmentCount <= 8,
        `${name}: ${world.log.segmentCount}`,
      )
      await settle(world)
      t.equal((await readAll(world)).seen.length, 20, name)
    }
    const world = await openWorld({ segmentMs: 1 })
    append(world.log, batch({ timestamp: START_MS + DAY }), { nowMs: START_MS + DAY })
    t.equal(world.log.segmentCount, 1)
  },
)

t.test(
  'a batch whose offsets are too far from the base of the segment begins a new one',
  async t => {
    const world = await openWorld()
    const far = 3_000_000_000
    const replicate = (baseOffset: number) =>
      append(world.log, batch({ baseOffset, leaderEpoch: 1 }), {
        origin: 'replication',
        leaderEpoch: 1,
      })
    replicate(0)
    replicate(2_147_483_647)
    t.equal(world.log.segmentCount, 1)
    replicate(far)
    t.equal(world.log.segmentCount, 2)
    await settle(world)
    t.same(
      (await readAll(world)).seen.map(each => each.offset),
      [0, 2_147_483_647, far],
    )
  },
)

t.test('segments with jitter do not all close at the same age', async t => {
  const world = await openWorld()
  const settings = config({ segmentMs: 10_000, segmentJitterMs: 9_000 })
  const ages = new Set<number>()
  for (let index = 0; index < 20; index++) {
    const log = world.manager.getOrCreate('jitter', world.log.topicId, index, settings)
    for (let ageMs = 0; log.segmentCount < 2 && ageMs < 20_000; ageMs += 500) {
      append(log, batch({ timestamp: START_MS + ageMs }))
      if (log.segmentCount === 2) ages.add(ageMs)
    }
  }
  t.ok(ages.size > 5, [...ages].join())
})

t.test('zeros behind any batch, as preallocation leaves them, end the log', async t => {
  const world = await openWorld()
  for (let index = 0; index < 6; index++) append(world.log, batch({ values: [`${index}`] }))
  await settle(world)
  world.sim.kill('one')
  const disk = world.sim.disk('one')
  const whole = disk.contents(FIRST)!
  for (let count = 0; count <= 6; count++) {
    const bytes = Buffer.alloc(whole.length + 5000)
    whole.copy(bytes, 0, 0, (whole.length / 6) * count)
    disk.setContents(FIRST, bytes)
    await reopen(world)
    t.equal(world.log.logEndOffset, count)
    t.same((await readAll(world)).damaged, [])
    t.equal(disk.contents(FIRST)!.length, (whole.length / 6) * count)
    world.sim.kill('one')
  }
})

t.test(
  'a log cut in the middle of open transactions has the aborted ones of what is left',
  async t => {
    const world = await openWorld({ segmentBytes: 700 })
    const { log } = world
    const write = (producerId: number, baseSequence: number) =>
      append(
        log,
        batch({
          producerId,
          producerEpoch: 0,
          baseSequence,
          isTransactional: true,
          values: ['v'.repeat(60)],
        }),
      )
    const end = (kind: 'commit' | 'abort', producerId: number) =>
      append(log, marker({ kind, producerId, producerEpoch: 0 }), { origin: 'coordinator' })
    write(1, 0) // 0
    write(2, 0) // 1
    end('abort', 1) // 2
    write(1, 1) // 3
    write(2, 1) // 4
    end('abort', 2) // 5
    write(1, 2) // 6
    end('abort', 1) // 7
    await settle(world)
    const aborted = async (limitOffset: number, fromOffset = 0) => {
      const found: unknown[] = []
      for (let offset = fromOffset; offset < limitOffset; ) {
        const request = {
          fromOffset: offset,
          maxBytes: 1,
          limitOffset,
          minOneBatch: true,
          withAborted: true,
        }
        const outcome = await world.sim.complete(Promise.resolve(world.log.read(request)))
        if (outcome.kind === 'failed') throw new Error(outcome.message)
        for (const each of outcome.abortedTransactions ?? []) {
          const text = `${each.producerId}@${each.firstOffset}`
          if (!found.includes(text)) found.push(text)
        }
        outcome.release()
        offset = outcome.endOffset
      }
      return found.sort()
    }
    t.same(await aborted(8), ['1@0', '1@3', '2@1'])
    // Exactly those of the range: neither what ended before it nor what begins behind it.
    t.same(await aborted(8, 3), ['1@3', '2@1'])
    t.same(await aborted(8, 6), ['1@3'])
    t.same(await aborted(3), ['1@0', '2@1'])
    await world.sim.complete(log.truncateTo(7))
    t.same(await aborted(7), ['1@0', '2@1'])
    log.updateHighWatermark(7)
    t.equal(log.lastStableOffset, 3)
    await world.sim.complete(log.truncateTo(5))
    log.updateHighWatermark(5)
    t.same(await aborted(5), ['1@0'])
    t.equal(log.lastStableOffset, 1)
    world.sim.kill('one')
    await reopen(world)
    world.log.updateHighWatermark(5)
    t.same(await aborted(5), ['1@0'])
    t.equal(world.log.lastStableOffset, 1)
    t.match(
      append(world.log, marker({ kind: 'commit', producerId: 2, producerEpoch: 0 }), {
        origin: 'coordinator',
      }),
      {
        kind: 'appended',
        baseOffset: 5,
      },
    )
    t.match(
      append(
        world.log,
        batch({ producerId: 1, producerEpoch: 0, baseSequence: 1, isTransactional: true }),
      ),
      {
        kind: 'duplicate',
        baseOffset: 3,
      },
    )
  },
)

t.test(
  'every ack waits for a sync with flush.messages=1, and one sync serves all who wait',
  async t => {
    const world = await openWorld({ flushMessages: 1 }, { instantDisk: false })
    const disk = world.sim.disk('one')
    append(world.log, batch())
    await settle(world)
    const before = disk.calls.sync
    for (let index = 0; index < 500; index++) append(world.log, batch())
    t.equal(world.log.writtenEndOffset, 1)
    await settle(world)
    t.equal(world.log.writtenEndOffset, 501)
    t.ok(disk.calls.sync - before <= 3, `${disk.calls.sync - before} syncs of one turn`)
    const fromSync = disk.calls.sync
    for (let index = 0; index < 500; index++) {
      append(world.log, batch())
      await world.sim.run({ forMs: 0.05 })
    }
    await settle(world)
    t.equal(world.log.syncedEndOffset, 1001)
    t.ok(disk.calls.sync - fromSync < 200, `${disk.calls.sync - fromSync} syncs for 500 appends`)
    t.equal(world.log.writtenEndOffset, 1001)
  },
)

t.test(
  'flush.messages=N never leaves N acknowledged messages unsynced; flush.ms syncs in time',
  async t => {
    const world = await openWorld({ flushMessages: 10, flushMs: 1000 }, { instantDisk: false })
    world.log.setListener({
      onWritten() {
        const unsynced = world.log.writtenEndOffset - world.log.syncedEndOffset
        if (unsynced >= 10) t.fail(`${unsynced} unsynced`)
      },
      onFailure() {},
    })
    for (let index = 0; index < 200; index++) {
      append(world.log, batch({ values: ['a', 'b', 'c'] }))
      if (index % 3 === 0) await world.sim.run({ forMs: 0.2 })
    }
    await settle(world)
    append(world.log, batch())
    await settle(world)
    t.equal(world.log.writtenEndOffset, 601)
    await world.sim.run({ forMs: 1500 })
    t.equal(world.log.syncedEndOffset, 601)
  },
)

t.test('a disk that answers wrongly now and then never has a wrong record served', async t => {
  for (let seed = 1; seed <= 6; seed++) {
    const world = await openWorld(
      { segmentBytes: 2000, indexIntervalBytes: 100 },
      { seed, manager: { tailBudgetBytes: 0, indexCacheBytes: 0 } },
    )
    for (let index = 0; index < 60; index++) {
      append(world.log, batch({ values: [`value ${index} ${'v'.repeat(60)}`] }))
      if (index % 5 === 0) await settle(world)
    }
    await settle(world)
    await world.sim.complete(world.manager.close())
    await reopen(world)
    const disk = world.sim.disk('one')
    disk.faults.readFlipChance = 0.1
    for (let round = 0; round < 3; round++) {
      const { seen } = await readAll(world, 0, 900)
      for (const { offset, value } of seen) {
        if (value !== `value ${offset} ${'v'.repeat(60)}`)
          t.fail(`seed ${seed}: offset ${offset} holds ${value}`)
      }
      t.ok(seen.length > 20, `seed ${seed}: ${seen.length} served`)
    }
    disk.heal()
    await world.sim.complete(world.manager.close())
    await reopen(world)
    const { seen, damaged } = await readAll(world)
    t.equal(seen.length + damaged.length, 60)
  }
})
