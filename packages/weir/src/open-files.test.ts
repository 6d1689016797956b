// A node whose process may open few files, and clients that connect more often than that.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCli } from '@weir/cli'
import { memoryIo } from '@weir/cli/testing'
import t from 'tap'

const LIMIT = 300
const program = fileURLToPath(new URL('../bin/weir.js', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'weir-open-files-'))
t.teardown(() => rmSync(directory, { recursive: true, force: true }))

/** Resolves to the address when it is ready. */
async function ready(child: ChildProcess): Promise<string> {
  let output = ''
  for await (const chunk of child.stdout ?? []) {
    output += chunk
    const [, address] = / at ([\d.]+:\d+)/.exec(output) ?? []
    if (address !== undefined) return address
  }
  throw new Error(`it did not start: ${output}`)
}

async function run(bootstrap: string, words: readonly string[], input = ''): Promise<string> {
  const io = memoryIo(input, { WEIR_BOOTSTRAP: bootstrap })
  await runCli(words, { io, version: '1' })
  return io.stdout.text + io.stderr.text
}

/** Opens so many and waits until each has heard whether it stays. */
async function open(bootstrap: string, count: number): Promise<Socket[]> {
  const [host, port] = bootstrap.split(':')
  const sockets = Array.from({ length: count }, () => connect(Number(port), host))
  for (const socket of sockets) socket.on('error', () => undefined)
  await Promise.all(
    sockets.map(socket => Promise.race([once(socket, 'connect'), once(socket, 'close')])),
  )
  return sockets
}

t.test(
  'more connections than files may be open: the rest is refused, and the data stays online',
  { skip: !existsSync('/proc/self/limits') },
  async t => {
    const args = ['start', '--listen', '127.0.0.1:0', '--http', 'off', '--data-dir', directory]
    const script = `ulimit -n ${LIMIT}; exec "$0" "$@"`
    const child = spawn('sh', ['-c', script, process.execPath, program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    let log = ''
    child.stderr.on('data', chunk => {
      log += chunk
    })
    const bootstrap = await ready(child)
    await run(bootstrap, ['topics', 'create', 'wide', '-p', '60'])
    const sockets = await open(bootstrap, LIMIT)
    while (!log.includes('too many are open')) await new Promise(resolve => setTimeout(resolve, 10))
    sockets.slice(-LIMIT / 2).forEach(socket => void socket.destroy())
    for (let partition = 0; partition < 60; partition += 20) {
      const words = ['produce', 'wide', '--partition', String(partition)]
      t.equal(await run(bootstrap, words, 'kept\n'), '')
    }
    for (const socket of sockets) socket.destroy()
    t.notMatch(log, /offline|EMFILE/)
    child.kill('SIGTERM')
    t.same(await once(child, 'exit'), [0, null])
  },
)
