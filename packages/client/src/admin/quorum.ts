// The quorum of controllers that keeps the cluster's metadata.
import { type Decoded, describeQuorumApi } from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import { checkCode } from '../errors.ts'

const METADATA_TOPIC = '__cluster_metadata'

export interface QuorumReplica {
  readonly nodeId: number
  /** Exclusive. */
  readonly logEndOffset: number
  /** Records behind the leader. */
  readonly lag: number
  /** When it last had everything; -1 if not known. */
  readonly lastCaughtUpTimestamp: number
  readonly role: 'leader' | 'voter' | 'observer'
}

export interface DescribedQuorum {
  /** -1 if there is none. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly replicas: readonly QuorumReplica[]
}

type Replica = Decoded<
  typeof describeQuorumApi.response
>['topics'][number]['partitions'][number]['currentVoters'][number]

export async function describeQuorum(cluster: Cluster): Promise<DescribedQuorum> {
  const answer = await cluster.retry(() =>
    cluster.request('any', describeQuorumApi, {
      topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }],
    }),
  )
  checkCode(answer.errorCode, 'the quorum', answer.errorMessage)
  const partition = answer.topics[0]?.partitions[0]
  checkCode(partition?.errorCode ?? -1, 'the quorum', partition?.errorMessage)
  const { leaderId = -1, leaderEpoch = -1, highWatermark = -1 } = partition ?? {}
  const voters = partition?.currentVoters ?? []
  const leaderEnd = voters.find(voter => voter.replicaId === leaderId)?.logEndOffset ?? 0
  const replica = (state: Replica, role: QuorumReplica['role']): QuorumReplica => ({
    nodeId: state.replicaId,
    logEndOffset: state.logEndOffset,
    lag: Math.max(0, leaderEnd - state.logEndOffset),
    lastCaughtUpTimestamp: state.lastCaughtUpTimestamp,
    role,
  })
  return {
    leaderId,
    leaderEpoch,
    highWatermark,
    replicas: [
      ...voters.map(state => replica(state, state.replicaId === leaderId ? 'leader' : 'voter')),
      ...(partition?.observers ?? []).map(state => replica(state, 'observer')),
    ],
  }
}
