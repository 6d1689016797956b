// The type declarations that a user of `startWeir` needs, out of all that the build writes: the files
// that the package's index leads to, in one folder for each workspace, with paths between them in place
// of the names of unpublished packages.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ROOT } from '../prepare.mjs'

const SPECIFIER = /(\bfrom |\bimport\(|\bimport )(['"])([^'"]+)\2/g

/** Where the declarations of a package's name are, `@weir/core/node` for instance. */
function declarationsOf(specifier) {
  const [, name, path] = /^@weir\/([^/]+)(?:\/(.+))?$/.exec(specifier)
  const folder = join(ROOT, 'packages', name)
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, exports[path === undefined ? '.' : `./${path}`].types)
}

function resolveSpecifier(specifier, from) {
  if (specifier.startsWith('@weir/')) return declarationsOf(specifier)
  if (specifier.startsWith('.')) return join(dirname(from), specifier.replace(/\.[jt]s$/, '.d.ts'))
  return null
}

/** `packages/core/dist/node/index.d.ts` is `core/node/index.d.ts` in the published folder. */
function publishedPath(file) {
  const [, name, path] = /^packages\/([^/]+)\/dist\/(.+)$/.exec(
    relative(ROOT, file).replaceAll('\\', '/'),
  )
  return `${name}/${path}`
}

/**
 * Copies what `entry` needs into the folder and gives the path of its copy there. Throws if something is
 * declared in a package that its users do not have: only Node's own types are (`@types/node`).
 */
export function writeDeclarations(entry, folder) {
  const waiting = [entry]
  const seen = new Set(waiting)
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (!existsSync(file)) throw new Error(`there are no declarations in ${file}`)
    const target = join(folder, publishedPath(file))
    const text = readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
    const published = text.replace(SPECIFIER, (_, start, quote, specifier) => {
      const needed = resolveSpecifier(specifier, file)
      if (needed === null) {
        if (specifier.startsWith('node:')) return `${start}${quote}${specifier}${quote}`
        throw new Error(`${file} takes types from '${specifier}', which is not published`)
      }
      if (!seen.has(needed)) {
        seen.add(needed)
        waiting.push(needed)
      }
      const path = relative(dirname(target), join(folder, publishedPath(needed)))
      const specified = `./${path.replaceAll('\\', '/').replace(/\.d\.ts$/, '.js')}`
      return `${start}${quote}${specified.replace('./../', '../')}${quote}`
    })
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, `${published.trimEnd()}\n`)
  }
  return publishedPath(entry)
}
