// `weir start --brokers 3` as a user runs it: processes, ports, data, and an orderly end.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCli } from '@weir/cli'
import { memoryIo } from '@weir/cli/testing'
import t from 'tap'

// Four processes beside everything else that a test run does.
t.setTimeout(120_000)

const program = fileURLToPath(new URL('../../bin/weir.js', import.meta.url))

t.test('three nodes are one cluster, and one signal stops them all', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-brokers-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const flags = ['--brokers', '3', '--listen', '127.0.0.1:0', '--http', 'off']
  const child = spawn(process.execPath, [program, 'start', ...flags, '--data-dir', directory], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exit = new Promise<number | null>(resolve => child.once('exit', resolve))
  t.teardown(() => child.kill('SIGKILL'))
  const line = await new Promise<string>(resolve => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.includes('\n')) resolve(output)
    })
    child.stdout.once('end', () => resolve(output))
  })
  const [, addresses = ''] =
    /^weir \S+ ready: nodes 1-3 at (\S+), data in .*node-1 .*node-3\n$/.exec(line) ?? []
  t.equal(addresses.split(',').length, 3, line)
  const io = memoryIo('', { WEIR_BOOTSTRAP: addresses })
  t.equal(await runCli(['cluster', 'describe', '--json'], { io, version: '1' }), 0)
  const { nodes } = JSON.parse(io.stdout.text)
  t.match(
    nodes,
    [1, 2, 3].map(nodeId => ({ nodeId, roles: ['broker', 'controller'], isFenced: false })),
  )
  child.kill('SIGTERM')
  t.equal(await exit, 0)
  for (const nodeId of [1, 2, 3]) t.ok(existsSync(join(directory, `node-${nodeId}`)))
})
