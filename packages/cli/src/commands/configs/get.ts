// weir configs get
import { type ConfigEntry, describeConfigs } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { CommandError } from '../../errors.ts'
import { unknownTopic } from '../../names.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'
import { parseConfigResource } from '../../values/config-resource.ts'
import { nearest } from '../../values/nearest.ts'

export const getConfigsCommand = defineCommand({
  positionals: {
    resource: {
      type: 'string',
      demandOption: true,
      describe: 'topic/NAME, broker/ID, broker (the default of all) or group/NAME',
    },
    names: {
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'none',
      describe: 'Only these settings',
    },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    all: { alias: 'a', type: 'boolean', default: false, describe: 'Those at their defaults, too' },
  },
  examples: [
    ['$0 configs get topic/orders', 'what differs from the defaults'],
    ['$0 configs get topic/orders retention.ms', 'the value of one setting'],
    ['$0 configs get broker/1 --all', 'all settings of a broker'],
  ],
  completePositional: ['resources', 'settings'],
  async run({ io }, args) {
    const resource = parseConfigResource(args.resource)
    return await withCluster(io, args, async cluster => {
      const { entries, error } = await describeConfigs(cluster, resource)
      if (error?.errorName === 'UNKNOWN_TOPIC_OR_PARTITION') {
        throw new CommandError(await unknownTopic(cluster, resource.name))
      }
      if (error !== null) throw error
      const chosen = chooseEntries(entries, args)
      if (args.json) {
        printJson(io, chosen)
        return 0
      }
      if (chosen.length === 0) {
        void io.stderr.write('All settings are at their defaults; --all shows them.\n')
        return 0
      }
      void io.stdout.write(
        renderTable(
          io.stdout,
          [
            { title: 'SETTING', cell: row => row.name },
            { title: 'VALUE', cell: row => (row.isSensitive ? '(hidden)' : row.value) },
            { title: 'FROM', cell: row => SOURCES.get(row.source) ?? row.source },
            { title: 'DEFAULT', cell: row => defaultOf(row) },
          ],
          chosen,
        ),
      )
      return 0
    })
  },
})

const SOURCES: ReadonlyMap<string, string> = new Map([
  ['DYNAMIC_TOPIC_CONFIG', 'topic'],
  ['DYNAMIC_BROKER_CONFIG', 'broker'],
  ['DYNAMIC_DEFAULT_BROKER_CONFIG', 'all brokers'],
  ['STATIC_BROKER_CONFIG', 'file'],
  ['DEFAULT_CONFIG', 'default'],
  ['DYNAMIC_GROUP_CONFIG', 'group'],
  ['DYNAMIC_CLIENT_METRICS_CONFIG', 'client metrics'],
])

function chooseEntries(
  entries: readonly ConfigEntry[],
  args: { names: readonly string[]; all: boolean },
): ConfigEntry[] {
  if (args.names.length > 0) {
    return args.names.map(name => {
      const entry = entries.find(candidate => candidate.name === name)
      if (entry !== undefined) return entry
      const near = nearest(
        name,
        entries.map(candidate => candidate.name),
      )
      throw new CommandError(
        `there is no setting '${name}' here${near === null ? '' : `: did you mean '${near}'?`}`,
      )
    })
  }
  return entries.filter(entry => args.all || entry.source !== 'DEFAULT_CONFIG')
}

/** The name, too, where the default is that of a setting in another unit: 168 hours are no 168 ms. */
function defaultOf(entry: ConfigEntry): string | null {
  const inherited = entry.synonyms.find(synonym => synonym.source === 'DEFAULT_CONFIG')
  if (inherited === undefined) return null
  const isSameUnit = lastWord(inherited.name) === lastWord(entry.name)
  return isSameUnit ? inherited.value : `${inherited.name}=${inherited.value}`
}

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
