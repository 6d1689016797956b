// Runs scenario files: blocks of a command with its arguments, a line `----`, and the expected
// output up to an empty line. Lines that begin with # are comments and stay where they are.
//
// With `--rewrite`, or WEIR_TEST_REWRITE=1, what is seen becomes what is expected: read the diff.

// biome-ignore lint/correctness/noNodejsModules: only tests load this file.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

export interface Step {
  /** Comments in front of the command. */
  readonly comments: readonly string[]
  readonly command: string
  /** Words without `=`. */
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
  readonly line: string
}

/** What runs one file: a world of its own, told the steps in their order. */
interface Scenario {
  /** The output of a step, lines joined. */
  run(step: Step): string
}

/** The part of tap's that is used here. */
interface Test {
  test(name: string, run: (t: Test) => Promise<void>): unknown
  equal(actual: string, expected: string): unknown
}

const SEPARATOR = '----'

/** One test for each `.txt` file of the folder. */
export function testScripts(t: Test, folder: URL, newScenario: (file: string) => Scenario): void {
  // biome-ignore lint/style/noRestrictedGlobals: only tests load this file.
  const { argv, env } = process
  const isRewrite = argv.includes('--rewrite') || env['WEIR_TEST_REWRITE'] === '1'
  for (const file of readdirSync(folder).filter(each => each.endsWith('.txt'))) {
    t.test(`${file} runs as written`, async t => {
      const path = new URL(file, folder)
      const text = readFileSync(path, 'utf8')
      const steps = parseScript(text)
      const scenario = newScenario(file)
      const outputs = steps.map(step => scenario.run(step))
      const actual = formatScript(steps, outputs)
      if (isRewrite) writeFileSync(path, actual)
      else t.equal(actual, text)
    })
  }
}

function parseScript(text: string): Step[] {
  const steps: Step[] = []
  let comments: string[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line.trim() === '' || line.startsWith('#')) {
      if (line !== '' || comments.length > 0) comments.push(line)
      continue
    }
    if (lines[at + 1] !== SEPARATOR) throw new Error(`line ${at + 2}: ${SEPARATOR} expected`)
    at += 2
    while (at < lines.length && lines[at] !== '') at++
    steps.push({ comments, ...parseLine(line), line })
    comments = []
  }
  return steps
}

function parseLine(line: string) {
  const [command = '', ...rest] = line.split(/\s+/)
  const words = rest.filter(each => !each.includes('='))
  const options = new Map<string, string>()
  for (const each of rest) {
    const at = each.indexOf('=')
    if (at > 0) options.set(each.slice(0, at), each.slice(at + 1))
  }
  return { command, words, options }
}

/** The script with the given outputs, one for each step. */
function formatScript(steps: readonly Step[], outputs: readonly string[]): string {
  const blocks = steps.map((step, index) => {
    const output = outputs[index] ?? ''
    const lines = [...step.comments, step.line, SEPARATOR]
    if (output !== '') lines.push(output)
    return `${lines.join('\n')}\n`
  })
  return blocks.join('\n')
}
