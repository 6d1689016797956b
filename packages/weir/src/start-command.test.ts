// A signal that reaches `weir start` while its program is still being loaded: the node does not listen yet.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const SCRIPT = `
  const { once } = await import('node:events')
  const { runCliProcess } = await import('@weir/cli')
  const { startCommandOf } = await import('./start-command.js')
  const load = async () => {
    const told = once(process, 'SIGTERM')
    const stayAlive = setInterval(() => {}, 1000)
    process.kill(process.pid, 'SIGTERM')
    await told
    clearInterval(stayAlive)
    return startCommandOf('')
  }
  const start = { usage: 'start', describe: 'Run a node', load }
  await runCliProcess({ version: '9.9.9', extraCommands: [start] })
`

const base = mkdtempSync(join(tmpdir(), 'weir-start-command-'))
t.teardown(() => rmSync(base, { recursive: true, force: true }))

function start(...flags: readonly string[]): ChildProcess {
  const listen = ['--listen', '127.0.0.1:0', '--http', 'off', '--data-dir', `${base}/data`]
  const script = ['--input-type=module', '-e', SCRIPT, '--', 'weir', 'start', ...listen, ...flags]
  return spawn(process.execPath, script, { cwd: import.meta.dirname, stdio: 'pipe' })
}

for (const flags of [[], ['--brokers', '2']]) {
  const name = ['weir start', ...flags].join(' ')
  t.test(`${name}: SIGTERM while the program is loaded ends it, with code 0`, async t => {
    const child = start(...flags)
    t.teardown(() => child.kill('SIGKILL'))
    const output: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => {
      output.push(chunk)
      child.kill('SIGKILL') // It serves: the signal was lost.
    })
    const [code] = await once(child, 'close')
    t.equal(code, 0)
    t.equal(Buffer.concat(output).toString(), '', 'nothing was ever ready')
  })
}
