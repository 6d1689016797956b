// The process of a node: its ready line, its clean stop, and its refusals, as a shell sees them.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const SCRIPT = `
  const { createNodeEnv } = await import('@weir/core/node')
  const { loadSettings } = await import('@weir/settings')
  const { runNode } = await import('@weir/broker')
  const { settings } = loadSettings({ assignments: process.argv.slice(1) })
  await runNode({ env: createNodeEnv(), settings, version: '9.9.9' })
`

const base = mkdtempSync(join(tmpdir(), 'weir-broker-main-'))
t.teardown(() => rmSync(base, { recursive: true, force: true }))

class Child {
  readonly process: ChildProcessWithoutNullStreams
  out = ''
  err = ''

  constructor(assignments: readonly string[]) {
    const args = ['--input-type=module', '-e', SCRIPT, ...assignments]
    this.process = spawn(process.execPath, args, { cwd: import.meta.dirname })
    this.process.stdout.on('data', chunk => {
      this.out += chunk
    })
    this.process.stderr.on('data', chunk => {
      this.err += chunk
    })
  }

  async ready(): Promise<void> {
    while (!this.out.includes('\n')) {
      if (this.process.exitCode !== null) throw new Error(`it ended: ${this.err}`)
      await once(this.process.stdout, 'data')
    }
  }

  async exit(): Promise<number | null> {
    if (this.process.exitCode === null) await once(this.process, 'close')
    return this.process.exitCode
  }
}

t.test('one line when ready, a clean stop on SIGTERM, and its directory is its own', async t => {
  const settings = ['listeners=PLAINTEXT://127.0.0.1:0', `log.dirs=${base}/data`]
  const first = new Child(settings)
  await first.ready()
  t.match(first.out, /^weir 9\.9\.9 ready: node 1 at 127\.0\.0\.1:\d+, data in .*\/data\n$/)
  const second = new Child(settings)
  t.equal(await second.exit(), 1)
  t.match(second.err, /data/)
  t.notMatch(second.err, /\n\s+at /, 'no stack')
  first.process.kill('SIGTERM')
  t.equal(await first.exit(), 0)
})

t.test('a port in use ends the start with one sentence', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const child = new Child([`listeners=PLAINTEXT://127.0.0.1:${port}`, `log.dirs=${base}/other`])
  t.equal(await child.exit(), 1)
  t.equal(child.out, '')
  t.match(child.err, new RegExp(`weir: 127\\.0\\.0\\.1:${port} is in use.*--listen`))
  t.notMatch(child.err, /\n\s+at /, 'no stack')
  other.close()
})
