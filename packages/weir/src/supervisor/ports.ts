// The ports of a cluster on one machine, looked at before any node is started: a port in use by another
// program is one sentence then, and a free one that was asked for is the same for every restart.
import { createServer, type Server } from 'node:net'
import { OperatorError } from '@weir/core'
import type { ListenerAddress } from '@weir/settings'
import { addressText, type PlannedNode } from './plan-nodes.ts'

/**
 * The plan with a free port for each 0. Throws OperatorError for a port in use. Another program may take
 * a port between this and the node's own start; the node says so then.
 */
export async function settlePorts(nodes: readonly PlannedNode[]): Promise<PlannedNode[]> {
  const held: Server[] = []
  const settle = async (listener: ListenerAddress): Promise<ListenerAddress> => {
    const server = await hold(listener, nodes)
    held.push(server)
    const address = server.address()
    return { ...listener, port: typeof address === 'object' ? (address?.port ?? 0) : 0 }
  }
  try {
    const settled: PlannedNode[] = []
    for (const node of nodes) {
      const clients: ListenerAddress[] = []
      for (const listener of node.clients) clients.push(await settle(listener))
      const controller = node.controller === null ? null : await settle(node.controller)
      settled.push({ ...node, clients, controller })
    }
    return settled
  } finally {
    await Promise.all(held.map(server => new Promise(resolve => server.close(resolve))))
  }
}

async function hold(listener: ListenerAddress, nodes: readonly PlannedNode[]): Promise<Server> {
  const { host, port } = listener
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, ...(host === '' ? {} : { host }) }, resolve)
    })
    return server
  } catch (error) {
    const where = addressText(listener)
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE') {
      throw new OperatorError(`cannot listen on ${where} (${code ?? String(error)})`, error)
    }
    throw new OperatorError(
      `${where} is in use by another program, and ${nodes.length} nodes take the ports ${portsOf(nodes)}: ` +
        'stop it or choose other ports with --listen HOST:PORT',
      error,
    )
  }
}

/** `9092-9094 and 10092-10094` */
function portsOf(nodes: readonly PlannedNode[]): string {
  const range = (listeners: readonly (ListenerAddress | null | undefined)[]): string => {
    const ports = listeners.flatMap(listener => listener?.port || [])
    const [first = 0, last = first] = [ports[0], ports.at(-1)]
    return first === last ? String(first) : `${first}-${last}`
  }
  return `${range(nodes.map(node => node.clients[0]))} and ${range(nodes.map(node => node.controller))}`
}
