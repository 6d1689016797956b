import http from 'node:http'
import net from 'node:net'
import t from 'tap'
import type { HttpListener } from '../http.ts'
import { serveHttp } from './node-http.ts'
import { createLogger } from './node-logger.ts'
import { NodeProcessProbe } from './process-probe.ts'

const log = createLogger({ level: 'silent' })
let listener: HttpListener
let release: (() => void) | null = null

t.before(async () => {
  listener = await serveHttp(
    { host: '127.0.0.1', port: 0 },
    async ({ path, query }) => {
      if (path === '/broken') throw new Error('not today')
      if (path === '/slow') {
        await new Promise<void>(resolve => {
          release = resolve
        })
      }
      return { status: 200, contentType: 'text/plain', body: `${path} ${query.get('a') ?? ''}` }
    },
    log,
  )
})
t.teardown(() => listener.close())

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: http.IncomingHttpHeaders
}

function ask(path: string, options: http.RequestOptions = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { host, port } = listener
    const request = http.request({ host, port, path, agent: false, ...options }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

t.test('GET and HEAD are answered, with the query', async t => {
  t.match(await ask('/metrics?a=1&b'), { status: 200, body: '/metrics 1' })
  const head = await ask('/x', { method: 'HEAD' })
  t.match(head, { status: 200, body: '', headers: { 'content-length': '3' } })
})

t.test('anything else is refused and its connection closed', async t => {
  const post = await ask('/x', { method: 'POST' }, 'body')
  t.match(post, { status: 405, headers: { allow: 'GET, HEAD', connection: 'close' } })
  t.match(await ask('/x', { headers: { 'content-length': '4' } }, 'body'), { status: 413 })
  t.match(await ask(`/${'x'.repeat(2_000)}`), { status: 414 })
  t.match(await ask(`/${'x'.repeat(20_000)}`), { status: 431 })
  t.match(await ask('/broken'), { status: 500, body: 'internal error: not today\n' })
})

t.test('while too many answers are being made others are told so', async t => {
  const releases: (() => void)[] = []
  const slow = []
  for (let i = 0; i < 4; i++) {
    slow.push(ask('/slow'))
    while (release === null) await new Promise(resolve => setImmediate(resolve))
    releases.push(release)
    release = null
  }
  t.match(await ask('/metrics'), { status: 503 })
  for (const each of releases) each()
  for (const answer of await Promise.all(slow)) t.match(answer, { status: 200 })
  t.match(await ask('/metrics'), { status: 200 })
})

t.test('connections are bounded in number', async t => {
  const sockets: net.Socket[] = []
  let closed = 0
  for (let i = 0; i < 100; i++) {
    const socket = net.connect(listener.port, listener.host)
    socket.on('error', () => undefined)
    socket.on('close', () => closed++)
    sockets.push(socket)
  }
  while (closed < 36) await new Promise(resolve => setImmediate(resolve))
  t.equal(closed, 36, 'those above 64 were closed at once')
  for (const socket of sockets) socket.destroy()
})

t.test('close ends open connections', async t => {
  const other = await serveHttp({ host: '127.0.0.1', port: 0 }, async () => BODY, log)
  const socket = net.connect(other.port, other.host)
  await new Promise(resolve => socket.once('connect', resolve))
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n')
  socket.on('error', () => undefined)
  const closed = new Promise(resolve => socket.on('close', resolve))
  await other.close()
  await closed
  await t.rejects(
    serveHttp(listener, async () => BODY, log),
    { code: 'EADDRINUSE' },
  )
})

t.test('a probe counts holds of the event loop and runs of the collector', async t => {
  const probe = new NodeProcessProbe()
  t.teardown(() => probe.close())
  await new Promise(resolve => setTimeout(resolve, 30))
  const endMs = performance.now() + 40
  const kept: object[] = []
  while (performance.now() < endMs) kept.push({ a: [1, 2, 3] })
  await new Promise(resolve => setTimeout(resolve, 30))
  const stats = probe.read()
  const { counts, boundsSeconds, holdCount, sumSeconds } = stats.eventLoop
  t.equal(counts.length, boundsSeconds.length + 1)
  t.ok(holdCount >= 1, 'the hold is seen')
  t.ok(counts.every(count => count >= 0))
  t.equal(
    counts.slice(boundsSeconds.indexOf(0.01) + 1).reduce((sum, count) => sum + count, 0),
    holdCount,
  )
  t.ok(sumSeconds > 0.02)
  t.ok(stats.residentBytes > 1e6 && stats.cpuSeconds > 0 && stats.startedAtMs > 1e12)
})

const BODY = { status: 200, contentType: 'text/plain', body: '' }
