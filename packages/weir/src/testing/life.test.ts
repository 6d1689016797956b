import type { Env, Socket } from '@weir/core'
import { InlineWorkers, ManualClock, MemoryDisk } from '@weir/core/memory'
import { createNodeEnv } from '@weir/core/node'
import t from 'tap'
import { Life } from './life.ts'
import { ReservedNet } from './reserved-net.ts'

const HOST = '127.0.0.1'

function newWorld(): { world: Env; clock: ManualClock } {
  const real = createNodeEnv({ log: { level: 'silent' } })
  const clock = new ManualClock({ startMs: 0, soon: real.clock.soon })
  const disk = new MemoryDisk(() => 0)
  const workers = new InlineWorkers({ disk, clock })
  return { clock, world: { ...real, clock, disk, workers, net: new ReservedNet(real.net) } }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

t.test('timers of an ended life do not fire, and none can be set', async t => {
  const { world, clock } = newWorld()
  const life = new Life(world)
  let fired = 0
  life.env.clock.after(5, () => fired++)
  life.env.clock.after(20, () => fired++)
  life.env.clock.soon(() => fired++)
  await turn()
  clock.step(10)
  t.equal(fired, 2)
  life.env.clock.soon(() => fired++)
  await life.end()
  life.env.clock.after(0, () => fired++)
  await turn()
  clock.step(100)
  t.equal(fired, 2)
  t.equal(clock.nextTimerMs(), Number.POSITIVE_INFINITY, 'nothing is left behind')
})

t.test('an ended life writes nothing, and the next one finds what was written', async t => {
  const { world } = newWorld()
  const first = new Life(world)
  await first.env.disk.mkdir('/data')
  const lock = await first.env.disk.lock('/data')
  const file = await first.env.disk.open('/data/log', 'write')
  file.writeSync([Buffer.from('kept')], 0)
  let isSettled = false
  const reading = file.read(Buffer.alloc(4), 0, 4, 0)
  await first.end()
  await first.end()
  for (const late of [reading, file.sync(), first.env.disk.open('/data/log', 'read')]) {
    const settle = () => {
      isSettled = true
    }
    late.then(settle, settle)
  }
  await turn()
  t.notOk(isSettled, 'calls under way and late ones come to nothing')
  t.throws(() => file.writeSync([Buffer.from('lost')], 4), /was killed/)
  t.throws(() => first.env.disk.openSync('/data/log', 'write'), /was killed/)
  await lock.release()
  const second = new Life(world)
  await second.env.disk.lock('/data')
  t.equal((await second.env.disk.readFile('/data/log', 100)).toString(), 'kept')
  await second.end()
})

t.test('connections and listeners of an ended life are closed when its end is', async t => {
  const { world } = newWorld()
  const life = new Life(world)
  const accepted: Socket[] = []
  const listener = await life.env.net.listen({ host: HOST, port: 0 }, socket => {
    accepted.push(socket)
    socket.start(HANDLERS)
  })
  const target = { host: HOST, port: listener.port, timeoutMs: 1_000 }
  const client = await world.net.connect(target)
  const closed = new Promise<void>(resolve => {
    client.start({ ...HANDLERS, onEnd: () => client.destroy(), onClose: () => resolve() })
  })
  while (accepted.length === 0) await turn()
  await life.end()
  await closed
  await t.rejects(world.net.connect(target), { code: 'ECONNREFUSED' })
  await t.rejects(
    life.env.net.listen({ host: HOST, port: 0 }, () => undefined),
    /was killed/,
  )
})

t.test('a reserved port sends away who comes early, and goes to the first who listens', async t => {
  const { world } = newWorld()
  const net = world.net as ReservedNet
  const port = await net.reserve(HOST)
  const early = await net.connect({ host: HOST, port, timeoutMs: 1_000 })
  await new Promise<void>(resolve => {
    early.start({ ...HANDLERS, onEnd: () => early.destroy(), onClose: () => resolve() })
  })
  const sockets: Socket[] = []
  const listener = await net.listen({ host: HOST, port }, socket => {
    sockets.push(socket)
    socket.start(HANDLERS)
  })
  t.equal(listener.port, port)
  const client = await net.connect({ host: HOST, port, timeoutMs: 1_000 })
  client.start(HANDLERS)
  while (sockets.length === 0) await turn()
  for (const socket of [...sockets, client]) socket.destroy()
  await listener.close()
  const other = await net.reserve(HOST)
  await net.close()
  await t.rejects(net.connect({ host: HOST, port: other, timeoutMs: 1_000 }), {
    code: 'ECONNREFUSED',
  })
})

const HANDLERS = {
  onData: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
}
