// Runs the examples of docs/testing.md as programs. vitest and jest are not installed here: what the
// examples import of them is stood in for by node:test.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const PAGE = new URL('../../../../docs/testing.md', import.meta.url)
/** Inside of the package, so that the examples find weir and the clients. */
const PARENT = fileURLToPath(new URL('../', import.meta.url))
const TIMEOUT_MS = 60_000

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
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'stand-in.mjs'), STAND_IN)

for (const { name, code } of examples()) {
  t.test(`the example ${name} of docs/testing.md passes, and ends by itself`, t => {
    const file = join(folder, name)
    writeFileSync(file, code.replace(STOOD_IN_FOR, "'./stand-in.mjs'"))
    // Under tap's variables a tap example would report to it instead of to us.
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
    const run = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: TIMEOUT_MS, env })
    t.equal(run.status, 0, run.stdout + run.stderr)
    t.match(run.stdout, /(# pass [1-9]|pass: [1-9])/)
    t.end()
  })
}
