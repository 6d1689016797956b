// kafka-metadata-quorum
import {
  addVoter,
  type DescribedQuorum,
  describeCluster,
  describeQuorum,
  formatAddress,
  type QuorumReplica,
  removeVoter,
} from '@weir/client'
import { ZERO_UUID } from '@weir/core'
import { newController } from './controller-properties.ts'
import { javaException } from './java-errors.ts'
import { ToolError } from './option-parser.ts'
import type { KafkaTool, ToolContext } from './tool.ts'

export const metadataQuorumTool: KafkaTool = {
  description: 'This tool describes kraft metadata quorum status.',
  options: {
    'bootstrap-server': { value: 'required', doc: 'The addresses of brokers to connect to.' },
    'bootstrap-controller': { value: 'required', doc: 'The addresses of controllers instead.' },
    'command-config': {
      value: 'required',
      doc: 'A file of client settings; with add-controller the new controller has its own in it.',
    },
  },
  subcommands: {
    describe: {
      status: { value: 'none', doc: 'A short summary.' },
      replication: { value: 'none', doc: 'How far each voter and observer is.' },
      'human-readable': { value: 'none', doc: 'Times as ages.' },
    },
    'add-controller': {
      'dry-run': { value: 'none', doc: 'Only say what would be done.' },
    },
    'remove-controller': {
      'controller-id': {
        value: 'required',
        short: 'i',
        doc: 'REQUIRED: the id of the controller.',
      },
      'controller-directory-id': {
        value: 'required',
        short: 'd',
        doc: 'REQUIRED: the id of its directory.',
      },
      'dry-run': { value: 'none', doc: 'Only say what would be done.' },
    },
  },
  async run(context) {
    const { options } = context
    if (!options.has('bootstrap-server') && !options.has('bootstrap-controller')) {
      throw new ToolError(
        'one of the arguments --bootstrap-server --bootstrap-controller is required',
      )
    }
    switch (context.subcommand) {
      case 'describe':
        return await describe(context)
      case 'add-controller':
        return await add(context)
      default:
        return await remove(context)
    }
  },
  fail(context, error) {
    const text = javaException(error)
    context.printError(`${text}\njava.util.concurrent.ExecutionException: ${text}\n`)
    return 1
  },
}

async function describe(context: ToolContext): Promise<number> {
  const { options, cluster } = context
  const [status, replication] = [options.has('status'), options.has('replication')]
  if (status && replication) {
    throw new ToolError(
      'Only one of --status or --replication should be specified with describe sub-command',
    )
  }
  if (!status && !replication) {
    throw new ToolError(
      'One of --status or --replication must be specified with describe sub-command',
    )
  }
  if (replication) {
    const quorum = await describeQuorum(cluster)
    context.print(renderReplication(quorum, options.has('human-readable'), Date.now()))
    return 0
  }
  if (options.has('human-readable')) {
    throw new ToolError('The option --human-readable is only supported along with --replication')
  }
  const [{ clusterId }, quorum] = await Promise.all([
    describeCluster(cluster),
    describeQuorum(cluster),
  ])
  context.print(renderStatus(clusterId, quorum))
  return 0
}

function renderStatus(clusterId: string | null, quorum: DescribedQuorum): string {
  const voters = quorum.replicas.filter(({ role }) => role !== 'observer')
  const observers = quorum.replicas.filter(({ role }) => role === 'observer')
  const leader = voters.find(({ role }) => role === 'leader')
  const maxLag = Math.max(0, ...voters.map(voter => voter.lag))
  const fields: readonly (readonly [string, string | number | null])[] = [
    ['ClusterId', clusterId],
    ['LeaderId', quorum.leaderId],
    ['LeaderEpoch', quorum.leaderEpoch],
    ['HighWatermark', quorum.highWatermark],
    ['MaxFollowerLag', maxLag],
    ['MaxFollowerLagTimeMs', maxLagTimeMs(leader, voters)],
    ['CurrentVoters', `[${voters.map(voter => renderMember(voter, quorum)).join(', ')}]`],
    ['CurrentObservers', `[${observers.map(each => renderMember(each, quorum)).join(', ')}]`],
  ]
  return fields.map(([name, value]) => `${`${name}:`.padEnd(24)}${value ?? ''}\n`).join('')
}

