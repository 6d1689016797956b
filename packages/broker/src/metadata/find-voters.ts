// The voters of a cluster, asked of controllers whose ids are not known (controller.quorum.bootstrap.servers).

import { type Address, ClientError, Connection } from '@weir/client'
import type { Env } from '@weir/core'
import { describeClusterApi, KafkaError } from '@weir/protocol'
import type { Voter } from '@weir/settings'

const CONTROLLERS = 2
const TIMEOUT_MS = 1_000
const CLIENT_OPTIONS = {
  clientId: 'weir-node',
  connectTimeoutMs: TIMEOUT_MS,
  requestTimeoutMs: TIMEOUT_MS,
}

/** From the first that answers and knows a leader; null if none does. */
export async function findVoters(env: Env, servers: readonly Address[]): Promise<Voter[] | null> {
  for (const server of servers) {
    try {
      const voters = await ask(env, server)
      if (voters !== null) return voters
    } catch (error) {
      if (!(error instanceof ClientError) && !(error instanceof KafkaError)) throw error
      env.log.debug('a controller does not tell the voters', { error })
    }
  }
  return null
}

async function ask(env: Env, server: Address): Promise<Voter[] | null> {
  const connection = await Connection.open(env, server, CLIENT_OPTIONS)
  try {
    const { controllerId, brokers } = await connection.request(describeClusterApi, {
      includeClusterAuthorizedOperations: false,
      endpointType: CONTROLLERS,
    })
    if (controllerId === -1) return null
    return brokers.map(({ brokerId: nodeId, host, port }) => ({ nodeId, host, port }))
  } finally {
    connection.close()
  }
}
