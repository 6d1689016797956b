// What all clients of the workload share: machines of their own, and patience.

import { ClientError, Cluster, isPassing } from '@weir/client'
import { errorMessage } from '@weir/core'
import type { ClusterWorld } from './cluster-world.ts'

const RETRY_MS = 200

/** A client's view of the cluster, from a machine of its own. */
export function clusterOf(world: ClusterWorld, machine: string): Cluster {
  return new Cluster(world.sim.env(machine), {
    bootstrap: world.bootstrap,
    clientId: machine,
    connectTimeoutMs: 500,
    requestTimeoutMs: 2000,
    retryTimeoutMs: 5000,
  })
}

/** Tries again until it succeeds or `isOver`; an error that does not pass is wrong. */
export async function persist<R>(
  world: ClusterWorld,
  what: string,
  attempt: () => Promise<R>,
  isOver: () => boolean = () => false,
): Promise<R | null> {
  while (!isOver()) {
    try {
      return await attempt()
    } catch (error) {
      world.note(`${what}: ${errorMessage(error)}`)
      if (!isPassing(error) && !isAboutBrokers(error)) {
        world.fail(`${what}: ${errorMessage(error)}`)
        return null
      }
    }
    await new Promise<void>(resolve => world.sim.after(RETRY_MS, resolve))
  }
  return null
}

/** A broker that left between two questions. */
export function isAboutBrokers(error: unknown): boolean {
  return error instanceof ClientError && error.kind === 'unknown'
}
