// weir groups delete
import { deleteGroup } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { CommandError } from '../../errors.ts'
import { describeExistingGroup } from '../../group-lag.ts'
import { bootstrapOption, jsonOption, yesOption } from '../../options.ts'
import { confirm } from '../../output/confirm.ts'
import { printJson } from '../../output/json.ts'

export const deleteGroupsCommand = defineCommand({
  positionals: {
    groups: { type: 'string', array: true, demandOption: true, describe: 'Names of groups' },
  },
  options: { ...bootstrapOption, ...jsonOption, ...yesOption },
  examples: [['$0 groups delete old-billing', 'asks for the name once more']],
  completePositional: ['groups'],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      for (const name of args.groups) {
        const group = await describeExistingGroup(cluster, name)
        if (group.members.length > 0) {
          throw new CommandError(
            `group '${name}' has ${group.members.length} members: stop them first ('weir groups members ${name}' lists them)`,
          )
        }
      }
      const [first = ''] = args.groups
      if (!args.yes) {
        const what = args.groups.length === 1 ? `group '${first}'` : `${args.groups.length} groups`
        await confirm(io, {
          warning: `This deletes ${what} with all committed offsets, for good.`,
          expected: args.groups.length === 1 ? first : `delete ${args.groups.length} groups`,
        })
      }
      for (const name of args.groups) {
        await deleteGroup(cluster, name)
        if (!args.json) void io.stdout.write(`Deleted ${name}\n`)
      }
      if (args.json) {
        printJson(
          io,
          args.groups.map(name => ({ name, error: null })),
        )
      }
      return 0
    })
  },
})
