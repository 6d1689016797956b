// A small HTTP listener over node:http, for metrics and health. GET and HEAD only, without bodies.
//
// Nobody can hold it up: connections, header sizes and the time for each part of an exchange are
// bounded, and so are the answers that are being made at one time.

import type http from 'node:http'
import type { Logger } from '../env.ts'
import { errorMessage, NetError } from '../errors.ts'
import type { HttpHandler, HttpListener, HttpResponse } from '../http.ts'

const MAX_CONNECTIONS = 64
const MAX_HEADER_BYTES = 8 * 1024
const MAX_URL_CHARS = 1024
const HEADERS_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 10_000
/** Without a byte in or out: also a peer that does not read its answer. */
const SILENCE_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 5_000
const CHECK_INTERVAL_MS = 1_000
const MAX_PARALLEL = 4

export interface HttpOptions {
  readonly host: string
  readonly port: number
}

/** Rejects with NetError (EADDRINUSE ...). */
export async function serveHttp(
  options: HttpOptions,
  handler: HttpHandler,
  log: Logger,
): Promise<HttpListener> {
  // Loaded by who serves: commands that only ask have no use for it.
  const { createServer } = await import('node:http')
  let parallel = 0
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    (request, response) => {
      const refusal = refusalOf(request) ?? (parallel >= MAX_PARALLEL ? BUSY : null)
      if (refusal !== null) {
        // Nothing of a body is read: the connection ends.
        send(request, response, refusal, true)
        return
      }
      parallel++
      void answer(handler, request, log)
        .then(made => send(request, response, made, false))
        .finally(() => {
          parallel--
        })
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  server.setTimeout(SILENCE_TIMEOUT_MS, socket => socket.destroy())
  return await listen(server, options, log)
}

function listen(server: http.Server, options: HttpOptions, log: Logger): Promise<HttpListener> {
  const { host, port } = options
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const where = `cannot listen on ${host}:${port} (${error.code ?? error.message})`
      reject(new NetError(error.code ?? 'EIO', where, error))
    }
    server.once('error', onError)
    server.listen({ host, port }, () => {
      server.off('error', onError)
      server.on('error', error => log.error('the HTTP listener failed', { error }))
      const address = server.address()
      resolve({
        host,
        port: typeof address === 'object' && address !== null ? address.port : port,
        close: () =>
          new Promise(done => {
            server.close(() => done())
            server.closeAllConnections()
          }),
      })
    })
  })
}

/** Never rejects. */
async function answer(
  handler: HttpHandler,
  request: http.IncomingMessage,
  log: Logger,
): Promise<HttpResponse> {
  try {
    return await handler(parsed(request.url ?? '/'))
  } catch (error) {
    log.error('an HTTP request failed', { error })
    return page(500, `internal error: ${errorMessage(error)}\n`)
  }
}

const BUSY = page(503, 'too many requests at one time\n')

function refusalOf(request: http.IncomingMessage): HttpResponse | null {
  if (request.method !== 'GET' && request.method !== 'HEAD') return page(405, 'GET and HEAD only\n')
  if ((request.url ?? '').length > MAX_URL_CHARS) return page(414, 'the URL is too long\n')
  const hasBody =
    request.headers['transfer-encoding'] !== undefined ||
    (request.headers['content-length'] ?? '0') !== '0'
  return hasBody ? page(413, 'a request has no body here\n') : null
}

function parsed(url: string): { path: string; query: Map<string, string> } {
  const [path = '/', search = ''] = url.split('?', 2)
  return { path, query: new Map(new URLSearchParams(search)) }
}

function page(status: number, body: string): HttpResponse {
  return { status, contentType: 'text/plain; charset=utf-8', body }
}

function send(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { status, contentType, body }: HttpResponse,
  isLast: boolean,
): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
    ...(isLast ? { connection: 'close' } : {}),
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}
