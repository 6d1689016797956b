// weir reassign list
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'
import { movesUnderWay, PROGRESS_COLUMNS } from '../../reassign/progress.ts'

export const listReassignmentsCommand = defineCommand({
  positionals: {},
  options: { ...bootstrapOption, ...jsonOption },
  examples: [['$0 reassign list', 'what moves, and how far it is']],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      const moves = await movesUnderWay(cluster, null)
      if (args.json) printJson(io, moves)
      else if (moves.length === 0) void io.stderr.write('Nothing moves.\n')
      else void io.stdout.write(renderTable(io.stdout, PROGRESS_COLUMNS, moves))
      return 0
    })
  },
})
