// `npm test [-- FILES]`: prepares the checkout, runs the test files with tap and ends with the line
// `N passed, N failed`, counted in tests. `--rewrite` lets scripted scenarios record what
// they see as their new expected output.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { showHelp } from './options.mjs'
import { prepare, ROOT } from './prepare.mjs'

prepare()

const args = process.argv.slice(2)
if (args.includes('--help')) showHelp()
const isRewrite = args.includes('--rewrite')
const files = args.filter(arg => arg !== '--rewrite')
const tap = join(
  dirname(createRequire(join(ROOT, 'x.js')).resolve('tap/package.json')),
  'dist',
  'esm',
  'run.mjs',
)

const child = spawn(process.execPath, [tap, 'run', '--reporter=tap', ...files], {
  cwd: ROOT,
  env: { ...process.env, ...(isRewrite ? { WEIR_TEST_REWRITE: '1' } : {}) },
  stdio: ['ignore', 'pipe', 'inherit'],
})

let passed = 0
let failed = 0
let rest = ''
/** What the file that is running has printed so far; shown only if it fails. */
let printed = []

// Tap's lines: a file is an `ok` without indentation; a test within it is an indented `ok` that
// carries its time; single assertions carry none.
function take(line) {
  const match = /^( *)(not )?ok \d+( - (.*?))?( # (time|SKIP|TODO)\b.*)?$/.exec(
    line.replace(/ \{$/, ''),
  )
  if (match === null) {
    printed.push(line)
    return
  }
  const [, indent, not, , name, , directive] = match
  if (indent !== '') {
    printed.push(line)
    if (directive !== 'time') return
    if (not === undefined) passed++
    else failed++
    return
  }
  console.log(`${not === undefined ? 'ok  ' : 'FAIL'} ${name ?? ''}`)
  if (not !== undefined) {
    failedFiles++
    console.log(printed.join('\n'))
  }
  printed = []
}

let failedFiles = 0

child.stdout.setEncoding('utf8')
child.stdout.on('data', chunk => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop()
  for (const line of lines) take(line)
})
child.on('close', code => {
  if (rest !== '') take(rest)
  // A file may fail outside of its tests: when it does not load, times out or is killed.
  failed = Math.max(failed, failedFiles)
  if (failed === 0 && (code !== 0 || passed === 0)) failed = 1
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
})
