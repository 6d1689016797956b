import t from 'tap'
import type { Env } from '../env.ts'
import { type SimDisk, Simulation } from './index.ts'

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed)

interface Machine {
  readonly sim: Simulation
  readonly disk: SimDisk
  readonly env: Env
}

function instantMachine(seed: number): Machine {
  const sim = new Simulation({ seed, instantDisk: true })
  return { sim, disk: sim.disk('a'), env: sim.env('a') }
}

t.test('what was synced survives every crash, what was not is kept, lost or torn', async t => {
  const outcomes = new Set<string>()
  for (const seed of SEEDS) {
    const { sim, disk, env } = instantMachine(seed)
    const file = env.disk.openSync('/log', 'write')
    file.writeSync([Buffer.alloc(2_000, 'a')], 0)
    await file.sync()
    await env.disk.syncDir('/')
    file.writeSync([Buffer.alloc(2_000, 'b')], 2_000)
    file.writeSync([Buffer.alloc(2_000, 'c')], 4_000)
    sim.crash('a')
    const left = disk.contents('/log')?.toString() ?? ''
    if (!left.startsWith('a'.repeat(2_000))) t.fail(`seed ${seed} lost synced bytes`)
    const kind = left.length === 2_000 ? 'lost' : left.length === 6_000 ? 'whole' : 'torn'
    outcomes.add(left.includes('\0') ? 'holes' : kind)
  }
  t.same([...outcomes].sort(), ['holes', 'lost', 'torn', 'whole'])
})

t.test('a file is there after a crash for sure only when its directory was synced', async t => {
  let missing = 0
  for (const seed of SEEDS) {
    const { sim, disk, env } = instantMachine(seed)
    env.disk.mkdirSync('/data')
    await env.disk.syncDir('/')
    const durable = env.disk.openSync('/data/durable', 'write')
    durable.writeSync([Buffer.from('x')], 0)
    await durable.sync()
    await env.disk.syncDir('/data')
    const risky = env.disk.openSync('/data/risky', 'write')
    risky.writeSync([Buffer.from('x')], 0)
    await risky.sync()
    sim.crash('a')
    t.equal(disk.contents('/data/durable')?.toString(), 'x')
    const left = disk.contents('/data/risky')
    if (left === null) missing++
    else t.equal(left.toString(), 'x')
  }
  t.ok(missing > 20 && missing < 180, `${missing} of 200 lost the entry`)
})

t.test('a power failure may leave garbage behind what was synced, not in it', async t => {
  let garbled = 0
  for (const seed of SEEDS) {
    const { sim, disk, env } = instantMachine(seed)
    disk.faults.garbageChance = 1
    disk.setContents('/log', Buffer.alloc(1024, 'a'))
    const file = env.disk.openSync('/log', 'write')
    file.writeSync([Buffer.alloc(1024, 'b')], 1024)
    sim.crash('a')
    const left = disk.contents('/log') ?? Buffer.alloc(0)
    t.ok(left.subarray(0, 1024).equals(Buffer.alloc(1024, 'a')))
    if (left.subarray(1024).some(byte => byte !== 98 && byte !== 0)) garbled++
  }
  t.ok(garbled > 10, `${garbled} of 200 hold something that nobody wrote`)
})

t.test('another disk in the place of one has nothing on it, also after a crash', async t => {
  const { sim, disk } = instantMachine(1)
  disk.setContents('/data/log', Buffer.from('old'))
  disk.replace()
  t.same(disk.paths(), [])
  sim.crash('a')
  t.same(disk.paths(), [])
})

t.test('a rename over an old file leaves the old or the new one, never neither', async t => {
  const seen = new Set<string>()
  for (const seed of SEEDS) {
    const { sim, disk, env } = instantMachine(seed)
    disk.setContents('/checkpoint', Buffer.from('old'))
    const file = env.disk.openSync('/checkpoint.tmp', 'write')
    file.writeSync([Buffer.from('new')], 0)
    await file.sync()
    await env.disk.rename('/checkpoint.tmp', '/checkpoint')
    sim.crash('a')
    seen.add(disk.contents('/checkpoint')?.toString() ?? 'nothing')
  }
  t.same([...seen].sort(), ['new', 'old'])
})

t.test('a full disk takes a part of the write, then fails with ENOSPC, and recovers', async t => {
  const { disk, env } = instantMachine(1)
  disk.faults.capacityBytes = 1_000
  const file = env.disk.openSync('/log', 'write')
  t.equal(file.writeSync([Buffer.alloc(700)], 0), 700)
  t.equal(file.writeSync([Buffer.alloc(700)], 700), 300)
  t.throws(() => file.writeSync([Buffer.alloc(1)], 1_000), { code: 'ENOSPC' })
  t.equal(file.writeSync([Buffer.alloc(700, 1)], 0), 700, 'what is there can be written over')
  file.truncateSync(600)
  t.equal(file.writeSync([Buffer.alloc(300)], 600), 300)
  t.equal(await env.disk.freeBytes('/'), 100)
  await env.disk.unlink('/log')
  t.equal(await env.disk.freeBytes('/'), 1_000)
})