function maxLagTimeMs(leader: QuorumReplica | undefined, voters: readonly QuorumReplica[]): number {
  const earliest = Math.min(...voters.map(voter => voter.lastCaughtUpTimestamp))
  if (leader === undefined || earliest < 0) return -1
  return Math.max(0, leader.lastCaughtUpTimestamp - earliest)
}

function renderMember(replica: QuorumReplica, { nodes }: DescribedQuorum): string {
  const fields = [`"id": ${replica.nodeId}`]
  if (replica.directoryId !== null) fields.push(`"directoryId": "${replica.directoryId}"`)
  const listeners = nodes.find(node => node.nodeId === replica.nodeId)?.listeners ?? []
  if (listeners.length > 0) {
    const endpoints = listeners.map(each => `"${each.name}://${formatAddress(each)}"`)
    fields.push(`"endpoints": [${endpoints.join(', ')}]`)
  }
  return `{${fields.join(', ')}}`
}

const STATUS = { leader: 'Leader', voter: 'Follower', observer: 'Observer' } as const
const ROLES = ['leader', 'voter', 'observer'] as const

function renderReplication(quorum: DescribedQuorum, isForPeople: boolean, nowMs: number): string {
  const time = (timestamp: number): string => {
    if (!isForPeople) return String(timestamp)
    return timestamp < 0 ? 'unknown' : `${nowMs - timestamp} ms ago`
  }
  const rows = ROLES.flatMap(role => quorum.replicas.filter(replica => replica.role === role)).map(
    replica => [
      String(replica.nodeId),
      replica.directoryId ?? ZERO_UUID,
      String(replica.logEndOffset),
      String(replica.lag),
      time(replica.lastFetchTimestamp),
      time(replica.lastCaughtUpTimestamp),
      STATUS[replica.role],
    ],
  )
  const titles = [
    'NodeId',
    'DirectoryId',
    'LogEndOffset',
    'Lag',
    'LastFetchTimestamp',
    'LastCaughtUpTimestamp',
    'Status',
  ]
  const lines = [titles, ...rows]
  const widths = titles.map((_title, column) =>
    Math.max(...lines.map(line => line[column]?.length ?? 0)),
  )
  return lines
    .map(line => line.map((cell, column) => `${cell.padEnd(widths[column] ?? 0)}\t`).join(''))
    .map(line => `${line}\n`)
    .join('')
}

async function add(context: ToolContext): Promise<number> {
  const path = context.options.value('command-config')
  if (path === undefined) {
    throw new ToolError(
      'You must supply the configuration file of the controller you are adding when using add-controller.',
    )
  }
  const controller = newController(path)
  const isDryRun = context.options.has('dry-run')
  if (!isDryRun) {
    const { clusterId } = await describeCluster(context.cluster)
    await addVoter(context.cluster, clusterId, controller)
  }
  const endpoints = controller.listeners.map(each => `${each.name}://${formatAddress(each)}`)
  context.print(
    `${isDryRun ? 'DRY RUN of adding' : 'Added'} controller ${controller.nodeId} with directory id ${controller.directoryId} and endpoints: ${endpoints.join(', ')}\n`,
  )
  return 0
}

async function remove(context: ToolContext): Promise<number> {
  const { options, cluster } = context
  const directoryId = options.value('controller-directory-id')
  const nodeId = options.integer('controller-id')
  if (directoryId === undefined) {
    throw new ToolError('argument --controller-directory-id/-d is required')
  }
  if (nodeId === undefined) throw new ToolError('argument --controller-id/-i is required')
  if (!/^[\w-]{22}$/.test(directoryId)) {
    throw new ToolError(`Failed to parse --controller-directory-id: ${directoryId}`)
  }
  const isDryRun = options.has('dry-run')
  if (!isDryRun) {
    const { clusterId } = await describeCluster(cluster)
    await removeVoter(cluster, clusterId, { nodeId, directoryId })
  }
  context.print(
    `${isDryRun ? 'DRY RUN of removing ' : 'Removed '} KRaft controller ${nodeId} with directory id ${directoryId}\n`,
  )
  return 0
}
