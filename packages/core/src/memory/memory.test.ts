import t from 'tap'
import type { WorkerJob } from '../env.ts'
import { InlineWorkers, ManualClock, MemoryDisk } from './index.ts'

const newDisk = () => new MemoryDisk(() => 5)
const newClock = () => new ManualClock({ startMs: 1_000, soon: fn => setImmediate(fn) })

t.test('a file in memory is written at positions, read back, cut and grown with zeros', async t => {
  const disk = newDisk()
  disk.mkdirSync('/data/a')
  const file = disk.openSync('/data/a/log', 'write')
  t.equal(await file.write([Buffer.from('hello '), Buffer.from('world')], 0), 11)
  t.equal(file.writeSync([Buffer.from('x')], 600), 1, 'also beyond its end')
  t.equal(file.sizeSync(), 601)
  const target = Buffer.alloc(8, '.')
  t.equal(await file.read(target, 2, 5, 6), 5)
  t.equal(target.toString(), '..world.')
  t.equal(file.readSync(target, 0, 8, 599), 2, 'a read at the end is short')
  t.equal(target.toString('latin1', 0, 2), '\0x')
  t.equal(file.readSync(target, 0, 8, 601), 0)
  await file.truncate(5)
  file.truncateSync(7)
  t.equal((await disk.readFile('/data/a/log', 100)).toString('latin1'), 'hello\0\0')
  await t.rejects(disk.readFile('/data/a/log', 6), { code: 'EFBIG' })
  t.throws(() => disk.openSync('/data/a/log', 'read').writeSync([target], 0), { code: 'EBADF' })
  await file.close()
  t.throws(() => file.sizeSync(), { code: 'EBADF' })
})

t.test('names are made, moved and removed as on a real disk', async t => {
  const disk = newDisk()
  await disk.mkdir('/data/a/b')
  await disk.mkdir('/data/a')
  const kept = await disk.open('/data/a/kept', 'write')
  await disk.rename('/data/a/kept', '/data/moved')
  await disk.open('/data/other', 'write')
  await disk.rename('/data/other', '/data/moved')
  t.same(await disk.readdir('/data'), [
    { name: 'a', isDirectory: true },
    { name: 'moved', isDirectory: false },
  ])
  t.equal(kept.writeSync([Buffer.from('1')], 0), 1, 'an open file outlives its name')
  t.same(await disk.stat('/data/moved'), { isDirectory: false, bytes: 0, modifiedMs: 5 })
  t.equal(await disk.stat('/data/none'), null)
  await t.rejects(disk.open('/data/none', 'read'), { code: 'ENOENT' })
  await t.rejects(disk.open('/none/file', 'write'), { code: 'ENOENT' })
  await t.rejects(disk.open('/data/a', 'read'), { code: 'EISDIR' })
  await t.rejects(disk.readdir('/data/moved'), { code: 'ENOTDIR' })
  await t.rejects(disk.rmdir('/data/a'), { code: 'ENOTEMPTY' })
  await disk.rmdir('/data/a/b')
  await disk.rmdir('/data/a')
  await disk.unlink('/data/moved')
  await t.rejects(disk.unlink('/data/moved'), { code: 'ENOENT' })
  t.same(await disk.readdir('/data'), [])
})

t.test('a directory is locked once until the lock is released', async t => {
  const disk = newDisk()
  await disk.mkdir('/data')
  const lock = await disk.lock('/data')
  await t.rejects(disk.lock('/data'), { code: 'ELOCKED' })
  await lock.release()
  await disk.lock('/data')
})

t.test('timers of a manual clock fire in order, each at its own time', t => {
  const clock = newClock()
  const fired: string[] = []
  const note = (name: string) => () => fired.push(`${name} at ${clock.nowMs()}`)
  clock.after(20, note('second'))
  clock.after(10, () => {
    note('first')()
    clock.after(0, note('added'))
    cancelled.cancel()
  })
  const cancelled = clock.after(10, note('cancelled'))
  t.equal(clock.step(15), false, 'it stops at a timer')
  t.same(fired, ['first at 1010'])
  t.equal(clock.step(15), false)
  t.equal(clock.step(15), true)
  t.same(fired, ['first at 1010', 'added at 1010'])
  t.equal(clock.monotonicMs(), 15)
  t.equal(clock.nextTimerMs(), 20)
  t.equal(clock.step(20), true)
  t.equal(fired.at(-1), 'second at 1020')
  t.equal(clock.nextTimerMs(), Number.POSITIVE_INFINITY)
  t.end()
})

t.test('a worker job runs on the disk in memory, with copies, and may fail', async t => {
  const disk = newDisk()
  const workers = new InlineWorkers({ disk, clock: newClock() })
  const job: WorkerJob<{ path: string; bytes: Buffer }, { kind: string; size: number }> = {
    module: import.meta.url,
    name: 'job',
    async run({ disk: ofJob }, { path, bytes }) {
      if (path === '') throw new Error('no path')
      ofJob.openSync(path, 'write').writeSync([Buffer.from(bytes)], 0)
      return { kind: bytes.constructor.name, size: bytes.length }
    },
  }
  const input = { path: '/made', bytes: Buffer.from('abc') }
  t.same(await workers.run(job, input), { kind: 'Uint8Array', size: 3 })
  t.equal((await disk.readFile('/made', 10)).toString(), 'abc')
  await t.rejects(workers.run(job, { ...input, path: '' }), /no path/)
})
