import type { Disk } from '@weir/core'
import t from 'tap'
import { LogManager } from './log-manager.ts'
import { append, batch, DATA, openWorld, settle, type World } from './testing/test-kit.ts'

const INDEXES = ['.index', '.timeindex'].map(
  suffix => `${DATA}/events-0/${'0'.repeat(20)}${suffix}`,
)

/** The next life after the process ended: what it opened to write to. */
async function writtenByRecovery(world: World): Promise<Set<string>> {
  world.sim.kill('one')
  const env = world.sim.env('one')
  const written = new Set<string>()
  const open: Disk['open'] = (path, mode) => {
    if (mode === 'write') written.add(path)
    return env.disk.open(path, mode)
  }
  const disk = new Proxy(env.disk, {
    get: (target, key) => {
      const value = Reflect.get(target, key)
      return key === 'open' ? open : typeof value === 'function' ? value.bind(target) : value
    },
  })
  await world.sim.complete(LogManager.open({ ...env, disk }, world.options))
  return written
}

/** A log that has been idle, so that its indexes are in files. */
async function idleWorld(): Promise<World> {
  const world = await openWorld({ indexIntervalBytes: 4_096 })
  for (let n = 0; n < 20; n++) append(world.log, batch({ values: [`value ${n}`] }))
  await settle(world)
  await world.sim.run({ forMs: 60_000 })
  return world
}

t.test('index files that are right stay as they are after the end of a process', async t => {
  const world = await idleWorld()
  const written = await writtenByRecovery(world)
  for (const path of INDEXES) t.notOk(written.has(path), path)
})

t.test('one that is wrong is written again', async t => {
  const world = await idleWorld()
  for (const path of INDEXES) {
    const file = world.env.disk.openSync(path, 'write')
    file.writeSync([Buffer.from([1])], 3)
    file.closeSync()
  }
  const written = await writtenByRecovery(world)
  for (const path of INDEXES) t.ok(written.has(path), path)
})
