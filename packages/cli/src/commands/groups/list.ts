// weir groups list
import { listGroups } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'

export const listGroupsCommand = defineCommand({
  positionals: {},
  options: {
    ...bootstrapOption,
    ...jsonOption,
    names: { type: 'boolean', default: false, describe: 'Print only names, one a line' },
  },
  examples: [['$0 groups list', 'all groups and their states']],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      const groups = await listGroups(cluster)
      if (args.json) printJson(io, groups)
      else if (args.names) void io.stdout.write(groups.map(row => `${row.groupId}\n`).join(''))
      else if (groups.length === 0) void io.stderr.write('There are no groups.\n')
      else {
        void io.stdout.write(
          renderTable(
            io.stdout,
            [
              { title: 'GROUP', cell: row => row.groupId },
              { title: 'STATE', cell: row => row.state },
              { title: 'TYPE', cell: row => row.type },
              { title: 'PROTOCOL', cell: row => row.protocolType },
            ],
            groups,
          ),
        )
      }
      return 0
    })
  },
})
