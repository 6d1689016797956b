import { type Env, OperatorError } from '@weir/core'
import { Simulation } from '@weir/core/sim'
import { bootstrapSnapshot, type Entry, isAhead, type Position, type Ready } from '@weir/raft'
import t from 'tap'
import { QuorumStorage, type Recovered } from './quorum-storage.ts'
import { VoterStateFile } from './voter-state-file.ts'

const VOTERS = [1, 2, 3].map(id => ({ id, directoryId: '', address: `n${id}:1` }))
const DIRECTORY = '/data/quorum'

function entry(index: number, term: number): Entry {
  return { index, term, kind: 'normal', data: Buffer.from(`entry ${index} of term ${term}`) }
}

function entries(from: number, to: number, term: number): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term))
}

function round(part: Partial<Ready>): Ready {
  return {
    messages: [],
    chunks: [],
    snapshot: null,
    truncation: null,
    entries: [],
    hardState: null,
    mustSync: part.hardState !== undefined,
    promises: [],
    committed: [],
    reads: [],
    ...part,
  }
}

function hardState(term: number, acked: Position) {
  return { term, vote: 1, commitIndex: 1, acked }
}

function endOf({ snapshot, entries }: Recovered): Position {
  const last = entries.at(-1) ?? snapshot?.meta
  return last === undefined ? { term: 0, index: 0 } : { term: last.term, index: last.index }
}

function isDamaged(recovered: Recovered): boolean {
  return isAhead(recovered.hardState.acked, endOf(recovered))
}

function describe({ snapshot, entries, hardState }: Recovered): string {
  const log = entries.map(one => `${one.index}@${one.term}`).join(' ')
  const { term, acked } = hardState
  return `snapshot ${snapshot?.meta.index ?? '-'} log ${log} term ${term} acked ${acked.index}@${acked.term}`
}

/** A log of entries 2 to 10 of term 2, all promised. */
const FIRST = round({
  entries: entries(2, 10, 2),
  hardState: hardState(2, { term: 2, index: 10 }),
})

const snapshotData = Buffer.from('the state after entry 20')
const snapshot = {
  ...bootstrapSnapshot(VOTERS),
  index: 20,
  term: 3,
  bytes: snapshotData.length,
}
const INSTALL = round({
  chunks: [{ snapshot, offset: 0, data: snapshotData, isLast: true }],
  snapshot,
  entries: entries(21, 22, 3),
  hardState: hardState(3, { term: 3, index: 22 }),
})
const REPLACE = round({
  truncation: hardState(3, { term: 2, index: 7 }),
  entries: entries(8, 9, 3),
  hardState: hardState(3, { term: 3, index: 9 }),
})
const APPEND = round({
  entries: entries(11, 15, 2),
  hardState: hardState(2, { term: 2, index: 15 }),
})

async function open(env: Env): Promise<{ storage: QuorumStorage; recovered: Recovered }> {
  return QuorumStorage.open(env, DIRECTORY, VOTERS)
}

t.test('what was written is there after a power failure', async t => {
  for (const { ready, expected } of [
    { ready: APPEND, expected: /log 2@2 .* 15@2 term 2 acked 15@2$/ },
    { ready: REPLACE, expected: /log 2@2 .* 7@2 8@3 9@3 term 3 acked 9@3$/ },
    { ready: INSTALL, expected: /^snapshot 20 log 21@3 22@3 term 3 acked 22@3$/ },
  ]) {
    const sim = new Simulation({ seed: 1 })
    const first = await sim.complete(open(sim.env('n')))
    await sim.complete(first.storage.write(FIRST))
    await sim.complete(first.storage.write(ready))
    sim.crash('n')
    const { recovered } = await sim.complete(open(sim.env('n')))
    t.match(describe(recovered), expected)
    t.equal(isDamaged(recovered), false)
    if (ready === INSTALL)
      t.equal(Buffer.concat(recovered.snapshot?.data ?? []).toString(), snapshotData.toString())
  }
})

