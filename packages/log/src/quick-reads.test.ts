import type { Env } from '@weir/core'
import { MemoryDisk } from '@weir/core/memory'
import t from 'tap'
import { QUICK_BYTES, QuickReads } from './quick-reads.ts'

/** A disk that needs `slowMs` for what it is asked to do at once, and counts how it is asked. */
async function slowDisk(slowMs: number) {
  let nowMs = 0
  const disk = new MemoryDisk(() => nowMs)
  for (const [name, bytes] of [
    ['small', 10],
    ['large', QUICK_BYTES + 1],
  ] as const) {
    const file = await disk.open(name, 'write')
    file.writeSync([Buffer.alloc(bytes)], 0)
    file.closeSync()
  }
  const asked = { atOnce: 0, elsewhere: 0 }
  const { openSync, readFile } = disk
  disk.openSync = (path, mode) => {
    asked.atOnce++
    nowMs += slowMs
    return openSync.call(disk, path, mode)
  }
  disk.readFile = (path, maxBytes) => {
    asked.elsewhere++
    return readFile.call(disk, path, maxBytes)
  }
  const clock = { monotonicMs: () => nowMs }
  const reads = new QuickReads({ disk, clock } as unknown as Env)
  return { reads, asked, later: (ms: number) => (nowMs += ms) }
}

t.test('a quick disk is read at once', async t => {
  const { reads, asked } = await slowDisk(0.1)
  for (let count = 0; count < 10; count++) {
    t.equal((await reads.readIfThere('small'))?.length, 10)
  }
  t.same(asked, { atOnce: 10, elsewhere: 0 })
})

t.test('a disk that was slow several times is read through other threads for a while', async t => {
  const { reads, asked, later } = await slowDisk(5)
  for (let count = 0; count < 10; count++) {
    t.equal((await reads.readIfThere('small'))?.length, 10)
  }
  t.same(asked, { atOnce: 3, elsewhere: 7 })
  later(1_000)
  await reads.readIfThere('small')
  t.equal(asked.atOnce, 4)
})

t.test('what is large or not there is not read', async t => {
  for (const slowMs of [0, 5]) {
    const { reads } = await slowDisk(slowMs)
    for (let count = 0; count < 5; count++) {
      t.equal(await reads.readIfThere('large'), null)
      t.equal(await reads.readIfThere('nothing'), null)
    }
  }
})
