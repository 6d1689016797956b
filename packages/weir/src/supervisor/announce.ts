// What `weir start --brokers N` says when all of its nodes serve clients.
import { VERSION } from '../version.ts'
import { addressText, type PlannedNode, reachableHost } from './plan-nodes.ts'

export function announceCluster(nodes: readonly PlannedNode[], command: string): void {
  process.stdout.write(readyLine(nodes))
  if (!process.stderr.isTTY) return
  const bootstrap = `--bootstrap ${addressesOf(nodes)}`
  process.stderr.write(
    `Try in another terminal: ${command} cluster describe ${bootstrap}\n` +
      `                         ${command} topics create hello --replicas ${Math.min(3, nodes.length)} ${bootstrap}\n` +
      'Ctrl-C stops the nodes.\n',
  )
}

/** `weir 1.0.0 ready: nodes 1-3 at 127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094, data in ./data/node-1 ...` */
export function readyLine(nodes: readonly PlannedNode[]): string {
  const ids = nodes.map(node => node.nodeId)
  const [first] = ids
  const last = ids.at(-1)
  const which = first === last ? `node ${first}` : `nodes ${first}-${last}`
  const directories = nodes.flatMap(node => node.directories).join(' ')
  return `weir ${VERSION} ready: ${which} at ${addressesOf(nodes)}, data in ${directories}\n`
}

/** As --bootstrap takes them. */
function addressesOf(nodes: readonly PlannedNode[]): string {
  return nodes
    .flatMap(({ clients: [first] }) =>
      first === undefined ? [] : addressText({ ...first, host: reachableHost(first.host) }),
    )
    .join(',')
}
