import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import t from 'tap'
import { lockByFile, lockDirectory } from './directory-lock.ts'
import { NodeDisk } from './node-disk.ts'
import { WritePace } from './node-disk-file.ts'

function temporaryDirectory(test: { teardown(fn: () => void): void }): string {
  const path = mkdtempSync(`${tmpdir()}/weir-core-`)
  test.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const disk = new NodeDisk()

t.test('a file is written at positions, small at once and large later, and read back', async t => {
  const path = `${temporaryDirectory(t)}/log`
  const file = await disk.open(path, 'write')
  t.equal(file.write([Buffer.from('hello '), Buffer.from('world')], 0), 11)
  const large = Buffer.alloc(1_000_000, 'x')
  const later = file.write([large], 11)
  t.ok(later instanceof Promise, 'a megabyte is not written on the event loop')
  t.equal(await later, 1_000_000)
  t.equal(file.write([Buffer.from('W')], 6), 1, 'in the middle')
  t.equal(file.sizeSync(), 1_000_011)
  await file.sync()
  const target = Buffer.alloc(20, '.')
  t.equal(await file.read(target, 2, 5, 6), 5)
  t.equal(target.toString(), '..World.............')
  t.equal(file.readSync(target, 0, 20, 1_000_006), 5, 'a read at the end is short')
  t.equal(file.readSync(target, 0, 20, 1_000_011), 0)
  await file.truncate(5)
  await file.close()
  t.equal((await disk.readFile(path, 100)).toString(), 'hello')
  await t.rejects(disk.readFile(path, 4), { code: 'EFBIG' })
})

t.test('after a slow write the next ones leave the event loop for a while', t => {
  const pace = new WritePace()
  t.equal(pace.allowsSync(1_000), true)
  t.equal(pace.allowsSync(10_000_000), false)
  pace.note(30, performance.now() + 60_000)
  t.equal(pace.allowsSync(1_000), false)
  pace.note(0.01, performance.now())
  t.equal(pace.allowsSync(1_000), true)
  t.end()
})

t.test('errors carry the name of the system and the path', async t => {
  const directory = temporaryDirectory(t)
  await t.rejects(disk.open(`${directory}/none`, 'read'), { name: 'DiskError', code: 'ENOENT' })
  t.throws(() => disk.openSync(`${directory}/a/b`, 'write'), { code: 'ENOENT' })
  await t.rejects(disk.readdir(`${directory}/none`), { code: 'ENOENT' })
  await disk.mkdir(`${directory}/full/inner`)
  await t.rejects(disk.rmdir(`${directory}/full`), { code: 'ENOTEMPTY' })
  t.equal(await disk.stat(`${directory}/none`), null)
})

t.test('directories are listed, renamed over and synced', async t => {
  const directory = temporaryDirectory(t)
  disk.mkdirSync(`${directory}/a/b`)
  writeFileSync(`${directory}/old`, 'old')
  writeFileSync(`${directory}/new`, 'new')
  await disk.rename(`${directory}/new`, `${directory}/old`)
  await disk.syncDir(directory)
  const entries = await disk.readdir(directory)
  t.same(
    entries.sort((x, y) => x.name.localeCompare(y.name)),
    [
      { name: 'a', isDirectory: true },
      { name: 'old', isDirectory: false },
    ],
  )
  t.equal((await disk.readFile(`${directory}/old`, 10)).toString(), 'new')
  t.match(await disk.stat(`${directory}/old`), { isDirectory: false, bytes: 3 })
  t.ok((await disk.freeBytes(directory)) > 0)
  t.ok((await disk.totalBytes(directory)) >= (await disk.freeBytes(directory)))
})

t.test('a directory that cannot be made is an error, whatever the file system answers', async t => {
  const directory = temporaryDirectory(t)
  writeFileSync(`${directory}/file`, '')
  await t.rejects(disk.mkdir(`${directory}/file/a`), { code: 'ENOTDIR' })
  await t.rejects(disk.mkdir(`${directory}/file`), { code: 'EEXIST' })
  t.throws(() => disk.mkdirSync(`${directory}/file`), { code: 'EEXIST' })
  await disk.mkdir(`${directory}/a/b/c/`)
  await disk.mkdir(`${directory}/a/b/c`)
  t.match(await disk.stat(`${directory}/a/b/c`), { isDirectory: true })
  // Node's own recursive mkdir never comes back from there.
  const isLinux = process.platform === 'linux'
  if (isLinux) await t.rejects(disk.mkdir('/proc/weir/data'), { code: 'ENOENT' })
})

const HOLDER = `
  const { lockDirectory } = await import(process.argv[1])
  await lockDirectory(process.argv[2])
  setInterval(() => {}, 1_000)
  process.stdout.write('locked')
`

t.test('a lock keeps other processes out, names its owner and dies with kill -9', async t => {
  const directory = temporaryDirectory(t)
  const module = new URL('./directory-lock.js', import.meta.url).href
  const args = ['--input-type=module', '-e', HOLDER, module, directory]
  const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  await t.rejects(lockDirectory(directory), {
    code: 'ELOCKED',
    message: new RegExp(`process ${holder.pid}`),
  })
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const lock = await disk.lock(directory)
  await t.rejects(disk.lock(`${directory}/.`), { code: 'ELOCKED' })
  await lock.release()
  await (await disk.lock(directory)).release()
})

t.test(
  'a lock file of a process that is gone, or of an earlier one of its pid, is stale',
  async t => {
    const directory = temporaryDirectory(t)
    const path = `${directory}/.weir-lock`
    for (const left of [`${process.pid} 12345\n`, '4194000 1\n', 'damaged\n', '']) {
      writeFileSync(path, left)
      const lock = await lockByFile(directory)
      await t.rejects(lockByFile(directory), { code: 'ELOCKED' })
      await lock.release()
    }
  },
)