for (const { name, ready } of [
  { name: 'an append', ready: APPEND },
  { name: 'a replacement of entries', ready: REPLACE },
  { name: 'the installation of a snapshot', ready: INSTALL },
])
  t.test(`a crash at any disk call of ${name} leaves one usable state`, async t => {
    const seen = new Set<string>()
    let isDone = false
    for (let calls = 1; !isDone; calls++) {
      const sim = new Simulation({ seed: calls, diskFaults: { syncWriteChance: 0.3 } })
      const first = await sim.complete(open(sim.env('n')))
      await sim.complete(first.storage.write(FIRST))
      const disk = sim.disk('n')
      const before = disk.calls.write + disk.calls.sync
      let isWritten = false
      first.storage.write(ready).then(
        () => {
          isWritten = true
        },
        () => {},
      )
      const isReached = () => disk.calls.write + disk.calls.sync - before >= calls
      await sim.run(() => isWritten || isReached())
      isDone = isWritten
      sim.crash('n')
      const { recovered } = await sim.complete(open(sim.env('n')))
      const state = describe(recovered)
      seen.add(state)
      t.equal(isDamaged(recovered), false, `call ${calls}: ${state}`)
      for (const [i, one] of recovered.entries.entries())
        t.equal(one.index, (recovered.snapshot?.meta.index ?? 0) + 1 + i, `call ${calls}: no gap`)
      if (isWritten) t.same(recovered.hardState.acked, ready.hardState?.acked, 'all of it is there')
    }
    t.ok(seen.size > 1, 'crashes leave more than one state')
  })

t.test('a disk that cannot be read ends the start, and nothing is cut', async t => {
  let refused = 0
  for (let call = 1; ; call++) {
    const sim = new Simulation({ seed: 1 })
    const first = await sim.complete(open(sim.env('n')))
    await sim.complete(first.storage.write(FIRST))
    sim.crash('n')
    const disk = sim.disk('n')
    const before = disk.calls.read
    disk.fail('read', call)
    const outcome = await sim.complete(
      open(sim.env('n')).then(
        opened => opened.recovered,
        (error: Error) => error,
      ),
    )
    if (outcome instanceof Error) refused++
    else t.equal(isDamaged(outcome), false, `read ${call}: ${describe(outcome)}`)
    const isReached = disk.calls.read - before >= call
    disk.heal()
    sim.crash('n')
    const { recovered } = await sim.complete(open(sim.env('n')))
    t.equal(isDamaged(recovered), false, `after read ${call}: ${describe(recovered)}`)
    if (!isReached) break
  }
  t.ok(refused > 0, 'some starts were refused')
})

t.test('a bit that flips in the log is noticed, whichever it is', async t => {
  const sim = new Simulation({ seed: 5, instantDisk: true })
  const env = sim.env('n')
  const first = await sim.complete(open(env))
  await sim.complete(first.storage.write(FIRST))
  for (let i = 0; i < 5; i++)
    await sim.complete(first.storage.write(round({ entries: [entry(11 + i, 3 + i)] })))
  const last = { term: 7, index: 15 }
  await sim.complete(first.storage.write(round({ hardState: hardState(7, last) })))
  await sim.complete(first.storage.close())
  const original = [
    ...entries(2, 10, 2),
    ...Array.from({ length: 5 }, (_, i) => entry(11 + i, 3 + i)),
  ]
  const path = await logFile(env)
  const file = await env.disk.open(path, 'write')
  const bytes = Buffer.alloc(file.sizeSync())
  file.readSync(bytes, 0, bytes.length, 0)
  await file.close()
  let damaged = 0
  for (let position = 0; position < bytes.length; position += 3) {
    const flipped = Buffer.of((bytes[position] ?? 0) ^ (1 << (position % 8)))
    // The flip comes while nobody looks: without a marker of a clean shutdown.
    await removeMarkers(env)
    const damagedFile = await env.disk.open(path, 'write')
    damagedFile.writeSync([flipped], position)
    await damagedFile.close()
    const { storage, recovered } = await sim.complete(open(env))
    for (const [i, one] of recovered.entries.entries())
      if (one.term !== original[i]?.term || !one.data.equals(original[i]?.data ?? Buffer.alloc(0)))
        t.fail(`byte ${position}: entry ${one.index} is another: ${describe(recovered)}`)
    if (isDamaged(recovered)) damaged++
    else if (recovered.entries.length < original.length)
      t.fail(`byte ${position}: entries are gone and nobody knows: ${describe(recovered)}`)
    await sim.complete(storage.close())
    await restoreFile(env, path, bytes)
  }
  t.ok(damaged > bytes.length / 6, `${damaged} flips in ${bytes.length} bytes took entries`)
})

