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
  type World,
} from '../testing/test-kit.ts'
import { acceptLoss } from './accept-loss.ts'
import { dumpSegment, dumpSmallFile } from './dump-file.ts'
import { inspectDataDirectory } from './inspect-directory.ts'

const DIRECTORY = `${DATA}/${TOPIC}-0`
const FIRST = `${DIRECTORY}/00000000000000000000.log`

async function filled(): Promise<World> {
  const world = await openWorld({ segmentBytes: 1500, indexIntervalBytes: 100 })
  for (let index = 0; index < 40; index++) {
    append(
      world.log,
      batch({ values: [`value ${index}`], producerId: 3, producerEpoch: 1, baseSequence: index }),
    )
    if (index % 5 === 0) await settle(world)
  }
  await settle(world)
  await world.sim.complete(world.manager.close())
  return world
}

t.test('every kind of file is printed, and a damaged one says so', async t => {
  const world = await filled()
  const disk = world.sim.disk('one')
  const kinds: string[] = []
  for (const path of disk.paths()) {
    if (path.endsWith('.log')) continue
    const dump = await dumpSmallFile(world.env.disk, path)
    t.same(dump?.problems, [], path)
    kinds.push(dump?.kind ?? 'unknown')
    const bytes = disk.contents(path)!
    if (bytes.length === 0) continue
    disk.setContents(path, bytes.subarray(0, bytes.length - 3))
    t.ok(((await dumpSmallFile(world.env.disk, path))?.problems.length ?? 0) > 0, `${path} cut`)
    disk.setContents(path, bytes)
  }
  t.same([...new Set(kinds)].sort(), [
    'clean-shutdown checkpoint',
    'log checkpoint',
    'offset index',
    'offsets checkpoint',
    'partition metadata',
    'producer snapshot',
    'producers checkpoint',
    'time index',
  ])
  const batches = [...dumpSegment(world.env.disk, FIRST, { withRecords: true })]
  t.ok(batches.length > 5)
  t.match(batches[2], { baseOffset: 2, lastOffset: 2, producerId: 3, codec: 'none', problem: null })
  t.equal(batches[2]?.records[0]?.value?.toString(), 'value 2')
  disk.flipBit(FIRST, 8 * 200)
  t.equal(
    [...dumpSegment(world.env.disk, FIRST, { withRecords: false })].at(-1)?.problem,
    'checksum mismatch',
  )
})

t.test('the doctor reports and changes nothing; accepting the loss lets readers pass', async t => {
  const world = await filled()
  const disk = world.sim.disk('one')
  t.match(await world.sim.complete(inspectDataDirectory(world.env, DATA)), {
    wasStoppedCleanly: true,
    problems: [],
    logs: [{ name: `${TOPIC}-0`, startOffset: 0, endOffset: 40, damage: [], problems: [] }],
  })
  const size = batch({
    values: ['value 3'],
    producerId: 3,
    producerEpoch: 1,
    baseSequence: 3,
  }).length
  disk.flipBit(FIRST, 8 * (3 * size + 70))
  const before = disk.paths().map(path => `${path} ${disk.contents(path)!.toString('latin1')}`)
  const report = await world.sim.complete(inspectDataDirectory(world.env, DATA))
  t.match(report.logs[0]?.damage, [{ fromOffset: 3, toOffset: 4 }])
  t.same(
    disk.paths().map(path => `${path} ${disk.contents(path)!.toString('latin1')}`),
    before,
  )
  await reopen(world)
  t.same((await readAll(world)).damaged, [3])
  await t.rejects(acceptLoss(world.env, DATA), { code: 'ELOCKED' })
  await world.sim.complete(world.manager.close())
  const accepted = await world.sim.complete(acceptLoss(world.env, DATA))
  t.match(accepted, [{ name: `${TOPIC}-0`, ranges: [{ fromOffset: 3, toOffset: 4 }] }])
  t.ok(disk.contents(`${FIRST}.damaged`) !== null)
  await reopen(world)
  const { seen, damaged } = await readAll(world)
  t.same(damaged, [])
  t.equal(seen.length, 39)
  t.equal(world.log.logEndOffset, 40)
  t.same(world.log.damagedRanges(), [])
  await world.sim.complete(world.manager.close())
  t.same((await world.sim.complete(inspectDataDirectory(world.env, DATA))).logs[0]?.damage, [])
})

t.test('a segment that went missing is a loss, and loud', async t => {
  const world = await filled()
  const disk = world.sim.disk('one')
  const middle = disk.paths().filter(path => path.endsWith('.log'))[1]!
  await world.env.disk.unlink(middle)
  await world.env.disk.unlink(`${DATA}/weir-clean-shutdown`)
  await reopen(world)
  const [range] = world.log.damagedRanges()
  t.ok(range !== undefined && range.toOffset > range.fromOffset)
  const { damaged } = await readAll(world)
  t.same(damaged.length, range!.toOffset - range!.fromOffset)
  await world.sim.complete(world.manager.close())
  await world.sim.complete(acceptLoss(world.env, DATA))
  await reopen(world)
  t.same((await readAll(world)).damaged, [])
  t.equal(world.log.logEndOffset, 40)
})
