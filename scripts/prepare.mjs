// Installs what is missing and builds what changed. Plain JavaScript, since nothing is built yet
// when it runs. Does nothing, in well under a second, when nothing changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** Ends the process with one sentence if the running Node is too old for what follows. */
function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  console.error(`Weir needs Node 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(1)
}

function run(what, command, args) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, npm_config_loglevel: 'error' },
    shell: process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (result.status === 0) return
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
  console.error(`${what} failed${result.error ? `: ${result.error.message}` : ''}`)
  process.exit(1)
}

/** A stamp in node_modules names the lock file that it was installed from. */
function installIfNeeded() {
  const stampFile = join(ROOT, 'node_modules', '.weir-installed')
  const lock = readFileSync(join(ROOT, 'package-lock.json'))
  const stamp = createHash('sha256').update(lock).digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  console.error('Installing dependencies, once (a minute or so) ...')
  run('npm ci', 'npm', ['ci', '--no-audit', '--no-fund', '--no-progress'])
  writeFileSync(stampFile, stamp)
}

/** A compiled file whose source is gone would still be imported, or run as a test. */
function removeOrphans(sourceDir, outputDir) {
  if (!existsSync(outputDir)) return
  for (const entry of readdirSync(outputDir, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      removeOrphans(join(sourceDir, entry.name), join(outputDir, entry.name))
      continue
    }
    const match = /^(.*?)(\.d\.ts|\.js)(\.map)?$/.exec(entry.name)
    if (match === null || existsSync(join(sourceDir, `${match[1]}.ts`))) continue
    rmSync(join(outputDir, entry.name))
  }
}

/** A source is younger than what its package was built to. */
function isChanged() {
  return readdirSync(join(ROOT, 'packages')).some(name => {
    const built = join(ROOT, 'packages', name, 'dist', '.tsbuildinfo')
    if (!existsSync(built)) return true
    const builtMs = statSync(built).mtimeMs
    return sourcesOf(join(ROOT, 'packages', name, 'src')).some(
      path => statSync(path).mtimeMs > builtMs,
    )
  })
}

function sourcesOf(directory) {
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true })
  return entries
    .filter(entry => entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
}

function build() {
  for (const name of readdirSync(join(ROOT, 'packages'))) {
    removeOrphans(join(ROOT, 'packages', name, 'src'), join(ROOT, 'packages', name, 'dist'))
  }
  if (!existsSync(join(ROOT, 'packages', 'weir', 'dist'))) {
    console.error('Building, the first time (half a minute or so) ...')
  } else if (isChanged()) console.error('Building what changed ...')
  run('The build', process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'])
}

export function prepare() {
  checkNode()
  installIfNeeded()
  build()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepare()
