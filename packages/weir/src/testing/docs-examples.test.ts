// Runs the examples of docs/testing.md as programs. vitest and jest are not installed here: what the
// examples import of them is stood in for by node:test.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const PAGE = new URL('../../../../docs/testing.md', import.meta.url)
/** Inside of the package, so that the examples find weir and the clients. */
const PARENT = fileURLToPath(new URL('../', import.meta.url))
const TIMEOUT_MS = 100_000

const STAND_IN = `
import assert from 'node:assert/strict'
export { after as afterAll, before as beforeAll, test } from 'node:test'
export const expect = actual => ({ toBe: expected => assert.equal(actual, expected) })
`
const STOOD_IN_FOR = /'(?:vitest|@jest\/globals)'/

interface Example {
  readonly name: string
  readonly code: string
}

function examples(): Example[] {
  const page = readFileSync(PAGE, 'utf8')
  return [...page.matchAll(/```js run=(\S+)\n([\s\S]*?)```/g)].map(([, name = '', code = '']) => ({
    name,
    code,
  }))
}

t.test('every runner and client has an example', t => {
  const code = examples()
    .map(example => example.code)
    .join('\n')
  for (const module of [
    'node:test',
    'tap',
    'vitest',
    '@jest/globals',
    'kafkajs',
    '@platformatic/kafka',
  ]) {
    t.ok(code.includes(`'${module}'`), module)
  }
  t.end()
})

const folder = mkdtempSync(join(PARENT, 'examples-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'stand-in.mjs'), STAND_IN)

interface Outcome {
  readonly status: number | null
  readonly output: string
}

function run({ name, code }: Example): Promise<Outcome> {
  const file = join(folder, name)
  writeFileSync(file, code.replace(STOOD_IN_FOR, "'./stand-in.mjs'"))
  // Under tap's variables a tap example would report to it instead of to us. node:test's report to a pipe is
  // TAP before Node 23 and for people ("spec") since.
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  const child = spawn(process.execPath, [file], { env, timeout: TIMEOUT_MS })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += chunk
    })
  }
  return new Promise(resolve => child.on('close', status => resolve({ status, output })))
}

const running = examples().map(example => ({ name: example.name, outcome: run(example) }))
for (const { name, outcome } of running) {
  t.test(`the example ${name} of docs/testing.md passes, and ends by itself`, async t => {
    const { status, output } = await outcome
    t.equal(status, 0, output)
    t.match(output, /([#\u2139] pass [1-9]|pass: [1-9])/)
  })
}
