// The `weir` program: the command line plus `weir start`, which only this package can have, since it
// knows the broker. The broker is loaded when it is started and not before.
import { fileURLToPath } from 'node:url'
import { runCliProcess } from '@weir/cli'
import { VERSION } from './version.ts'

await runCliProcess({
  version: VERSION,
  extraCommands: [
    {
      usage: 'start',
      describe: 'Run a node, or with --brokers a whole cluster on this machine',
      load: async () =>
        (await import('./start-command.ts')).startCommandOf(fileURLToPath(import.meta.url)),
    },
  ],
})
