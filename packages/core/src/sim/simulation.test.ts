import t from 'tap'
import { AssertionError } from '../assert.ts'
import type { Env, Socket, SocketHandlers } from '../env.ts'
import { Simulation } from './index.ts'

const ADDRESS = { host: 'server', port: 9092, timeoutMs: 1_000 }

/** Collects everything that arrives, sends nothing. */
function collector(): SocketHandlers & { received: Buffer[]; closed: (Error | null)[] } {
  const received: Buffer[] = []
  const closed: (Error | null)[] = []
  return {
    received,
    closed,
    onData: chunk => received.push(chunk),
    onEnd: () => undefined,
    onDrain: () => undefined,
    onClose: error => closed.push(error),
  }
}

async function startEcho(env: Env, sockets: Socket[] = []): Promise<void> {
  await env.net.listen({ host: '0.0.0.0', port: 9092 }, socket => {
    sockets.push(socket)
    socket.start({
      onData: chunk => void socket.write([chunk]),
      onEnd: () => socket.end(),
      onDrain: () => undefined,
      onClose: () => undefined,
    })
  })
}

t.test('timers fire in order of their time, those of one instant in order of creation', async t => {
  const sim = new Simulation({ seed: 1 })
  const { clock } = sim.env('a')
  const fired: string[] = []
  clock.after(20, () => fired.push('late'))
  clock.after(10, () => fired.push('first'))
  clock.after(10, () => fired.push('second'))
  clock.after(15, () => fired.push('never')).cancel()
  clock.after(40 * 24 * 3_600_000, () => fired.push('in forty days'))
  await sim.run({ forMs: 30 })
  t.same(fired, ['first', 'second', 'late'])
  t.equal(clock.monotonicMs(), 30)
  await sim.run({ forMs: 40 * 24 * 3_600_000 })
  t.equal(fired.at(-1), 'in forty days')
})

t.test('the same seed gives the same trace, another seed another one', async t => {
  const trace = async (seed: number) => {
    const sim = new Simulation({ seed })
    await startEcho(sim.env('server'))
    const handlers = collector()
    const socket = await sim.complete(sim.env('client').net.connect(ADDRESS))
    socket.start(handlers)
    for (let i = 0; i < 50; i++) socket.write([sim.env('client').random.bytes(100)])
    await sim.run(() => Buffer.concat(handlers.received).length === 5_000)
    return `${sim.traceHash} ${sim.eventCount} ${Buffer.concat(handlers.received).toString('hex')}`
  }
  t.equal(await trace(7), await trace(7))
  t.not(await trace(7), await trace(8))
})

t.test('bytes of a connection arrive in order whatever the pieces', async t => {
  const sim = new Simulation({ seed: 3, netFaults: { splitChance: 0.9 } })
  await startEcho(sim.env('server'))
  const client = sim.env('client')
  const socket = await sim.complete(client.net.connect(ADDRESS))
  const handlers = collector()
  socket.start(handlers)
  const sent = client.random.bytes(300_000)
  let flushed = 0
  for (let at = 0; at < sent.length; at += 1_000) {
    socket.write([sent.subarray(at, at + 1_000)], () => flushed++)
  }
  await sim.run(() => Buffer.concat(handlers.received).length === sent.length)
  t.ok(Buffer.concat(handlers.received).equals(sent))
  t.equal(flushed, 300)
  t.equal(socket.bufferedBytes, 0)
})

t.test('a reader that pauses stops the writer, and resuming lets it go on', async t => {
  const sim = new Simulation({ seed: 4 })
  const sockets: Socket[] = []
  const server = collector()
  await sim.env('server').net.listen({ host: 'server', port: 9092 }, socket => {
    sockets.push(socket)
    socket.start(server)
    socket.pause()
  })
  const socket = await sim.complete(sim.env('client').net.connect(ADDRESS))
  let drains = 0
  socket.start({ ...collector(), onDrain: () => drains++ })
  const chunk = Buffer.alloc(100_000)
  const answers = Array.from({ length: 10 }, () => socket.write([chunk]))
  await sim.run({ forMs: 100 })
  t.equal(answers.at(-1), false)
  t.equal(server.received.length, 0)
  t.ok(socket.bufferedBytes >= 700_000, 'the kernel took no more than its window')
  t.equal(drains, 0)
  sockets[0]?.resume()
  await sim.run({ forMs: 100 })
  t.equal(Buffer.concat(server.received).length, 1_000_000)
  t.equal(drains, 1)
})

