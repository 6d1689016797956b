// Requests that go to the coordinator of a group.
import { findCoordinatorApi } from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import type { Connection } from '../connection.ts'
import { checkCode } from '../errors.ts'

/** The id of the broker that coordinates the group. Throws KafkaError, ClientError. */
async function findCoordinator(cluster: Cluster, groupId: string): Promise<number> {
  const answer = await cluster.request('any', findCoordinatorApi, version =>
    version >= 4 ? { coordinatorKeys: [groupId] } : { key: groupId },
  )
  const [found] = answer.coordinators
  const coordinator = found ?? answer
  checkCode(coordinator.errorCode, `coordinator of group '${groupId}'`, coordinator.errorMessage)
  if (!cluster.brokers.has(coordinator.nodeId)) await cluster.refreshMetadata([])
  return coordinator.nodeId
}

/** Runs `use` with the coordinator's connection; finds it again when it has moved. */
export async function withCoordinator<R>(
  cluster: Cluster,
  groupId: string,
  use: (connection: Connection, coordinatorId: number) => Promise<R>,
): Promise<R> {
  return await cluster.retry(async () => {
    const coordinatorId = await findCoordinator(cluster, groupId)
    return await use(await cluster.connectionToLeader(coordinatorId), coordinatorId)
  })
}
