// The quorum of controllers that keeps the cluster's metadata.
import { ZERO_UUID } from '@weir/core'
import {
  addRaftVoterApi,
  type Decoded,
  describeQuorumApi,
  removeRaftVoterApi,
} from '@weir/protocol'
import type { Address } from '../address.ts'
import type { Cluster } from '../cluster.ts'
import { checkCode } from '../errors.ts'
import { requestTimed } from './timed-request.ts'

const METADATA_TOPIC = '__cluster_metadata'

export interface QuorumReplica {
  readonly nodeId: number
  /** Which data directory it votes with; null if not known. */
  readonly directoryId: string | null
  /** Exclusive. */
  readonly logEndOffset: number
  /** Records behind the leader. */
  readonly lag: number
  /** When it last asked for more; -1 if not known. */
  readonly lastFetchTimestamp: number
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
  /** Where the controllers listen, as far as the broker tells. */
  readonly nodes: readonly QuorumNodeAddress[]
}

export interface QuorumNodeAddress {
  readonly nodeId: number
  readonly listeners: readonly (Address & { readonly name: string })[]
}

type Replica = Decoded<
  typeof describeQuorumApi.response
>['topics'][number]['partitions'][number]['currentVoters'][number]

/** `timeoutMs` is for each try; the answer needs an active controller. */
export async function describeQuorum(
  cluster: Cluster,
  options: { readonly timeoutMs?: number; readonly isTriedOnce?: boolean } = {},
): Promise<DescribedQuorum> {
  const topics = [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }]
  const ask = () => cluster.request('any', describeQuorumApi, { topics }, options)
  const answer = options.isTriedOnce === true ? await ask() : await cluster.retry(ask)
  checkCode(answer.errorCode, 'the quorum', answer.errorMessage)
  const partition = answer.topics[0]?.partitions[0]
  checkCode(partition?.errorCode ?? -1, 'the quorum', partition?.errorMessage)
  const { leaderId = -1, leaderEpoch = -1, highWatermark = -1 } = partition ?? {}
  const voters = partition?.currentVoters ?? []
  const leaderEnd = voters.find(voter => voter.replicaId === leaderId)?.logEndOffset ?? 0
  const replica = (state: Replica, role: QuorumReplica['role']): QuorumReplica => ({
    nodeId: state.replicaId,
    directoryId: state.replicaDirectoryId === ZERO_UUID ? null : state.replicaDirectoryId,
    logEndOffset: state.logEndOffset,
    lag: Math.max(0, leaderEnd - state.logEndOffset),
    lastFetchTimestamp: Number(state.lastFetchTimestamp),
    lastCaughtUpTimestamp: Number(state.lastCaughtUpTimestamp),
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
    nodes: answer.nodes,
  }
}

export interface NewVoter {
  readonly nodeId: number
  readonly directoryId: string
  readonly listeners: readonly (Address & { readonly name: string })[]
}

/** Throws KafkaError: DUPLICATE_VOTER, REQUEST_TIMED_OUT where it does not catch up, and others. */
export async function addVoter(
  cluster: Cluster,
  clusterId: string | null,
  voter: NewVoter,
): Promise<void> {
  const answer = await cluster.retry(() =>
    requestTimed(cluster, 'controller', addRaftVoterApi, timeoutMs => ({
      clusterId,
      timeoutMs,
      voterId: voter.nodeId,
      voterDirectoryId: voter.directoryId,
      listeners: voter.listeners.map(({ name, host, port }) => ({ name, host, port })),
    })),
  )
  checkCode(answer.errorCode, `voter ${voter.nodeId}`, answer.errorMessage)
}

/** Throws KafkaError: VOTER_NOT_FOUND and others. */
export async function removeVoter(
  cluster: Cluster,
  clusterId: string | null,
  voter: { readonly nodeId: number; readonly directoryId: string },
): Promise<void> {
  const answer = await cluster.retry(() =>
    cluster.request('controller', removeRaftVoterApi, {
      clusterId,
      voterId: voter.nodeId,
      voterDirectoryId: voter.directoryId,
    }),
  )
  checkCode(answer.errorCode, `voter ${voter.nodeId}`, answer.errorMessage)
}
