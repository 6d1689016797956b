// weir configs set
import { alterConfigs } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { withSuggestion } from '../../setting-names.ts'
import { describeResource, parseConfigResource } from '../../values/config-resource.ts'
import { parseKeyValues } from '../../values/key-values.ts'

export const setConfigsCommand = defineCommand({
  positionals: {
    resource: {
      type: 'string',
      demandOption: true,
      describe: 'topic/NAME, broker/ID, broker (the default of all) or group/NAME',
    },
    settings: { type: 'string', array: true, demandOption: true, describe: 'NAME=VALUE ...' },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    'dry-run': { type: 'boolean', default: false, describe: 'Only check whether it would work' },
  },
  examples: [
    ['$0 configs set topic/orders retention.ms=3600000', 'keep records for an hour'],
    ['$0 configs set broker log.retention.ms=86400000', 'the default of all brokers'],
  ],
  completePositional: ['resources', 'settings'],
  async run({ io }, args) {
    const resource = parseConfigResource(args.resource)
    const changes = [...parseKeyValues(args.settings, 'configs set')].map(([name, value]) => {
      return { name, value }
    })
    return await withCluster(io, args, async cluster => {
      await withSuggestion(
        resource.type,
        changes.map(({ name }) => name),
        () => alterConfigs(cluster, resource, changes, { validateOnly: args['dry-run'] }),
      )
      if (args.json) {
        printJson(io, { resource, changes, dryRun: args['dry-run'] })
        return 0
      }
      const verb = args['dry-run'] ? 'Would set' : 'Set'
      const list = changes.map(({ name, value }) => `${name}=${value}`).join(' ')
      void io.stdout.write(`${verb} ${list} for ${describeResource(resource)}\n`)
      return 0
    })
  },
})
