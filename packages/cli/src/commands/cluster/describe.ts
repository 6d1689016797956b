// weir cluster describe
import {
  ClientError,
  type Cluster,
  type DescribedQuorum,
  describeCluster,
  describeQuorum,
  formatAddress,
} from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderFields, renderTable } from '../../output/table.ts'

interface DescribedNode {
  readonly nodeId: number
  /** As clients reach it, or the controller's where it serves no clients; null if not known. */
  readonly host: string | null
  readonly port: number | null
  readonly rack: string | null
  readonly roles: readonly ('broker' | 'controller')[]
  /** Brokers: fenced means that it takes no part at the moment. Null for controllers alone. */
  readonly isFenced: boolean | null
  readonly isActiveController: boolean
}

export const describeClusterCommand = defineCommand({
  positionals: {},
  options: { ...bootstrapOption, ...jsonOption },
  examples: [['$0 cluster describe', 'who is in the cluster, and what each does']],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      const { clusterId, controllerId, brokers } = await describeCluster(cluster)
      const found = await quorumOf(cluster)
      const quorum = found === 'silent' ? null : found
      // Without the quorum's word a broker names any node that it could pass requests on to.
      const activeId = found === 'silent' ? -1 : (quorum?.leaderId ?? controllerId)
      const nodes = describeNodes(brokers, quorum, activeId)
      if (args.json) {
        printJson(io, { clusterId, controllerId: activeId, nodes })
        return 0
      }
      void io.stdout.write(
        renderFields(io.stdout, [
          { name: 'Cluster', value: clusterId },
          { name: 'Controller', value: activeId < 0 ? 'none that answers' : `node ${activeId}` },
          { name: 'Brokers', value: brokersLine(nodes) },
        ]),
      )
      void io.stdout.write('\n')
      void io.stdout.write(
        renderTable(
          io.stdout,
          [
            { title: 'NODE', cell: row => row.nodeId, align: 'right' },
            { title: 'ADDRESS', cell: addressOf },
            { title: 'RACK', cell: row => row.rack },
            { title: 'ROLES', cell: row => row.roles.join(',') },
            { title: 'STATE', cell: stateOf },
          ],
          nodes,
        ),
      )
      return 0
    })
  },
})

/** The brokers can be described without; a cluster without an active controller is worth no long wait. */
const QUORUM_PATIENCE_MS = 2_000

/** Null where there is no such quorum; 'silent' where there is no active controller to tell. */
async function quorumOf(cluster: Cluster): Promise<DescribedQuorum | 'silent' | null> {
  try {
    return await describeQuorum(cluster, { timeoutMs: QUORUM_PATIENCE_MS, isTriedOnce: true })
  } catch (error) {
    if (error instanceof KafkaError) return null
    if (error instanceof ClientError && error.kind === 'unsupported') return null
    if (error instanceof ClientError && error.kind === 'timeout') return 'silent'
    throw error
  }
}

function describeNodes(
  brokers: Awaited<ReturnType<typeof describeCluster>>['brokers'],
  quorum: DescribedQuorum | null,
  activeId: number,
): DescribedNode[] {
  const voters = new Set(
    quorum?.replicas.filter(({ role }) => role !== 'observer').map(replica => replica.nodeId),
  )
  const nodes: DescribedNode[] = brokers.map(broker => ({
    nodeId: broker.nodeId,
    host: broker.host,
    port: broker.port,
    rack: broker.rack,
    roles: voters.has(broker.nodeId) ? ['broker', 'controller'] : ['broker'],
    isFenced: broker.isFenced,
    isActiveController: broker.nodeId === activeId,
  }))
  for (const nodeId of voters) {
    if (brokers.some(broker => broker.nodeId === nodeId)) continue
    const listener = quorum?.nodes.find(node => node.nodeId === nodeId)?.listeners[0]
    nodes.push({
      nodeId,
      host: listener?.host ?? null,
      port: listener?.port ?? null,
      rack: null,
      roles: ['controller'],
      isFenced: null,
      isActiveController: nodeId === activeId,
    })
  }
  return nodes.sort((a, b) => a.nodeId - b.nodeId)
}

function addressOf({ host, port }: DescribedNode): string | null {
  return host === null || port === null ? null : formatAddress({ host, port })
}

function stateOf({ isFenced, isActiveController }: DescribedNode): string {
  const states = isFenced === null ? [] : [isFenced ? 'fenced' : 'active']
  if (isActiveController) states.push('controls')
  return states.join(', ')
}

function brokersLine(nodes: readonly DescribedNode[]): string {
  const brokers = nodes.filter(node => node.isFenced !== null)
  const fenced = brokers.filter(node => node.isFenced === true).length
  return fenced === 0 ? String(brokers.length) : `${brokers.length}, of which ${fenced} fenced`
}
