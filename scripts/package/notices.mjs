// THIRD-PARTY-NOTICES: the licences of the libraries whose code is inside the bundle.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'

const HEAD = `The files in dist/ contain code of the libraries below, unchanged but for being bundled. Weir itself is
under the Apache License 2.0 (see LICENSE); libraries that npm installs beside it bring their own.
`

/** The folder of the package that a bundled file belongs to; null for one of Weir's own. */
function packageFolder(file) {
  const at = file.lastIndexOf(`${sep}node_modules${sep}`)
  if (at < 0) return null
  const start = at + `${sep}node_modules${sep}`.length
  const [scope, name] = file.slice(start).split(sep)
  return join(file.slice(0, start), scope.startsWith('@') ? join(scope, name) : scope)
}

function licenceText(folder) {
  const name = readdirSync(folder).find(file => /^licen[cs]e/i.test(file))
  // A missing text is an error: nothing may be published without it.
  if (name === undefined) throw new Error(`there is no licence in ${folder}`)
  return readFileSync(join(folder, name), 'utf8').trim()
}

export function thirdPartyNotices(files) {
  const real = files.filter(file => existsSync(file))
  const folders = new Set(real.map(packageFolder).filter(folder => folder !== null))
  const entries = [...folders].map(folder => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    )
    return { name, text: `${name} ${version} (${license})\n\n${licenceText(folder)}\n` }
  })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  return [HEAD, ...entries.map(({ text }) => text)].join(`\n${'-'.repeat(80)}\n\n`)
}
