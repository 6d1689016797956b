// Whether the files that the documentation names exist: a name is the end of a path below the
// repository, with or without `packages/` and `src/` (`broker/partition/partition.ts`, `log.ts`,
// `{topic,config}-control.ts`). Names of what others add are no names of files: `<api>.ts`.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './prepare.mjs'

/** In examples of how to name a file, and programs that a reader is told to write. */
const EXAMPLES = /^(?:x\.|kebab-case\.|src\/definitions\/NAME\.)|^[\w-]+\.mjs$/

const NAME = /(?<![\w<>/.-])[\w.@*{][\w./@*{},-]*\.(?:ts|mjs)\b/g

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter(path => path !== '')

function short(path) {
  return path.replace(/^packages\//, '').replaceAll(/\bsrc\//g, '')
}

const known = files.map(path => `/${short(path)}`)

/** `a-{b,c}.ts` is two names. */
function expand(name) {
  const [whole, choices] = /\{([^}]*)\}/.exec(name) ?? []
  if (whole === undefined) return [name]
  return choices.split(',').flatMap(choice => expand(name.replace(whole, choice)))
}

function exists(name) {
  const end = `/${short(name)}`
  if (!end.includes('*')) return known.some(path => path.endsWith(end))
  const escaped = end.replaceAll(/[.+^$()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')
  const pattern = new RegExp(`${escaped}$`)
  return known.some(path => pattern.test(path))
}

/** `file.ts: name` promises that the file has the name. */
const MEMBER = /`(?<file>[\w.@*{][\w./@*{},-]*\.ts): (?<member>#?\w+)`/g

function hasMember(file, member) {
  const end = `/${short(file)}`
  const pattern = new RegExp(`(?<![\\w#])${member}(?!\\w)`)
  return files.some(
    (path, index) =>
      known[index].endsWith(end) && pattern.test(readFileSync(join(ROOT, path), 'utf8')),
  )
}

let problemCount = 0
for (const doc of files.filter(path => path.endsWith('.md') && !path.includes('testdata/'))) {
  for (const [at, line] of readFileSync(join(ROOT, doc), 'utf8').split('\n').entries()) {
    const names = [...line.matchAll(NAME)].flatMap(([name]) => expand(name))
    const missing = names.filter(name => !EXAMPLES.test(name) && !exists(name))
    for (const { groups } of line.matchAll(MEMBER)) {
      if (!hasMember(groups.file, groups.member)) missing.push(`${groups.member} in ${groups.file}`)
    }
    problemCount += missing.length
    for (const name of missing) console.error(`${doc}:${at + 1}: there is no ${name}`)
  }
}
if (problemCount > 0) process.exitCode = 1
