// Runs the scenarios of testdata. With `--rewrite`, or WEIR_TEST_REWRITE=1, it records what it sees instead.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { Scenario } from './testing/scenario.ts'
import { formatScript, parseScript } from './testing/script.ts'

const folder = new URL('../testdata/', import.meta.url)
const isRewrite = process.argv.includes('--rewrite') || process.env['WEIR_TEST_REWRITE'] === '1'

for (const file of readdirSync(folder).filter(each => each.endsWith('.txt'))) {
  t.test(`${file} runs as written`, async t => {
    const path = new URL(file, folder)
    const text = readFileSync(path, 'utf8')
    const steps = parseScript(text)
    const scenario = new Scenario()
    const outputs = steps.map(step => scenario.run(step))
    const actual = formatScript(steps, outputs)
    if (isRewrite) writeFileSync(path, actual)
    else t.equal(actual, text)
  })
}