async function logFile(env: Env): Promise<string> {
  const directory = `${DIRECTORY}/log/__cluster_metadata-0`
  const names = (await env.disk.readdir(directory)).map(one => one.name)
  return `${directory}/${names.filter(name => name.endsWith('.log')).sort()[0]}`
}

async function removeMarkers(env: Env): Promise<void> {
  for (const { name, isDirectory } of await env.disk.readdir(`${DIRECTORY}/log`))
    if (!isDirectory) await env.disk.unlink(`${DIRECTORY}/log/${name}`)
}

/** The log may have been cut, and its indexes and checkpoints follow it. */
async function restoreFile(env: Env, path: string, bytes: Buffer): Promise<void> {
  const directory = path.slice(0, path.lastIndexOf('/'))
  for (const { name } of await env.disk.readdir(directory))
    if (!path.endsWith(name) && !name.includes('partition'))
      await env.disk.unlink(`${directory}/${name}`)
  const file = await env.disk.open(path, 'write')
  file.truncateSync(0)
  file.writeSync([bytes], 0)
  await file.close()
}

t.test('a bit that flips in the voter state never brings back an older one', async t => {
  const sim = new Simulation({ seed: 6, instantDisk: true })
  const env = sim.env('n')
  await env.disk.mkdir('/v')
  const { file } = await VoterStateFile.open(env, '/v')
  for (let term = 1; term <= 3; term++)
    await file.write({ term, vote: term, commitIndex: 0, acked: { term, index: term } })
  await file.close()
  const raw = await env.disk.open('/v/voter-state', 'write')
  const bytes = Buffer.alloc(raw.sizeSync())
  raw.readSync(bytes, 0, bytes.length, 0)
  for (let position = 0; position < bytes.length; position += 5) {
    raw.writeSync([Buffer.of((bytes[position] ?? 0) ^ (1 << (position % 8)))], position)
    const opened = await VoterStateFile.open(env, '/v')
    if (opened.hardState?.term !== 3) t.fail(`byte ${position}: ${opened.hardState?.term}`)
    await opened.file.close()
    raw.writeSync([bytes.subarray(position, position + 1)], position)
  }
  await raw.close()
})

t.test('a voter state of which nothing can be read is refused, not forgotten', async t => {
  const sim = new Simulation({ seed: 7, instantDisk: true })
  const env = sim.env('n')
  const { storage } = await sim.complete(open(env))
  await sim.complete(storage.write(FIRST))
  await sim.complete(storage.close())
  const raw = await env.disk.open(`${DIRECTORY}/voter-state`, 'write')
  raw.writeSync([Buffer.alloc(raw.sizeSync(), 0xee)], 0)
  await t.rejects(sim.complete(open(env)), OperatorError)
  sim.kill('n')
  const again = sim.env('n')
  await again.disk.unlink(`${DIRECTORY}/voter-state`)
  await t.rejects(sim.complete(open(again)), /cannot know how it voted/)
})
