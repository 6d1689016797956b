// `npm run pack`: builds, bundles the workspaces into the one package that is published, `weir`, and
// makes its archive: dist-package/weir/ and dist-package/weir-VERSION.tgz. With --no-build it takes what
// is built.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeDeclarations } from './package/declarations.mjs'
import { thirdPartyNotices } from './package/notices.mjs'
import { prepare, ROOT } from './prepare.mjs'

const OUTPUT = join(ROOT, 'dist-package')
const FOLDER = join(OUTPUT, 'weir')
const SOURCE = join(ROOT, 'packages', 'weir')

const readJson = path => JSON.parse(readFileSync(path, 'utf8'))

/** The versions that the workspaces are tested with, by name. */
function testedVersions() {
  const versions = new Map()
  for (const name of readdirSync(join(ROOT, 'packages'))) {
    const { dependencies = {} } = readJson(join(ROOT, 'packages', name, 'package.json'))
    for (const [dependency, version] of Object.entries(dependencies)) {
      versions.set(dependency, version)
    }
  }
  return versions
}

function dependencies(names) {
  const versions = testedVersions()
  return Object.fromEntries(
    names.map(name => {
      const version = versions.get(name)
      if (version === undefined) throw new Error(`no workspace depends on ${name}`)
      return [name, version]
    }),
  )
}

function manifest(dependencyNames) {
  const { name, version, license, type, engines, bin } = readJson(join(SOURCE, 'package.json'))
  return {
    name,
    version,
    description: readJson(join(ROOT, 'package.json')).description,
    license,
    type,
    keywords: ['kafka', 'broker', 'commit-log', 'testing'],
    engines,
    bin,
    // For compilers that resolve as in the days before `exports` (TypeScript's node10).
    main: './dist/index.js',
    types: './types/index.d.ts',
    exports: { '.': { types: './types/index.d.ts', default: './dist/index.js' } },
    dependencies: dependencies(dependencyNames),
  }
}

/** Builds the folder and the archive; gives the archive's path. */
export async function pack() {
  // Not before the checkout is prepared: the bundler comes with it.
  const { DEPENDENCIES, writeBundle } = await import('./package/bundle.mjs')
  rmSync(OUTPUT, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const bundled = await writeBundle(join(FOLDER, 'dist'))
  writeDeclarations(join(SOURCE, 'dist', 'index.d.ts'), join(FOLDER, 'types'))
  cpSync(join(SOURCE, 'bin'), join(FOLDER, 'bin'), { recursive: true })
  cpSync(join(SOURCE, 'README.md'), join(FOLDER, 'README.md'))
  cpSync(join(ROOT, 'LICENSE'), join(FOLDER, 'LICENSE'))
  writeFileSync(join(FOLDER, 'THIRD-PARTY-NOTICES'), thirdPartyNotices(bundled))
  writeFileSync(
    join(FOLDER, 'package.json'),
    `${JSON.stringify(manifest(DEPENDENCIES), null, 2)}\n`,
  )
  const args = ['pack', '--json', '--pack-destination', OUTPUT]
  const packed = spawnSync('npm', args, {
    cwd: FOLDER,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (packed.status !== 0) throw new Error(`npm pack failed\n${packed.stderr}`)
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(packed.stdout)
  return { archive: join(OUTPUT, filename), size, unpackedSize, entryCount }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--no-build')) prepare()
  const { archive, size, unpackedSize, entryCount } = await pack()
  const kib = bytes => `${Math.round(bytes / 1024)} KiB`
  console.log(`${archive}: ${entryCount} files, ${kib(size)}, ${kib(unpackedSize)} unpacked`)
}
