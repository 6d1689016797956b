import t from 'tap'
import type { Listener, Socket, SocketHandlers } from '../env.ts'
import { createNodeEnv } from './index.ts'

const env = createNodeEnv({ log: { level: 'silent' } })
const LOCAL = '127.0.0.1'

/** Handlers that collect, and promises for what a test waits for. */
function watch(overrides: Partial<SocketHandlers> = {}) {
  const received: Buffer[] = []
  let bytes = 0
  let closes = 0
  let wake = () => {}
  const closed = { error: undefined as Error | null | undefined }
  const until = async (condition: () => boolean) => {
    while (!condition()) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  const handlers: SocketHandlers = {
    onData: chunk => {
      received.push(chunk)
      bytes += chunk.length
      overrides.onData?.(chunk)
      wake()
    },
    onEnd: () => overrides.onEnd?.(),
    onDrain: () => overrides.onDrain?.(),
    onClose: error => {
      closes++
      closed.error = error
      overrides.onClose?.(error)
      wake()
    },
  }
  return { handlers, received, closed, until, bytes: () => bytes, closes: () => closes }
}

async function pair(onSocket: (socket: Socket) => void): Promise<[Socket, Listener]> {
  const listener = await env.net.listen({ host: LOCAL, port: 0 }, onSocket)
  const socket = await env.net.connect({ host: LOCAL, port: listener.port, timeoutMs: 2_000 })
  return [socket, listener]
}

t.test(
  'writes of one turn arrive in order, whatever their size, and are flushed in order',
  async t => {
    const [socket, listener] = await pair(server => {
      server.start(
        watch({ onData: chunk => void server.write([chunk]), onEnd: () => server.end() }).handlers,
      )
    })
    const client = watch({ onEnd: () => socket.end() })
    socket.start(client.handlers)
    const flushed: number[] = []
    const sent: Buffer[] = []
    for (const [i, size] of [10, 20_000, 1, 3, 300_000, 7].entries()) {
      const chunk = env.random.bytes(size)
      sent.push(chunk, Buffer.from('|'))
      socket.write([chunk, Buffer.from('|')], () => flushed.push(i))
    }
    const expected = Buffer.concat(sent)
    await client.until(() => client.bytes() === expected.length)
    t.ok(Buffer.concat(client.received).equals(expected))
    t.same(flushed, [0, 1, 2, 3, 4, 5])
    t.equal(socket.bufferedBytes, 0)
    socket.end()
    await client.until(() => client.closes() > 0)
    t.equal(client.closed.error, null)
    t.equal(client.closes(), 1)
    await listener.close()
  },
)

t.test(
  'a peer that does not read makes write answer false, and a drain follows its reading',
  async t => {
    const accepted: Socket[] = []
    const server = watch()
    const [socket, listener] = await pair(peer => {
      accepted.push(peer)
      peer.start(server.handlers)
      peer.pause()
    })
    let drains = 0
    const client = watch({ onDrain: () => drains++ })
    socket.start(client.handlers)
    const chunk = Buffer.alloc(1_000_000)
    let count = 0
    while (count < 50) {
      count++
      socket.write([chunk])
    }
    t.equal(socket.write([chunk]), false)
    t.ok(socket.bufferedBytes > 1_000_000)
    t.equal(drains, 0)
    accepted[0]?.resume()
    await server.until(() => server.bytes() === 51_000_000)
    await new Promise(resolve => setImmediate(resolve))
    socket.end()
    accepted[0]?.end()
    await client.until(() => client.closes() === 1)
    t.equal(drains, 1)
    await listener.close()
  },
)

t.test(
  'a connection that is destroyed still flushes its buffers back, and closes once',
  async t => {
    const accepted: Socket[] = []
    const server = watch()
    const [socket, listener] = await pair(peer => {
      accepted.push(peer)
      peer.start(server.handlers)
      peer.pause()
    })
    const client = watch()
    socket.start(client.handlers)
    let flushed = 0
    for (let i = 0; i < 20; i++) socket.write([Buffer.alloc(1_000_000)], () => flushed++)
    await new Promise(resolve => setImmediate(resolve))
    socket.write([Buffer.alloc(1)], () => flushed++)
    socket.destroy()
    socket.destroy()
    t.equal(
      socket.write([Buffer.alloc(1)], () => flushed++),
      false,
    )
    await client.until(() => client.closes() > 0)
    await new Promise(resolve => setImmediate(resolve))
    t.equal(flushed, 22)
    t.equal(client.closes(), 1)
    accepted[0]?.destroy()
    await listener.close()
  },
)

t.test('failures have codes: refused, in use, unreachable in time', async t => {
  const listener = await env.net.listen({ host: LOCAL, port: 0 }, () => undefined)
  const { port } = listener
  await t.rejects(
    env.net.listen({ host: LOCAL, port }, () => undefined),
    { name: 'NetError', code: 'EADDRINUSE' },
  )
  await listener.close()
  await t.rejects(env.net.connect({ host: LOCAL, port, timeoutMs: 1_000 }), {
    name: 'NetError',
    code: 'ECONNREFUSED',
  })
})

t.test('chunks of a bulk sender keep their bytes, and lie one behind the other', async t => {
  const accepted: Socket[] = []
  const server = watch({ onEnd: () => accepted[0]?.end() })
  const [socket, listener] = await pair(peer => {
    accepted.push(peer)
    peer.start(server.handlers)
  })
  const client = watch()
  socket.start(client.handlers)
  const sent = Array.from({ length: 60 }, () => env.random.bytes(100_000))
  for (const chunk of sent) socket.write([chunk])
  await server.until(() => server.bytes() === 6_000_000)
  t.ok(Buffer.concat(server.received).equals(Buffer.concat(sent)), 'nothing was overwritten')
  let adjacent = 0
  server.received.reduce((before, chunk) => {
    const isNext = before.buffer === chunk.buffer
    if (isNext && before.byteOffset + before.length === chunk.byteOffset) adjacent++
    return chunk
  })
  t.ok(adjacent > server.received.length / 2, `${adjacent} of ${server.received.length} chunks`)
  socket.destroy()
  await server.until(() => server.closes() === 1)
  await listener.close()
})

t.test('many connections that send small pieces in turn do not mix', async t => {
  const servers: ReturnType<typeof watch>[] = []
  const listener = await env.net.listen({ host: LOCAL, port: 0 }, peer => {
    const server = watch({ onEnd: () => peer.end() })
    servers.push(server)
    peer.start(server.handlers)
  })
  const clients: Socket[] = []
  for (let i = 0; i < 20; i++) {
    const options = { host: LOCAL, port: listener.port, timeoutMs: 2_000 }
    const socket = await env.net.connect(options)
    socket.start(watch().handlers)
    clients.push(socket)
  }
  for (let round = 0; round < 50; round++) {
    for (const [i, socket] of clients.entries()) socket.write([Buffer.alloc(100 + round, i + 1)])
    await new Promise(resolve => setImmediate(resolve))
  }
  for (const socket of clients) socket.end()
  for (const server of servers) await server.until(() => server.closes() === 1)
  const seen = servers.map(({ received }) => new Set(Buffer.concat(received)))
  t.ok(seen.every(values => values.size === 1))
  t.equal(new Set(seen.flatMap(values => [...values])).size, 20)
  t.ok(servers.every(server => server.bytes() === 50 * 100 + (50 * 49) / 2))
  await listener.close()
})

t.test('memory that is given back is read into again, and never before', async t => {
  const accepted: Socket[] = []
  let kept: Buffer[] = []
  let keptBytes = 0
  let wrong = 0
  let at = 0
  const sent = env.random.bytes(65_536)
  const memories = new Set<ArrayBufferLike>()
  const server = watch()
  const listener = await env.net.listen({ host: LOCAL, port: 0 }, peer => {
    accepted.push(peer)
    const onData = (chunk: Buffer) => {
      memories.add(chunk.buffer)
      kept.push(chunk)
      keptBytes += chunk.length
      // Half a megabyte is held back, then looked at and given back piece by piece.
      while (keptBytes > 500_000) {
        const oldest = kept[0] as Buffer
        const count = Math.min(oldest.length, 10_000)
        for (let i = 0; i < count; i += 97) if (oldest[i] !== sent[(at + i) % sent.length]) wrong++
        at += count
        keptBytes -= count
        if (count === oldest.length) kept = kept.slice(1)
        else kept[0] = oldest.subarray(count)
        peer.giveBack(count)
      }
      server.handlers.onData(chunk)
    }
    peer.start({ ...server.handlers, onData, onEnd: () => peer.end() }, { isLent: true })
  })
  const options = { host: LOCAL, port: listener.port, timeoutMs: 2_000 }
  const socket = await env.net.connect(options)
  const client = watch()
  socket.start(client.handlers)
  const total = 403 * sent.length
  for (let i = 0; i < 400; i++) socket.write([sent])
  await server.until(() => server.bytes() === 400 * sent.length)
  // Small pieces between large ones: the two kinds of memory take turns.
  for (let i = 0; i < 64; i++) {
    socket.write([sent.subarray(i * 1_024, (i + 1) * 1_024)])
    await new Promise(resolve => setImmediate(resolve))
    if (i % 32 === 31) await server.until(() => server.bytes() >= 400 * sent.length + i * 1_024)
  }
  for (let i = 0; i < 2; i++) socket.write([sent])
  await server.until(() => server.bytes() === total)
  t.equal(wrong, 0, 'bytes were overwritten before they were given back')
  t.ok(at > 20_000_000)
  t.ok(memories.size < 40, `${memories.size} buffers for ${total} bytes`)
  t.throws(() => accepted[0]?.giveBack(keptBytes + 1), /more bytes given back/)
  socket.end()
  await client.until(() => client.closes() === 1)
  await listener.close()
})

t.test(
  'bytes that are read briefly come whole, in memory of their own, and are not given back',
  async t => {
    const sent = env.random.bytes(2_000_000)
    const briefAt = 100_000
    const briefEnd = 1_700_001
    const accepted: Socket[] = []
    const memories = new Set<ArrayBufferLike>()
    const lent: Buffer[] = []
    let at = 0
    let wrong = 0
    let mixed = 0
    const server = watch()
    const listener = await env.net.listen({ host: LOCAL, port: 0 }, peer => {
      accepted.push(peer)
      let isBrief = false
      const onData = (chunk: Buffer) => {
        const start = at
        at += chunk.length
        if (!chunk.equals(sent.subarray(start, at))) wrong++
        if (isBrief && start < briefEnd) {
          memories.add(chunk.buffer)
          if (at > briefEnd) mixed++
        } else {
          lent.push(chunk)
        }
        if (!isBrief && at >= briefAt) {
          isBrief = true
          peer.readBriefly(briefEnd - at)
        }
        server.handlers.onData(Buffer.from(chunk))
      }
      peer.start({ ...server.handlers, onData, onEnd: () => peer.end() }, { isLent: true })
    })
    const socket = await env.net.connect({ host: LOCAL, port: listener.port, timeoutMs: 2_000 })
    const client = watch()
    socket.start(client.handlers)
    // What comes before the first call must not reach the end of what is read briefly.
    socket.write([sent.subarray(0, briefAt)])
    await server.until(() => server.bytes() === briefAt)
    socket.write([sent.subarray(briefAt)])
    await server.until(() => server.bytes() === sent.length)
    t.equal(wrong, 0)
    t.equal(mixed, 0, 'no chunk has bytes of both kinds')
    t.equal(memories.size, 1)
    const lentBytes = lent.reduce((sum, chunk) => sum + chunk.length, 0)
    accepted[0]?.giveBack(lentBytes)
    t.throws(() => accepted[0]?.giveBack(1), /more bytes given back/)
    socket.end()
    await client.until(() => client.closes() === 1)
    await listener.close()
  },
)
