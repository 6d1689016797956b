// weir configs unset
import { alterConfigs } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { describeResource, parseConfigResource } from '../../values/config-resource.ts'

export const unsetConfigsCommand = defineCommand({
  positionals: {
    resource: {
      type: 'string',
      demandOption: true,
      describe: 'topic/NAME, broker/ID, broker (the default of all) or group/NAME',
    },
    names: { type: 'string', array: true, demandOption: true, describe: 'Names of settings' },
  },
  options: { ...bootstrapOption, ...jsonOption },
  examples: [['$0 configs unset topic/orders retention.ms', 'back to the default']],
  completePositional: ['resources', 'settings'],
  async run({ io }, args) {
    const resource = parseConfigResource(args.resource)
    return await withCluster(io, args, async cluster => {
      const changes = args.names.map(name => ({ name, value: null }))
      await alterConfigs(cluster, resource, changes)
      if (args.json) {
        printJson(io, { resource, changes })
        return 0
      }
      void io.stdout.write(`Unset ${args.names.join(', ')} for ${describeResource(resource)}\n`)
      return 0
    })
  },
})
