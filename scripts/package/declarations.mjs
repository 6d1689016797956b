// The type declarations that a user of `startWeir` needs, out of all that the build writes: the files
// that the package's index leads to. They must stand alone: a type taken from another workspace would
// bring that workspace's declarations along, and with them everything that they lead to.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const SPECIFIER = /(\bfrom |\bimport\(|\bimport )(['"])([^'"]+)\2/g

/**
 * Copies what `entry` needs into the folder. Throws if something is declared in a package that the users
 * of this one do not have.
 */
export function writeDeclarations(entry, folder) {
  const source = dirname(entry)
  const waiting = [entry]
  const seen = new Set(waiting)
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const text = readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
    const published = text.replace(SPECIFIER, (_, start, quote, specifier) => {
      if (!specifier.startsWith('.')) {
        const name = relative(source, file)
        throw new Error(`${name} takes types from '${specifier}', which users of weir do not have`)
      }
      const path = specifier.replace(/\.ts$/, '.js')
      const needed = join(dirname(file), path.replace(/\.js$/, '.d.ts'))
      if (!seen.has(needed)) {
        seen.add(needed)
        waiting.push(needed)
      }
      return `${start}${quote}${path}${quote}`
    })
    const target = join(folder, relative(source, file))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, `${published.trimEnd()}\n`)
  }
}
