// Options and positionals that several commands share.
import type { Options } from 'yargs'

export const DEFAULT_BOOTSTRAP = '127.0.0.1:9092'

export const bootstrapOption = {
  bootstrap: {
    alias: 'b',
    type: 'string',
    describe: 'Addresses to start from, HOST:PORT[,HOST:PORT] (or WEIR_BOOTSTRAP)',
    defaultDescription: DEFAULT_BOOTSTRAP,
    requiresArg: true,
  },
  timeout: {
    type: 'string',
    describe: 'How long to try before giving up',
    defaultDescription: '10s',
    requiresArg: true,
  },
} as const satisfies Record<string, Options>

export const jsonOption = {
  json: { type: 'boolean', describe: 'Print JSON instead of a table', default: false },
} as const satisfies Record<string, Options>

export const yesOption = {
  yes: { alias: 'y', type: 'boolean', describe: 'Do not ask for confirmation', default: false },
} as const satisfies Record<string, Options>

export const executeOption = {
  execute: {
    type: 'boolean',
    default: false,
    describe: 'Do it; else only show what would happen',
  },
} as const satisfies Record<string, Options>

/** What a command says that was called without `--execute`. */
export const NOTHING_CHANGED = 'Nothing was changed: add --execute to do it.'

/** See `selectedPartitions`. */
export const topicsPositional = {
  topics: {
    type: 'string',
    array: true,
    default: [] as string[],
    defaultDescription: 'none',
    describe: 'Topics, or TOPIC:PARTITIONS as in orders:0,3-5',
  },
} as const
