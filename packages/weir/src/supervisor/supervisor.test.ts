// The supervisor as a process, with real processes as nodes: small programs that only say that they
// are ready.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const directory = mkdtempSync(join(tmpdir(), 'weir-supervisor-'))
t.teardown(() => rmSync(directory, { recursive: true, force: true }))

/** Writes a file with its pid at each start, and one with the moment of its stop. */
const NODE = `
import { writeFileSync } from 'node:fs'
import { stopWithParent } from ${JSON.stringify(new URL('./stop-with-parent.js', import.meta.url).href)}
const id = process.argv[3]
if (id === 'broken') process.exit(1)
stopWithParent()
process.on('SIGTERM', () => {
  writeFileSync(\`${directory}/stop-\${process.pid}\`, String(process.hrtime.bigint()))
  process.exit(0)
})
writeFileSync(\`${directory}/start-\${id}-\${process.pid}\`, '')
if (id !== 'slow') process.stdout.write('ready\\n')
setInterval(() => {}, 1000)
`
const SUPERVISOR = `
import { supervise } from ${JSON.stringify(new URL('./supervisor.js', import.meta.url).href)}
import { createLogger } from ${JSON.stringify(import.meta.resolve('@weir/core/node'))}
const nodes = process.argv.slice(3).map((id, index) => ({ nodeId: index + 1, args: ['start', id] }))
const code = await supervise({
  log: createLogger({ format: 'text' }),
  script: process.argv[2],
  nodes,
  announce: () => process.stdout.write('all ready\\n'),
  tellEveryMs: nodes.some(node => node.args[1] === 'slow') ? 50 : 5_000,
})
process.exit(code)
`
const nodeScript = join(directory, 'node.mjs')
const supervisorScript = join(directory, 'supervisor.mjs')
writeFileSync(nodeScript, NODE)
writeFileSync(supervisorScript, SUPERVISOR)

function start(...ids: string[]) {
  const child = spawn(process.execPath, [supervisorScript, nodeScript, ...ids])
  let output = ''
  child.stdout.on('data', chunk => {
    output += String(chunk)
  })
  child.stderr.on('data', chunk => {
    output += String(chunk)
  })
  const exit = new Promise<number | null>(resolve => child.once('exit', resolve))
  return { child, exit, output: () => output }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

function pidsOf(id: string): number[] {
  const prefix = `start-${id}-`
  const names = readdirSync(directory).filter(name => name.startsWith(prefix))
  return names.map(name => Number(name.slice(prefix.length)))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

t.test(
  'it says once that all are ready, starts what dies, and stops one after the other',
  async t => {
    const { child, exit, output } = start('a1', 'a2')
    await until('both are ready', () => output().includes('all ready'))
    const [first] = pidsOf('a1')
    // To kill 0 would be to kill whoever runs the tests.
    if (first === undefined) throw new Error('node 1 is ready and has written nothing')
    process.kill(first, 'SIGKILL')
    await until('node 1 is back', () => pidsOf('a1').length === 2 && output().includes('is back'))
    t.match(output(), /node 1 ended by SIGKILL: it is started again in 250 ms/)
    t.equal(output().match(/all ready/g)?.length, 1)
    const [second = 0] = pidsOf('a1').filter(pid => pid !== first)
    const [other = 0] = pidsOf('a2')
    child.kill('SIGTERM')
    t.equal(await exit, 0)
    const stopTime = (pid: number) => BigInt(readFileSync(join(directory, `stop-${pid}`), 'utf8'))
    t.ok(stopTime(other) < stopTime(second), 'the last node first')
    t.notOk(isAlive(second) || isAlive(other))
  },
)

t.test('nodes stop by themselves when the supervisor is killed', async t => {
  const { child, output } = start('b1', 'b2')
  await until('both are ready', () => output().includes('all ready'))
  const pids = [...pidsOf('b1'), ...pidsOf('b2')]
  child.kill('SIGKILL')
  await until('no node is left', () => !pids.some(isAlive))
  t.equal(pids.length, 2)
})

t.test('a node that cannot start ends all of them', async t => {
  const { exit, output } = start('c1', 'broken')
  t.equal(await exit, 1)
  t.match(output(), /node 2 did not start \(it ended with exit code 1\): all nodes are stopped/)
  t.notOk(pidsOf('c1').some(isAlive))
})

t.test('a start that takes long says whom it waits for', async t => {
  const { child, exit, output } = start('slow', 'd2')
  await until('only one is waited for', () => /until these nodes are ready: 1\n/.test(output()))
  child.kill('SIGTERM')
  await exit
  t.notMatch(output(), /all ready/)
})
