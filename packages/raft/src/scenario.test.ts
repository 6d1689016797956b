// Runs testdata/*.txt: commands, a line `----`, the expected output. A blank line ends a block.
// `npm run test:rewrite` records what is seen now.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Scenario } from './testing/scenario.ts'

const directory = join(dirname(fileURLToPath(import.meta.url)), '..', 'testdata')
const isRewrite = process.env['WEIR_TEST_REWRITE'] === '1' || process.argv.includes('--rewrite')

/** The text of the file with the output that its commands give now. */
function replay(text: string): string {
  const scenario = new Scenario()
  const blocks = text.trimEnd().split(/\n\n+/)
  return `${blocks.map(block => replayBlock(scenario, block)).join('\n\n')}\n`
}

function replayBlock(scenario: Scenario, block: string): string {
  const [head = ''] = block.split(/\n?^----$/m)
  const lines = head.trimEnd().split('\n')
  const commands = lines.filter(line => line !== '' && !line.startsWith('#'))
  if (commands.length === 0) return lines.join('\n')
  // Of several commands in a block those that have nothing to say are not printed.
  const outputs = commands.map(command => scenario.run(command))
  const said = outputs.flat().filter(line => commands.length === 1 || line !== 'ok')
  return [...lines, '----', ...(said.length === 0 ? ['ok'] : said)].join('\n')
}

for (const name of readdirSync(directory).sort()) {
  t.test(`the scenario ${name} runs as it is written`, async t => {
    const path = join(directory, name)
    const expected = readFileSync(path, 'utf8')
    const actual = replay(expected)
    if (isRewrite) writeFileSync(path, actual)
    else t.equal(actual, expected)
  })
}
