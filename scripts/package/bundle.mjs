// The workspaces as a few files: packages/weir's compiled modules with everything that they import.
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { ROOT } from '../prepare.mjs'

/**
 * What stays a dependency of the published package: native modules, and what is only loaded when it is
 * needed, by createRequire, which a bundler does not follow. Everything else is bundled.
 */
export const DEPENDENCIES = ['@bokuweb/zstd-wasm', '@node-rs/crc32', 'lz4-napi', 're2js', 'snappyjs']

const compiled = path => join(ROOT, 'packages', ...path.split('/'))

/** A worker thread's file is looked for beside the one that starts it: all files are in one folder. */
const ENTRIES = {
  main: compiled('weir/dist/main.js'),
  index: compiled('weir/dist/index.js'),
  'kafka-tools': compiled('weir/dist/kafka-tools.js'),
  'worker-thread': compiled('core/dist/node/worker-thread.js'),
}

/**
 * Writes the bundle into the folder and gives the paths of the modules that went into it. Names stay as
 * they are and there are no source maps: a stack trace names functions, which is what a report needs.
 */
export async function writeBundle(folder) {
  const bundle = await rolldown({
    input: ENTRIES,
    platform: 'node',
    external: [/^node:/, ...DEPENDENCIES],
  })
  const { output } = await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    comments: false,
  })
  await bundle.close()
  return output.flatMap(chunk => chunk.moduleIds ?? [])
}
