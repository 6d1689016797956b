// Loaded before a program by `mutate.mjs`: one module of the build is changed on its way into Node, on
// every thread and in every child process. No file is.
import { register } from 'node:module'

const hooks = `
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
const { url, line, becomes } = JSON.parse(process.env.WEIR_MUTANT)
export async function load(asked, context, next) {
  if (asked !== url) return next(asked, context)
  const source = readFileSync(fileURLToPath(url), 'utf8').replace(line, () => becomes)
  return { format: 'module', source, shortCircuit: true }
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
