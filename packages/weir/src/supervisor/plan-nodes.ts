// What each node of `weir start --brokers N` is told: node ids and ports count up from those of the
// first, data lies below the first's in a directory of its own, and the first three are the voters.
import { OperatorError } from '@weir/core'
import {
  type BrokerSettings,
  dataDirectories,
  type ListenerAddress,
  nodeListeners,
} from '@weir/settings'

/** More than three voters would only make each change of the metadata slower. */
const MAX_VOTERS = 3
const MAX_PORT = 65_535

export interface PlannedNode {
  readonly nodeId: number
  readonly clients: readonly ListenerAddress[]
  /** Null on nodes that do not vote. */
  readonly controller: ListenerAddress | null
  readonly http: string
  readonly directories: readonly string[]
}

/** Ports may be 0: any free one. Throws OperatorError for settings that cannot go for several nodes. */
export function planNodes(settings: BrokerSettings, count: number): PlannedNode[] {
  if ((settings.get('advertised.listeners') ?? []).length > 0) {
    throw new OperatorError(
      'advertised.listeners is one address, and --brokers starts several nodes: leave it out',
    )
  }
  const { clients, controller } = nodeListeners(settings)
  const first = settings.get('node.id')
  const nodes = Array.from({ length: count }, (_, index): PlannedNode => {
    const nodeId = first + index
    return {
      nodeId,
      clients: clients.map(listener => countUp(listener, index)),
      controller:
        controller === null || index >= MAX_VOTERS
          ? null
          : countUp({ ...controller, host: reachableHost(controller.host) }, index),
      http: httpOf(settings.get('weir.http.listen'), index),
      directories: dataDirectories(settings).map(directory => `${directory}/node-${nodeId}`),
    }
  })
  refuseSharedPorts(nodes)
  return nodes
}

/** The settings of one of the planned nodes, as --set takes them. All ports are known by now. */
export function assignmentsOf(node: PlannedNode, all: readonly PlannedNode[]): string[] {
  const voters = all.flatMap(({ nodeId, controller }) =>
    controller === null ? [] : `${nodeId}@${addressText(controller)}`,
  )
  const listeners = [...node.clients, ...(node.controller === null ? [] : [node.controller])]
  return [
    `node.id=${node.nodeId}`,
    `process.roles=${node.controller === null ? 'broker' : 'broker,controller'}`,
    `listeners=${listeners.map(each => `${each.name}://${addressText(each)}`).join(',')}`,
    `controller.quorum.voters=${voters.join(',')}`,
    `log.dirs=${node.directories.join(',')}`,
    `weir.http.listen=${node.http}`,
  ]
}

/** HOST:PORT, with brackets around an IPv6 address. */
export function addressText({ host, port }: ListenerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The address by which a program on this machine gets there. */
export function reachableHost(host: string): string {
  if (host === '' || host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

function countUp(listener: ListenerAddress, index: number): ListenerAddress {
  if (listener.port === 0) return listener
  const port = listener.port + index
  if (port > MAX_PORT) {
    throw new OperatorError(`port ${port} of the last node is above ${MAX_PORT}: begin lower`)
  }
  return { ...listener, port }
}

function httpOf(address: string, index: number): string {
  const at = address.lastIndexOf(':')
  const port = Number(address.slice(at + 1))
  if (at < 0 || !Number.isInteger(port) || port === 0) return address
  return `${address.slice(0, at)}:${port + index}`
}

function refuseSharedPorts(nodes: readonly PlannedNode[]): void {
  const owners = new Map<number, number>()
  for (const { nodeId, clients, controller } of nodes) {
    for (const { port } of [...clients, ...(controller === null ? [] : [controller])]) {
      if (port === 0) continue
      const owner = owners.get(port)
      if (owner !== undefined) {
        throw new OperatorError(
          `nodes ${owner} and ${nodeId} would both listen on port ${port}: leave room between the ports`,
        )
      }
      owners.set(port, nodeId)
    }
  }
}