t.test('an orderly end closes both sides once, without an error', async t => {
  const sim = new Simulation({ seed: 5 })
  await startEcho(sim.env('server'))
  const socket = await sim.complete(sim.env('client').net.connect(ADDRESS))
  const handlers = collector()
  socket.start({ ...handlers, onEnd: () => socket.end() })
  socket.write([Buffer.from('last words')])
  socket.end()
  await sim.run({ forMs: 50 })
  t.equal(Buffer.concat(handlers.received).toString(), 'last words')
  t.same(handlers.closed, [null])
  t.equal(sim.network.sockets.size, 0)
})

t.test('bytes that were given back are overwritten', async t => {
  const sim = new Simulation({ seed: 55, netFaults: { splitChance: 0.5 } })
  const chunks: Buffer[] = []
  await sim.env('server').net.listen({ host: 'server', port: 9092 }, socket => {
    const onData = (chunk: Buffer) => {
      chunks.push(chunk)
      socket.giveBack(chunk.length - 1)
    }
    socket.start({ ...collector(), onData }, { isLent: true })
  })
  const socket = await sim.complete(sim.env('client').net.connect(ADDRESS))
  socket.start(collector())
  socket.write([Buffer.from('0123456789')])
  await sim.run({ forMs: 10 })
  const left = Buffer.concat(chunks)
  t.equal(left.filter(byte => byte !== 0xdb).length, chunks.length)
  t.equal(left[0], 0xdb)
})

t.test('bytes that are read briefly come by themselves and are overwritten', async t => {
  const sim = new Simulation({ seed: 56, netFaults: { splitChance: 0.5 } })
  const seen: string[] = []
  const kept: Buffer[] = []
  const peers: Socket[] = []
  await sim.env('server').net.listen({ host: 'server', port: 9092 }, socket => {
    peers.push(socket)
    const onData = (chunk: Buffer) => {
      const isFirst = seen.length === 0
      seen.push(chunk.toString())
      kept.push(chunk)
      if (isFirst) socket.readBriefly(20 - chunk.length)
    }
    socket.start({ ...collector(), onData }, { isLent: true })
  })
  const socket = await sim.complete(sim.env('client').net.connect(ADDRESS))
  socket.start(collector())
  socket.write([Buffer.from('first')])
  await sim.run({ forMs: 10 })
  socket.write([Buffer.from('read briefly...and kept')])
  await sim.run({ forMs: 10 })
  t.equal(seen.join(''), 'firstread briefly...and kept')
  let bytes = 0
  const ends = seen.map(text => {
    bytes += text.length
    return bytes
  })
  t.ok(ends.includes(20), 'a chunk ends where brief reading does')
  const isOverwritten = kept.map(chunk => chunk.every(byte => byte === 0xdb))
  t.same(
    isOverwritten,
    ends.map((end, i) => i > 0 && end <= 20),
  )
  peers[0]?.giveBack(seen[0]!.length + 'and kept'.length)
  t.throws(() => peers[0]?.giveBack(1), /more bytes given back/)
})

t.test('connecting is refused without a listener and times out over a cut link', async t => {
  const sim = new Simulation({ seed: 6 })
  sim.env('server')
  const client = sim.env('client')
  await t.rejects(sim.complete(client.net.connect(ADDRESS)), { code: 'ECONNREFUSED' })
  await startEcho(sim.env('server'))
  sim.network.cut('client', 'server')
  await t.rejects(sim.complete(client.net.connect(ADDRESS)), { code: 'ETIMEDOUT' })
  sim.network.healAll()
  await sim.complete(client.net.connect(ADDRESS))
  await t.rejects(startEcho(sim.env('server')), { code: 'EADDRINUSE' })
})

t.test('a cut link holds what was sent until it heals', async t => {
  const sim = new Simulation({ seed: 7 })
  await startEcho(sim.env('server'))
  const socket = await sim.complete(sim.env('client').net.connect(ADDRESS))
  const handlers = collector()
  socket.start(handlers)
  sim.network.cutOneWay('server', 'client')
  socket.write([Buffer.from('hello')])
  await sim.run({ forMs: 5_000 })
  t.equal(handlers.received.length, 0)
  sim.network.heal('server', 'client')
  await sim.run({ forMs: 5 })
  t.equal(Buffer.concat(handlers.received).toString(), 'hello')
})

