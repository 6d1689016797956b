// weir quorum add: a node that runs as a controller beside the voters becomes one of them.
import {
  addVoter,
  type DescribedQuorum,
  describeCluster,
  describeQuorum,
  parseAddresses,
} from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'

/** What we and Kafka's samples call it. */
const CONTROLLER_LISTENER = 'CONTROLLER'

export const addVoterCommand = defineCommand({
  positionals: {
    node: { type: 'string', demandOption: true, describe: 'Id of the node' },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    'controller-listen': {
      type: 'string',
      describe: 'Where the other controllers reach it, HOST:PORT',
      defaultDescription: 'as the cluster tells, if it does',
      requiresArg: true,
    },
    'directory-id': {
      type: 'string',
      describe: 'Id of its data directory, as in its meta.properties',
      defaultDescription: 'as the node has registered it',
      requiresArg: true,
    },
  },
  examples: [
    [
      '$0 quorum add 4 --controller-listen 10.0.0.4:10092',
      'node 4 runs as a controller, and the others reach it there',
    ],
  ],
  epilogue:
    "Start the node first, with --roles broker,controller (or controller) and the voters there are; 'weir quorum status' shows it as an observer then. Change one voter at a time, and keep their number odd.",
  async run({ io }, args) {
    const nodeId = parseNodeId(args.node)
    const given = args['controller-listen']
    const address = given === undefined ? undefined : parseAddresses(given)?.[0]
    if (given !== undefined && address === undefined) {
      throw new UsageError(`--controller-listen takes HOST:PORT, not '${given}'`)
    }
    return await withCluster(io, args, async cluster => {
      const [{ clusterId }, quorum] = await Promise.all([
        describeCluster(cluster),
        describeQuorum(cluster),
      ])
      const voter = {
        nodeId,
        directoryId: args['directory-id'] ?? directoryOf(quorum, nodeId),
        listeners:
          address === undefined
            ? listenersOf(quorum, nodeId)
            : [{ name: CONTROLLER_LISTENER, ...address }],
      }
      await addVoter(cluster, clusterId, voter)
      if (args.json) printJson(io, voter)
      else void io.stdout.write(`Node ${nodeId} votes with directory ${voter.directoryId}\n`)
      return 0
    })
  },
})

/** Throws UsageError. */
export function parseNodeId(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`nodes have numbers, not '${text}'`)
  return Number(text)
}

function directoryOf(quorum: DescribedQuorum, nodeId: number): string {
  const replica = quorum.replicas.find(candidate => candidate.nodeId === nodeId)
  if (replica !== undefined && replica.role !== 'observer') {
    throw new CommandError(`node ${nodeId} votes already (see 'weir quorum status')`)
  }
  if (replica === undefined) {
    throw new CommandError(
      `node ${nodeId} does not follow the quorum: start it first, with the role controller`,
    )
  }
  if (replica.directoryId === null) {
    throw new CommandError(
      `the cluster does not tell the directory of node ${nodeId}: give --directory-id as in its meta.properties`,
    )
  }
  return replica.directoryId
}

function listenersOf(quorum: DescribedQuorum, nodeId: number) {
  const listeners = quorum.nodes.find(node => node.nodeId === nodeId)?.listeners ?? []
  if (listeners.length > 0) return listeners
  throw new CommandError(
    `the cluster does not tell where the controller of node ${nodeId} listens: give --controller-listen HOST:PORT`,
  )
}
