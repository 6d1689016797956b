// Who may import whom (docs/architecture.md): each package lists only the packages that its row
// allows, imports only what it lists, and its TypeScript references say the same. What code inside a
// package may touch (clock, disk, network ...) is checked by Biome: see the overrides in biome.json.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './prepare.mjs'

const ALLOWED = {
  core: [],
  settings: ['core'],
  protocol: ['core'],
  raft: ['core'],
  log: ['core', 'protocol'],
  controller: ['core', 'settings', 'protocol'],
  groups: ['core', 'protocol'],
  client: ['core', 'protocol'],
  quorum: ['core', 'raft', 'log', 'protocol', 'client'],
  broker: ['core', 'settings', 'protocol', 'log', 'quorum', 'controller', 'groups', 'client'],
  bench: ['core', 'protocol', 'client'],
  cli: ['core', 'settings', 'protocol', 'client', 'log', 'bench'],
  weir: ['core', 'settings', 'client', 'broker', 'cli'],
  sim: [
    'core',
    'settings',
    'protocol',
    'log',
    'raft',
    'controller',
    'groups',
    'client',
    'quorum',
    'broker',
  ],
}

const problems = []

function sourceFiles(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap(entry => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return sourceFiles(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

function checkPackage(name) {
  const allowed = ALLOWED[name]
  if (allowed === undefined) {
    problems.push(`packages/${name}: has no row in scripts/check-boundaries.mjs`)
    return
  }
  const folder = join(ROOT, 'packages', name)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const listed = Object.keys(manifest.dependencies ?? {})
    .filter(dependency => dependency.startsWith('@weir/'))
    .map(dependency => dependency.slice('@weir/'.length))
  for (const dependency of listed) {
    if (!allowed.includes(dependency))
      problems.push(`packages/${name}/package.json: may not depend on @weir/${dependency}`)
  }
  const config = JSON.parse(readFileSync(join(folder, 'tsconfig.json'), 'utf8'))
  const references = (config.references ?? []).map(each => each.path.replace('../', ''))
  if ([...references].sort().join() !== [...listed].sort().join())
    problems.push(`packages/${name}/tsconfig.json: its references differ from its dependencies`)
  for (const file of sourceFiles(join(folder, 'src'))) {
    const text = readFileSync(file, 'utf8')
    for (const [, imported] of text.matchAll(/(?:from|import\(|import) ?'@weir\/([a-z-]+)/g)) {
      if (imported !== name && !listed.includes(imported))
        problems.push(`${file.slice(ROOT.length + 1)}: imports @weir/${imported}, not listed`)
    }
    for (const [, path] of text.matchAll(/(?:from|import\(|import) ?'(\.\.?\/[^']*)'/g)) {
      if (join(file, '..', path).startsWith(join(folder, 'src'))) continue
      problems.push(`${file.slice(ROOT.length + 1)}: '${path}' leaves its package`)
    }
  }
}

for (const name of readdirSync(join(ROOT, 'packages'))) checkPackage(name)
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
