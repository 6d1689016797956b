// weir quorum remove: a voter becomes an observer, or is gone for good.
import { describeCluster, describeQuorum, removeVoter } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { CommandError } from '../../errors.ts'
import { bootstrapOption, jsonOption, yesOption } from '../../options.ts'
import { confirm } from '../../output/confirm.ts'
import { printJson } from '../../output/json.ts'
import { parseNodeId } from './add.ts'

export const removeVoterCommand = defineCommand({
  positionals: {
    node: { type: 'string', demandOption: true, describe: 'Id of the node' },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    'directory-id': {
      type: 'string',
      describe: 'Id of its data directory',
      defaultDescription: "as 'weir quorum status' shows it",
      requiresArg: true,
    },
    ...yesOption,
  },
  examples: [
    ['$0 quorum remove 3', 'asks once more'],
    ['$0 quorum remove 3 --yes', 'also while node 3 is away'],
  ],
  async run({ io }, args) {
    const nodeId = parseNodeId(args.node)
    return await withCluster(io, args, async cluster => {
      const [{ clusterId }, { replicas }] = await Promise.all([
        describeCluster(cluster),
        describeQuorum(cluster),
      ])
      const voters = replicas.filter(({ role }) => role !== 'observer')
      const voter = voters.find(candidate => candidate.nodeId === nodeId)
      if (voter === undefined) {
        throw new CommandError(`node ${nodeId} does not vote (see 'weir quorum status')`)
      }
      if (voters.length === 1) throw new CommandError(`node ${nodeId} is the only voter there is`)
      const directoryId = args['directory-id'] ?? voter.directoryId
      if (directoryId === null) {
        throw new CommandError(
          `the cluster does not tell the directory of node ${nodeId}: give --directory-id`,
        )
      }
      if (!args.yes) {
        await confirm(io, {
          warning: `${voters.length - 1} voters are left without node ${nodeId}.`,
          expected: String(nodeId),
        })
      }
      await removeVoter(cluster, clusterId, { nodeId, directoryId })
      if (args.json) printJson(io, { nodeId, directoryId })
      else void io.stdout.write(`Node ${nodeId} votes no more\n`)
      return 0
    })
  },
})
