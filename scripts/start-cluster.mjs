// `node scripts/start-cluster.mjs [-- FLAGS]`: prepares the checkout and runs three nodes on this machine
// until Ctrl-C, from port 9092 with data in ./data. It is `weir start --brokers 3 FLAGS`: say
// --brokers 5, --listen 127.0.0.1:19092 or --data-dir DIR for something else.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare, ROOT } from './prepare.mjs'

const BROKERS = '3'

prepare()
const flags = process.argv.slice(2).filter(word => word !== '--')
const hasBrokers = flags.some(word => word === '--brokers' || word.startsWith('--brokers='))
process.argv.splice(2, Infinity, 'start', ...(hasBrokers ? [] : ['--brokers', BROKERS]), ...flags)
await import(pathToFileURL(join(ROOT, 'packages', 'weir', 'bin', 'weir.js')).href)
