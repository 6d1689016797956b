// The workspaces as a few files: packages/weir's compiled modules with everything that they import.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { ROOT } from '../prepare.mjs'

/** What stays a dependency of the published package: native modules, and what loads files of its own. */
export const DEPENDENCIES = ['@bokuweb/zstd-wasm', '@node-rs/crc32', 'lz4-napi']

/**
 * Libraries that are loaded when they are first needed, by createRequire, which a bundler does not
 * follow. Each becomes one file of its own beside the bundle: quicker to load than its many files.
 */
const LAZY = { pino: 'core', re2js: 'groups', snappyjs: 'protocol' }

const compiled = path => join(ROOT, 'packages', ...path.split('/'))

/** A worker thread's file is looked for beside the one that starts it: all files are in one folder. */
const ENTRIES = {
  main: compiled('weir/dist/main.js'),
  index: compiled('weir/dist/index.js'),
  'kafka-tools': compiled('weir/dist/kafka-tools.js'),
  'worker-thread': compiled('core/dist/node/worker-thread.js'),
}

/** Names stay as they are and there are no source maps: a stack trace names functions, which is enough. */
const MINIFY = { compress: false, mangle: false, codegen: { removeWhitespace: true } }

async function write(input, output) {
  const bundle = await rolldown(input)
  const written = await bundle.write({ minify: MINIFY, comments: false, ...output })
  await bundle.close()
  return written.output.flatMap(chunk => chunk.moduleIds ?? [])
}

/** Leads `createRequire(...)('pino')` to `./pino.cjs`; `seen` collects the names. */
function lazyLibraries(seen) {
  return {
    name: 'lazy-libraries',
    transform(code) {
      return code.replace(
        /(createRequire\(import\.meta\.url\)\()'([\w-]+)'/g,
        (call, start, name) => {
          if (!(name in LAZY)) return call
          seen.add(name)
          return `${start}'./${name}.cjs'`
        },
      )
    },
  }
}

async function writeLazy(name, folder) {
  const user = createRequire(join(ROOT, 'packages', LAZY[name], 'package.json'))
  return await write(
    { input: user.resolve(name), platform: 'node', external: [/^node:/] },
    { file: join(folder, `${name}.cjs`), format: 'cjs' },
  )
}

/** Writes the bundle into the folder and gives the paths of the modules that went into it. */
export async function writeBundle(folder) {
  const seen = new Set()
  const files = await write(
    {
      input: ENTRIES,
      platform: 'node',
      external: [/^node:/, ...DEPENDENCIES],
      plugins: [lazyLibraries(seen)],
    },
    {
      dir: folder,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
    },
  )
  for (const name of Object.keys(LAZY)) {
    if (!seen.has(name)) throw new Error(`nothing loads ${name} by createRequire any more`)
    files.push(...(await writeLazy(name, folder)))
  }
  return files
}
