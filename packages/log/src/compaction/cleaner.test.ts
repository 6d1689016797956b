import { SimRandom } from '@weir/core/sim'
import { batchAttributes, batchPositions, isControl, records, writeBatchCrc } from '@weir/protocol'
import t from 'tap'
import {
  append,
  batch,
  marker,
  openWorld,
  reopen,
  START_MS,
  settle,
  type World,
} from '../testing/test-kit.ts'

interface Row {
  readonly offset: number
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
}

const HOUR = 3_600_000

/** What a read_committed consumer sees from the start. */
async function visible(world: World): Promise<Row[]> {
  const { log, sim } = world
  const rows: Row[] = []
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    const outcome = await sim.complete(
      Promise.resolve(
        log.read({
          fromOffset: offset,
          maxBytes: 5000,
          limitOffset: log.logEndOffset,
          minOneBatch: true,
          withAborted: true,
        }),
      ),
    )
    if (outcome.kind === 'failed') throw new Error(`${outcome.error} ${outcome.message}`)
    const aborted = [...(outcome.abortedTransactions ?? [])].sort(
      (a, b) => a.firstOffset - b.firstOffset,
    )
    collect(outcome.chunks, offset, aborted, rows)
    outcome.release()
    if (outcome.endOffset <= offset) break
    offset = outcome.endOffset
  }
  return rows
}

function collect(
  chunks: readonly Buffer[],
  from: number,
  aborted: { producerId: number; firstOffset: number }[],
  rows: Row[],
): void {
  const open = new Set<number>()
  for (const chunk of chunks) {
    for (const at of batchPositions(chunk)) {
      const attributes = batchAttributes(chunk, at)
      const producerId = Number(chunk.readBigInt64BE(at + 43))
      const lastOffset = Number(chunk.readBigInt64BE(at)) + chunk.readInt32BE(at + 23)
      while (aborted.length > 0 && aborted[0]!.firstOffset <= lastOffset) {
        open.add(aborted.shift()!.producerId)
      }
      if (isControl(attributes)) {
        open.delete(producerId)
        continue
      }
      if ((attributes & 0x10) !== 0 && open.has(producerId)) continue
      for (const record of records(chunk, at)) {
        if (record.offset < from) continue
        const value = record.value?.toString() ?? null
        rows.push({
          offset: record.offset,
          key: record.key!.toString(),
          value,
          timestamp: record.timestamp,
        })
      }
    }
  }
}

function rowText(row: Row): string {
  return JSON.stringify(row)
}

function newest(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map(row => [row.key, row]))
}

/** Random keyed data, with transactions of two producers; all is below the high watermark. */
async function fill(
  world: World,
  random: SimRandom,
  batches: number,
  sequences: number[],
): Promise<void> {
  const { log } = world
  const open = [false, false]
  const codecs = ['none', 'lz4', 'gzip'] as const
  for (let index = 0; index < batches; index++) {
    const count = 1 + random.below(4)
    const keys = Array.from({ length: count }, () => `key ${random.below(12)}`)
    const values = keys.map(() =>
      random.below(5) === 0 ? null : `value ${log.logEndOffset} ${random.below(1000)}`,
    )
    const timestamps = keys.map(() => world.env.clock.nowMs() + random.below(1000))
    const producer = random.below(4)
    const codec = codecs[random.below(3)]!
    if (producer > 1) {
      append(log, batch({ keys, values, timestamps, codec }), { nowMs: world.env.clock.nowMs() })
    } else {
      const producerId = 50 + producer
      const baseSequence = sequences[producer]!
      append(
        log,
        batch({
          keys,
          values,
          timestamps,
          codec,
          producerId,
          producerEpoch: 0,
          baseSequence,
          isTransactional: true,
        }),
      )
      sequences[producer] = baseSequence + count
      open[producer] = true
      if (random.below(3) === 0) end(producer)
    }
    if (random.below(6) === 0) await settle(world)
  }
  end(0)
  end(1)
  await settle(world)
  log.updateHighWatermark(log.logEndOffset)

  function end(producer: number): void {
    if (!open[producer]) return
    open[producer] = false
    const kind = random.below(2) === 0 ? 'commit' : 'abort'
    append(log, marker({ kind, producerId: 50 + producer, producerEpoch: 0 }), {
      origin: 'coordinator',
    })
  }
}

const CONFIG = {
  cleanupCompact: true,
  cleanupDelete: false,
  segmentBytes: 1500,
  indexIntervalBytes: 300,
  minCleanableDirtyRatio: 0,
  deleteRetentionMs: HOUR,
  fileDeleteDelayMs: 5,
}

t.test(
  'cleaning keeps the newest value of every key, offsets, timestamps and tombstones',
  async t => {
    for (let seed = 1; seed <= 15; seed++) {
      const random = new SimRandom(`clean ${seed}`)
      const world = await openWorld(CONFIG)
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
  const world = await openWorld(CONFIG)
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
    const world = await openWorld(CONFIG)
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

t.test('a map that is too small cleans less, and never wrongly', async t => {
  const world = await openWorld(CONFIG, { manager: { cleanerMapBytes: 24 * 1024 } })
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
  const config = { ...CONFIG, segmentBytes: 100_000, deleteRetentionMs: 1 }
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
    const world = await openWorld(CONFIG, { seed: cutAt, instantDisk: false })
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
  const world = await openWorld({ ...CONFIG, segmentBytes: 2_000 })
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

t.test('a crash at any moment of a cleaning loses nothing', async t => {
  let points = 0
  for (let seed = 1; seed <= 3; seed++) {
    for (let crashAt = 0; ; crashAt += 3) {
      const random = new SimRandom(`crash clean ${seed}`)
      const world = await openWorld(CONFIG, { seed: seed * 1000 + crashAt, instantDisk: false })
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
