// `npm start [-- FLAGS]`: prepares the checkout, then is `weir start FLAGS`, in this process, so that
// signals reach the broker itself.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare, ROOT } from './prepare.mjs'

prepare()
process.argv.splice(2, 0, 'start')
await import(pathToFileURL(join(ROOT, 'packages', 'weir', 'bin', 'weir.js')).href)
