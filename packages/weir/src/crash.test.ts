// A few cycles of scripts/crash-broker.mjs, which tells what it checks; run it by hand for many.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const script = fileURLToPath(new URL('../../../scripts/crash-broker.mjs', import.meta.url))

t.test('what was acked survives kill -9, once and in order', { timeout: 100_000 }, async t => {
  const run = spawnSync(process.execPath, [script, '--cycles', '3'], { encoding: 'utf8' })
  t.match(run.stdout, /^ok: 3 kills, [1-9]\d* records/)
  t.equal(run.status, 0, run.stderr)
})
