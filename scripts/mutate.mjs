// `node scripts/mutate.mjs [WORDS]`: takes important lines out of the build, one at a time, and runs the
// test that has to notice; only those whose sentence holds WORDS, if any are given. No file is changed:
// the module is, on its way into Node (mutant.mjs). `--check` only looks whether the lines
// are still there. Exit code 1: a line could be taken out unnoticed, or is not there any more.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MUTATIONS } from './mutations.mjs'
import { prepare, ROOT } from './prepare.mjs'

const LIMIT_MS = 300_000
const LOADER = pathToFileURL(join(import.meta.dirname ?? join(ROOT, 'scripts'), 'mutant.mjs')).href

const args = process.argv.slice(2)
const isCheck = args.includes('--check')
const words = args.filter(arg => arg !== '--check').join(' ')

/** `log/log-append` is packages/log/src/log-append.ts, and .js in dist. */
function pathOf(name, folder, suffix) {
  return join(ROOT, 'packages', name.replace('/', `/${folder}/`)) + suffix
}

/** Null if the line is there once, in the source as in what was built of it. */
function problemOf({ file, line, test }) {
  for (const path of [pathOf(file, 'src', '.ts'), pathOf(file, 'dist', '.js')]) {
    if (!existsSync(path)) return `there is no ${path}`
    const count = readFileSync(path, 'utf8').split(line).length - 1
    if (count !== 1) return `the line is there ${count} times in ${path}`
  }
  return existsSync(pathOf(test, 'dist', '.test.js')) ? null : `there is no test ${test}`
}

/** The test that failed first, which ends the file; null if all passed. */
function failureOf({ file, line, becomes, test }) {
  const mutant = { url: pathToFileURL(pathOf(file, 'dist', '.js')).href, line, becomes }
  const { status, stdout } = spawnSync(process.execPath, [pathOf(test, 'dist', '.test.js')], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      NODE_OPTIONS: `--import ${LOADER}`,
      TAP_BAIL: '1',
      TAP_TIMEOUT: String(LIMIT_MS / 1000),
      WEIR_MUTANT: JSON.stringify(mutant),
    },
  })
  if (status === 0) return null
  const names = (stdout ?? '').match(/^# Subtest: .*/gm) ?? []
  return names.at(-1)?.slice('# Subtest: '.length) ?? 'the file itself'
}

prepare()
let badCount = 0
let count = 0
for (const [what, file, line, becomes, test] of MUTATIONS) {
  if (!what.includes(words)) continue
  count++
  const mutation = { file, line, becomes, test }
  const problem = problemOf(mutation)
  const failure = problem !== null || isCheck ? '' : failureOf(mutation)
  if (problem === null && failure !== null) {
    if (!isCheck) console.log(`noticed   ${what}: ${test}: ${failure}`)
    continue
  }
  badCount++
  console.log(problem === null ? `UNNOTICED ${what}: ${test}` : `GONE      ${what}: ${problem}`)
}
console.log(`${count} mutations, ${badCount} unnoticed or gone`)
process.exit(badCount === 0 && count > 0 ? 0 : 1)
