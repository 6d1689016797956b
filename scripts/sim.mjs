// `npm run sim -- --seed N | --seeds COUNT [--from N] | --hunt COUNT [--bug NAME]`: prepares the
// checkout, then runs the simulation of packages/sim.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare, ROOT } from './prepare.mjs'

prepare()
await import(pathToFileURL(join(ROOT, 'packages', 'sim', 'dist', 'main.js')).href)
