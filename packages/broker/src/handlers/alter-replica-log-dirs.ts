// AlterReplicaLogDirs, versions 1-2: moves replicas of this broker to other data directories of it, in the
// background; DescribeLogDirs shows how far they are. For a partition that this broker has no replica of the
// answer is REPLICA_NOT_AVAILABLE, and it is remembered where that belongs when it comes.
// Difference from Kafka: none known.

import {
  type AlterReplicaLogDirsRequest,
  type AlterReplicaLogDirsResponseInit,
  errorCode,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'

export function handleAlterReplicaLogDirs(
  services: Services,
  _context: RequestContext,
  request: AlterReplicaLogDirsRequest,
): AlterReplicaLogDirsResponseInit {
  const results = new Map<string, { partitionIndex: number; errorCode: number }[]>()
  for (const { path, topics } of request.dirs) {
    for (const { name, partitions } of topics) {
      const answers = results.get(name) ?? []
      results.set(name, answers)
      for (const partitionIndex of partitions) {
        const isHosted = services.replicaManager.getPartition(name, partitionIndex) !== undefined
        const refusal = isHosted
          ? services.logManager.move(name, partitionIndex, path)
          : (services.logManager.place(name, partitionIndex, path) ?? 'REPLICA_NOT_AVAILABLE')
        answers.push({ partitionIndex, errorCode: errorCode(refusal ?? 'NONE') })
      }
    }
  }
  return {
    results: [...results].map(([topicName, partitions]) => ({ topicName, partitions })),
  }
}