t.test('a killed process resets its peers, refuses connections and keeps its files', async t => {
  const sim = new Simulation({ seed: 8 })
  const server = sim.env('server')
  await startEcho(server)
  const file = server.disk.openSync('data', 'write')
  file.writeSync([Buffer.from('written, not synced')], 0)
  let ticks = 0
  const tick = (): void => {
    ticks++
    server.clock.after(10, tick)
  }
  tick()
  const client = sim.env('client')
  const socket = await sim.complete(client.net.connect(ADDRESS))
  const handlers = collector()
  socket.start(handlers)
  sim.kill('server')
  const before = ticks
  await sim.run({ forMs: 100 })
  t.equal(ticks, before, 'timers of the dead do not fire')
  t.match(handlers.closed, [{ code: 'ECONNRESET' }])
  await t.rejects(sim.complete(client.net.connect(ADDRESS)), { code: 'ECONNREFUSED' })
  t.throws(() => file.writeSync([Buffer.from('x')], 0), { code: 'EIO' })
  const again = await sim.complete(sim.env('server').disk.readFile('data', 100))
  t.equal(again.toString(), 'written, not synced')
})

t.test('after a silent crash the peer learns of it when it sends to the restarted one', async t => {
  const sim = new Simulation({ seed: 9 })
  await startEcho(sim.env('server'))
  const socket = await sim.complete(sim.env('client').net.connect(ADDRESS))
  const handlers = collector()
  socket.start(handlers)
  sim.crash('server', { silent: true })
  await sim.run({ forMs: 1_000 })
  t.same(handlers.closed, [])
  sim.env('server')
  socket.write([Buffer.from('are you there?')])
  await sim.run({ forMs: 10 })
  t.match(handlers.closed, [{ code: 'ECONNRESET' }])
})

t.test('a paused machine does everything late and in order', async t => {
  const sim = new Simulation({ seed: 10 })
  const { clock } = sim.env('a')
  const fired: string[] = []
  for (const at of [10, 20, 30]) {
    clock.after(at, () => fired.push(`${at} at ${clock.monotonicMs()}`))
  }
  sim.pause('a')
  await sim.run({ forMs: 25 })
  t.same(fired, [])
  sim.resume('a')
  await sim.run({ forMs: 25 })
  t.same(fired, ['10 at 25', '20 at 25', '30 at 30'])
})

t.test('a worker job sees cloned bytes, and its failure is a rejection', async t => {
  const sim = new Simulation({ seed: 11 })
  const { workers } = sim.env('a')
  const double = {
    module: import.meta.url,
    name: 'double',
    run: (_: unknown, input: Uint8Array) => input.map(byte => byte * 2),
  }
  t.same(await sim.complete(workers.run(double, new Uint8Array([1, 2]))), new Uint8Array([2, 4]))
  const broken = {
    ...double,
    run: () => {
      throw new Error('bad input')
    },
  }
  await t.rejects(sim.complete(workers.run(broken, new Uint8Array([1]))), { message: 'bad input' })
})

t.test('running on when nothing can happen any more is an error that names the seed', async t => {
  const sim = new Simulation({ seed: 12 })
  await t.rejects(
    sim.run(() => false),
    /nothing is left to happen .* seed 12/,
  )
})

t.test('what an event throws ends the run, and a background failure is logged', async t => {
  const sim = new Simulation({ seed: 13 })
  const env = sim.env('a')
  env.log.child({ part: 'x' }).background(Promise.reject(new Error('no luck')), 'cleaning')
  env.clock.after(5, () => {
    throw new Error('broken invariant')
  })
  await t.rejects(sim.run({ forMs: 10 }), /broken invariant/)
  t.match(sim.logs, [
    { level: 'error', message: 'cleaning failed: no luck', fields: { part: 'x' } },
  ])
})

t.test('a broken invariant in the background ends the run', async t => {
  const sim = new Simulation({ seed: 13 })
  const { log } = sim.env('a')
  log.child({}).background(Promise.reject(new AssertionError('two owners', {})), 'cleaning')
  await t.rejects(sim.run({ forMs: 10 }), /two owners/)
})

t.test('uuids are 22 characters, of version 4, and never start with a dash', async t => {
  const { random } = new Simulation({ seed: 14 }).env('a')
  const seen = new Set(Array.from({ length: 2_000 }, () => random.uuid()))
  t.equal(seen.size, 2_000)
  for (const text of seen) {
    const bytes = Buffer.from(text, 'base64url')
    const isGood = text.length === 22 && !text.startsWith('-') && (bytes[6] ?? 0) >> 4 === 4
    if (!isGood) t.fail(text)
  }
})
