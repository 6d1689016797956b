import { SimRandom } from '@weir/core/sim'
import t from 'tap'
import type { Segment } from './segment.ts'
import { TailBudget, TailMemory } from './tail-memory.ts'
import { append, batch, openWorld, readAll, settle } from './testing/test-kit.ts'

const BUDGET = 300_000

t.test(
  'the memory of all tails stays within the budget, whatever the sizes of batches',
  async t => {
    const random = new SimRandom('tails')
    const world = await openWorld(
      { segmentBytes: 100_000 },
      { manager: { tailBudgetBytes: BUDGET } },
    )
    const { manager, config } = world
    const logs = [0, 1, 2, 3].map(index =>
      manager.getOrCreate('events', world.log.topicId, index, config),
    )
    const values = logs.map((): string[] => [])
    for (let step = 0; step < 400; step++) {
      const index = random.below(4)
      const size = random.below(8) === 0 ? random.below(40_000) : random.below(600)
      const value = `${step} ${'v'.repeat(size)}`
      append(logs[index]!, batch({ values: [value] }))
      values[index]!.push(value)
      if (step % 3 === 0) await settle(world)
      if (step % 3 === 0 && manager.tailBytes > BUDGET)
        t.fail(`${manager.tailBytes} bytes at step ${step}`)
    }
    await settle(world)
    for (const [index, log] of logs.entries()) {
      const { seen } = await readAll({ ...world, log })
      t.same(
        seen.map(each => each.value),
        values[index],
      )
    }
  },
)

t.test('chunks that a reader still holds are not overwritten by what comes next', async t => {
  const world = await openWorld({}, { manager: { tailBudgetBytes: 1_000_000 } })
  const fill = async (letter: string, count: number) => {
    for (let index = 0; index < count; index++) {
      append(world.log, batch({ values: [letter.repeat(3000)] }))
      if (index % 20 === 0) await settle(world)
    }
    await settle(world)
  }
  await fill('a', 100)
  const held = world.log.read({
    fromOffset: 30,
    maxBytes: 200_000,
    limitOffset: 100,
    minOneBatch: true,
  })
  if (held instanceof Promise || held.kind === 'failed') throw new Error('not in memory')
  const before = Buffer.concat(held.chunks)
  await fill('b', 600)
  t.ok(Buffer.concat(held.chunks).equals(before))
  held.release()
})

t.test('blocks go round: a full tail takes its memory from what it drops', async t => {
  const budget = new TailBudget(4 * 1024 * 1024)
  const tail = new TailMemory(budget)
  const segment = {} as Segment
  const one = batch({ values: ['x'.repeat(100_000)] })
  const memory = new Set<ArrayBufferLike>()
  for (let step = 0; step < 500; step++) {
    tail.append(segment, step * one.length, one, 0, one.length)
    const gathered = tail.gather(1_000_000, 64)
    for (const buffer of gathered?.buffers ?? []) memory.add(buffer.buffer)
    tail.markWritten(gathered?.bytes ?? 0)
    if (budget.usedBytes > 4 * 1024 * 1024) t.fail(`${budget.usedBytes} bytes at step ${step}`)
  }
  t.ok(memory.size < 40, `${memory.size} blocks for 250`)
})

t.test('a small batch out of a large frame does not pin the frame', async t => {
  const world = await openWorld()
  const one = batch({ values: ['x'.repeat(200_000)] })
  const frame = Buffer.alloc(10_000_000)
  one.copy(frame, 5000)
  append(world.log, frame.subarray(5000, 5000 + one.length))
  t.ok(world.manager.tailBytes < 210_000, `${world.manager.tailBytes}`)
})

t.test('limits: whole batches below the limit offset, at least one if asked for', async t => {
  const world = await openWorld()
  for (let index = 0; index < 5; index++) append(world.log, batch({ values: ['abc', 'def'] }))
  await settle(world)
  const size = batch({ values: ['abc', 'def'] }).length
  const cases: [
    fromOffset: number,
    maxBytes: number,
    limitOffset: number,
    isOne: boolean,
    end: number,
  ][] = [
    [0, 1e6, 10, false, 10],
    [0, 1e6, 9, false, 8],
    [3, 1e6, 10, false, 10],
    [0, size * 2, 10, false, 4],
    [0, size - 1, 10, false, 0],
    [0, size - 1, 10, true, 2],
    [4, 1, 10, true, 6],
    [10, 1e6, 10, true, 10],
    [2, 1e6, 2, true, 2],
  ]
  const check = async () => {
    for (const [fromOffset, maxBytes, limitOffset, minOneBatch, end] of cases) {
      const outcome = await world.log.read({ fromOffset, maxBytes, limitOffset, minOneBatch })
      if (outcome.kind === 'failed') throw new Error(outcome.message)
      t.equal(outcome.endOffset, end, `from ${fromOffset}, ${maxBytes} bytes, below ${limitOffset}`)
      outcome.release()
    }
  }
  await check()
  await world.manager.close()
  const { reopen } = await import('./testing/test-kit.ts')
  await reopen(world)
  await check()
  t.match(
    await world.log.read({ fromOffset: 11, maxBytes: 1, limitOffset: 99, minOneBatch: true }),
    {
      kind: 'failed',
      error: 'OFFSET_OUT_OF_RANGE',
    },
  )
})
