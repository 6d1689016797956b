// Brokers, controller and features of a cluster.
import { type Decoded, describeClusterApi, unregisterBrokerApi } from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import { checkCode } from '../errors.ts'

export interface DescribedBroker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isFenced: boolean
}

export interface DescribedCluster {
  readonly clusterId: string | null
  /** -1 if there is none. */
  readonly controllerId: number
  readonly brokers: readonly DescribedBroker[]
}

type Answer = Decoded<typeof describeClusterApi.response>

/** Falls back to metadata with brokers that do not have the API. */
export async function describeCluster(cluster: Cluster): Promise<DescribedCluster> {
  return await cluster.retry(async () => {
    const connection = await cluster.connectionTo('any')
    if (connection.hasApi(describeClusterApi)) {
      const answer: Answer = await connection.request(describeClusterApi, version => ({
        includeClusterAuthorizedOperations: false,
        includeFencedBrokers: version >= 2,
      }))
      checkCode(answer.errorCode, 'the cluster', answer.errorMessage)
      const brokers = answer.brokers.map(({ brokerId, host, port, rack, isFenced }) => {
        return { nodeId: brokerId, host, port, rack, isFenced }
      })
      brokers.sort((a, b) => a.nodeId - b.nodeId)
      return { clusterId: answer.clusterId, controllerId: answer.controllerId, brokers }
    }
    const answer = await cluster.refreshMetadata([])
    const brokers = answer.brokers.map(({ nodeId, host, port, rack }) => {
      return { nodeId, host, port, rack, isFenced: false }
    })
    brokers.sort((a, b) => a.nodeId - b.nodeId)
    return { clusterId: answer.clusterId, controllerId: answer.controllerId, brokers }
  })
}

/** Forgets a broker that will not come back. Throws KafkaError. */
export async function unregisterBroker(cluster: Cluster, brokerId: number): Promise<void> {
  await cluster.retry(async () => {
    const answer = await cluster.request('controller', unregisterBrokerApi, { brokerId })
    checkCode(answer.errorCode, `broker ${brokerId}`, answer.errorMessage)
  })
}