t.test('the k-th call fails as planned, once', async t => {
  const { disk, env } = instantMachine(2)
  const file = env.disk.openSync('/log', 'write')
  disk.fail('write', 2)
  disk.fail('sync', 1, 'EIO')
  t.equal(file.writeSync([Buffer.from('a')], 0), 1)
  t.throws(() => file.writeSync([Buffer.from('b')], 1), { code: 'EIO' })
  t.equal(file.writeSync([Buffer.from('b')], 1), 1)
  await t.rejects(file.sync(), { code: 'EIO' })
  await file.sync()
  t.same(disk.calls, { write: 3, sync: 2, read: 0 })
})

t.test('a failed sync loses the pages although a later one succeeds', async t => {
  const { sim, disk, env } = instantMachine(3)
  const file = env.disk.openSync('/log', 'write')
  await env.disk.syncDir('/')
  disk.fail('sync', 1)
  file.writeSync([Buffer.from('gone')], 0)
  await t.rejects(file.sync(), { code: 'EIO' })
  await file.sync()
  sim.crash('a')
  t.equal(disk.contents('/log')?.length, 0)
})

t.test('writes may be short and asynchronous, and a loop still writes everything', async t => {
  const sim = new Simulation({
    seed: 4,
    diskFaults: { shortWriteChance: 0.5, syncWriteChance: 0.5 },
  })
  const env = sim.env('a')
  const file = env.disk.openSync('/log', 'write')
  const bytes = env.random.bytes(10_000)
  let promises = 0
  const writeAll = async () => {
    for (let at = 0; at < bytes.length; ) {
      const answer = file.write([bytes.subarray(at, at + 500), bytes.subarray(at + 500)], at)
      if (typeof answer !== 'number') promises++
      at += await answer
    }
    await file.close()
  }
  await sim.complete(writeAll())
  t.ok(sim.disk('a').contents('/log')?.equals(bytes))
  t.ok(promises > 0, 'some writes were promises')
})

t.test('a sync covers what was written before it, not what came while it ran', async t => {
  let lost = 0
  for (const seed of SEEDS) {
    const sim = new Simulation({ seed })
    const env = sim.env('a')
    const file = env.disk.openSync('/log', 'write')
    await sim.complete(env.disk.syncDir('/'))
    file.writeSync([Buffer.from('early')], 0)
    const synced = file.sync()
    file.writeSync([Buffer.from('late')], 5)
    await sim.complete(synced)
    sim.crash('a')
    const left = sim.disk('a').contents('/log')?.toString() ?? ''
    if (!left.startsWith('early')) t.fail(`seed ${seed}: ${left}`)
    if (!left.endsWith('late')) lost++
  }
  t.ok(lost > 0)
})

t.test('pages reach the platter by themselves after half a minute', async t => {
  const { sim, disk, env } = instantMachine(5)
  const file = env.disk.openSync('/log', 'write')
  file.writeSync([Buffer.from('old enough')], 0)
  await sim.run({ forMs: 31_000 })
  sim.crash('a')
  t.equal(disk.contents('/log')?.toString(), 'old enough')
})

t.test('directories: entries, missing ones, removal, damage', async t => {
  const { disk, env } = instantMachine(6)
  await env.disk.mkdir('data/a')
  env.disk.openSync('data/file', 'write').closeSync()
  const entries = await env.disk.readdir('/data')
  t.same(entries, [
    { name: 'a', isDirectory: true },
    { name: 'file', isDirectory: false },
  ])
  await t.rejects(env.disk.readdir('nowhere'), { code: 'ENOENT' })
  await t.rejects(env.disk.open('nowhere/file', 'write'), { code: 'ENOENT' })
  await t.rejects(env.disk.open('data/none', 'read'), { code: 'ENOENT' })
  await t.rejects(env.disk.rmdir('data'), { code: 'ENOTEMPTY' })
  t.equal(await env.disk.stat('data/none'), null)
  await env.disk.rmdir('data/a')
  disk.setContents('/data/file', Buffer.from([0]))
  disk.flipBit('/data/file', 3)
  t.same(await env.disk.readFile('data/file', 1), Buffer.from([8]))
  await t.rejects(env.disk.readFile('data/file', 0), { code: 'EFBIG' })
})

t.test('a directory lock is exclusive and dies with the process', async t => {
  const { sim, env } = instantMachine(7)
  await env.disk.mkdir('data')
  await env.disk.lock('data')
  await t.rejects(env.disk.lock('./data'), { code: 'ELOCKED' })
  sim.kill('a')
  const lock = await sim.env('a').disk.lock('data')
  await lock.release()
  await sim.env('a').disk.lock('data')
})

t.test('closing a file beside a read of it is a bug that is reported', async t => {
  const sim = new Simulation({ seed: 8 })
  const env = sim.env('a')
  const file = env.disk.openSync('/log', 'write')
  const reading = file.read(Buffer.alloc(10), 0, 10, 0)
  t.throws(() => file.closeSync(), /closed beside a call/)
  t.equal(await sim.complete(reading), 0)
  file.closeSync()
  t.throws(() => file.sizeSync(), { code: 'EBADF' })
})
