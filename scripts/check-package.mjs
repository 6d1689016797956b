// Packs what would be published, installs it into an empty project and uses it there: its size and its
// packages, no install scripts, the program, the drop-in tools, worker threads, startWeir and its types.
// With --no-build it takes what is built.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from './pack.mjs'
import { prepare, ROOT } from './prepare.mjs'

const MAX_PACKAGES = 40
const MAX_BYTES = 16_000_000
const START_TIMEOUT_MS = 20_000
const RECORDS = 2_000

if (!process.argv.includes('--no-build')) prepare()
const { archive } = await pack()
const project = mkdtempSync(join(tmpdir(), 'weir-package-'))
const children = []

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: project, encoding: 'utf8', ...options })
  const said = `${command} ${args.join(' ')}\n${result.stdout}${result.stderr}`
  assert.equal(result.error, undefined, said)
  assert.equal(result.status, 0, said)
  return result.stdout.trim()
}

const weir = (args, options) => run('npx', ['--no-install', 'weir', ...args], options)

function install() {
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', archive])
  const lock = JSON.parse(readFileSync(join(project, 'node_modules', '.package-lock.json'), 'utf8'))
  return Object.entries(lock.packages)
}

const ON_INSTALL = ['preinstall', 'install', 'postinstall']

function checkPackages(packages) {
  for (const [path, { hasInstallScript }] of packages) {
    const folder = join(project, path)
    const { scripts = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const hasScripts = hasInstallScript === true || ON_INSTALL.some(name => name in scripts)
    // npm builds what has this file, without being told.
    assert(!hasScripts && !existsSync(join(folder, 'binding.gyp')), `${path} has an install script`)
  }
  const bytes = installedBytes()
  assert(packages.length <= MAX_PACKAGES, `${packages.length} packages are installed`)
  assert(bytes <= MAX_BYTES, `${bytes} bytes are installed`)
  return { packages: packages.length, megabytes: (bytes / 1e6).toFixed(1) }
}

/** What the files take on disk, in blocks, as du counts. */
function installedBytes() {
  const kib = run('du', ['-sk', 'node_modules']).split('\t')[0]
  return Number(kib) * 1024
}

/** Starts the program and resolves to its first address once it is ready. */
async function startBroker(dataDirectory, ...flags) {
  const program = join(project, 'node_modules', 'weir', 'bin', 'weir.js')
  const listen = ['--listen', '127.0.0.1:0', '--http', 'off']
  const args = [program, 'start', ...listen, '--data-dir', dataDirectory, ...flags]
  const child = spawn(process.execPath, args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let output = ''
  let log = ''
  child.stderr.on('data', chunk => {
    log += chunk
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS)
  for await (const chunk of child.stdout) {
    output += chunk
    const address = / ready: nodes? [\d-]+ at ([^\s,]+)/.exec(output)?.[1]
    if (address === undefined) continue
    clearTimeout(timer)
    return { child, address, log: () => log }
  }
  throw new Error(`the broker did not start\n${output}${log}`)
}

async function stop({ child, log }, signal) {
  const exited = once(child, 'exit')
  child.kill(signal)
  const [code] = await exited
  if (signal !== 'SIGTERM') return
  assert.equal(code, 0, log())
  assert.match(log(), /"msg":"stopped"/)
}

const numbers = Array.from({ length: RECORDS }, (_, index) => `record ${index}`).join('\n')

async function checkProgram() {
  const { version } = JSON.parse(
    readFileSync(join(project, 'node_modules', 'weir', 'package.json'), 'utf8'),
  )
  assert.match(weir(['--version']), new RegExp(version))
  assert.match(weir(['--help']), /topics/)
  const first = await startBroker('data')
  const env = { ...process.env, WEIR_BOOTSTRAP: first.address }
  weir(['topics', 'create', 'orders'], { env })
  weir(['produce', 'orders', '--compression', 'zstd'], { env, input: `${numbers}\n` })
  assert.equal(weir(['consume', 'orders', '--from', 'earliest', '--exit'], { env }), numbers)
  const tools = join(project, 'node_modules', 'weir', 'bin', 'kafka')
  for (const name of readdirSync(tools).filter(file => file.startsWith('kafka-topics'))) {
    const listed = run(join(tools, name), ['--bootstrap-server', first.address, '--list'])
    assert.equal(listed, 'orders')
  }
  // After a crash a worker thread scans the log: the bundle's jobs are found in the bundle.
  await stop(first, 'SIGKILL')
  const second = await startBroker('data')
  const again = { ...process.env, WEIR_BOOTSTRAP: second.address }
  assert.equal(weir(['consume', 'orders', '--from', 'earliest', '--exit'], { env: again }), numbers)
  await stop(second, 'SIGTERM')
}

/** The supervisor starts the program again, which the bundle must not have moved. */
async function checkCluster() {
  const cluster = await startBroker('cluster', '--brokers', '3')
  const env = { ...process.env, WEIR_BOOTSTRAP: cluster.address }
  weir(['topics', 'create', 'orders', '--replicas', '3'], { env })
  await stop(cluster, 'SIGTERM')
}

const IN_A_TEST = `
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startWeir } from 'weir'
const weir = await startWeir({ settings: { 'num.partitions': 3 } })
const args = ['--no-install', 'weir', 'cluster', 'describe', '--bootstrap', weir.bootstrap]
const { stdout } = await promisify(execFile)('npx', args)
await weir.stop()
console.log(stdout)
`

const REQUIRED = `
const { startWeir } = require('weir')
startWeir().then(weir => weir.stop())
`

// Neither Node's types nor anything else is needed to compile this.
const TYPED = `
import { startWeir, type Weir } from 'weir'
const weir: Weir = await startWeir({ settings: { 'num.partitions': 3 } })
// @ts-expect-error: a type that was not found would be any, and this no error.
export const wrong: number = weir.bootstrap
`

const COMPILER_OPTIONS = { target: 'es2023', strict: true, noEmit: true, types: [] }
const MODULES = [{ module: 'nodenext' }, { module: 'esnext', moduleResolution: 'bundler' }]

function checkStartWeir() {
  writeFileSync(join(project, 'in-a-test.js'), IN_A_TEST)
  // It ends by itself: nothing is left open after stop().
  const said = run(process.execPath, ['in-a-test.js'], { timeout: START_TIMEOUT_MS })
  assert.match(said, /127\.0\.0\.1/)
  writeFileSync(join(project, 'required.cjs'), REQUIRED)
  run(process.execPath, ['required.cjs'], { timeout: START_TIMEOUT_MS })
  writeFileSync(join(project, 'typed.ts'), TYPED)
  for (const module of MODULES) {
    const config = { compilerOptions: { ...COMPILER_OPTIONS, ...module }, files: ['typed.ts'] }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
    run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'])
  }
}

try {
  const { packages, megabytes } = checkPackages(install())
  await checkProgram()
  await checkCluster()
  checkStartWeir()
  console.log(`the package works: ${packages} packages, ${megabytes} MB, no install scripts`)
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(project, { recursive: true, force: true, maxRetries: 5 })
}
