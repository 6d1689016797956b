// The `weir` program: the command line plus `weir start`, which only this package can have, since it
// knows the broker. The broker is loaded when it is started and not before.
import { runCliProcess } from '@weir/cli'
import { VERSION } from './version.ts'

await runCliProcess({
  version: VERSION,
  extraCommands: [
    {
      usage: 'start',
      describe: 'Run a node, broker and controller in one',
      load: async () => (await import('./start-command.ts')).startCommand,
    },
  ],
})
