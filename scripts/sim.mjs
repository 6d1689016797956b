// `npm run sim -- --seed N | --seeds COUNT [--from N]`: prepares the checkout, then runs the simulation of
// packages/sim, one run a seed: the consensus alone, or with one of these words
//   --quorum       its real driver, storage and transport
//   --controller   the controller of the metadata on it
//   --node         a whole node with producers and consumers
//   --cluster      the whole cluster; with --planted each known bug is planted in turn
// `--hunt COUNT [--bug NAME]` plants the known bugs of the consensus and says which seed notices each;
// `--cluster --hunt COUNT` stops at the first seed that fails. A failure prints its seed, which together
// with the commit is the whole report.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { showHelp } from './options.mjs'
import { prepare, ROOT } from './prepare.mjs'

const words = process.argv.slice(2)
if (!words.some(word => ['--seed', '--seeds', '--hunt', '--planted'].includes(word))) showHelp()
prepare()
await import(pathToFileURL(join(ROOT, 'packages', 'sim', 'dist', 'main.js')).href)
