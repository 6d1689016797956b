// Every API of Kafka 4.3.1 by key: which listeners serve it, whether a broker forwards it to the
// controller, whether it takes the right to act for the cluster. What this broker serves is another
// table (broker/src/api-table.ts). LeaderAndIsr 4, StopReplica 5, UpdateMetadata 6 and
// ControlledShutdown 7 are gone since Kafka 4.0.

import { addOffsetsToTxnApi } from './definitions/add-offsets-to-txn.ts'
import { addPartitionsToTxnApi } from './definitions/add-partitions-to-txn.ts'
import { addRaftVoterApi } from './definitions/add-raft-voter.ts'
import { allocateProducerIdsApi } from './definitions/allocate-producer-ids.ts'
import { alterClientQuotasApi } from './definitions/alter-client-quotas.ts'
import { alterConfigsApi } from './definitions/alter-configs.ts'
import { alterPartitionApi } from './definitions/alter-partition.ts'
import { alterPartitionReassignmentsApi } from './definitions/alter-partition-reassignments.ts'
import { alterReplicaLogDirsApi } from './definitions/alter-replica-log-dirs.ts'
import { alterShareGroupOffsetsApi } from './definitions/alter-share-group-offsets.ts'
import { alterUserScramCredentialsApi } from './definitions/alter-user-scram-credentials.ts'
import { apiVersionsApi } from './definitions/api-versions.ts'
import { assignReplicasToDirsApi } from './definitions/assign-replicas-to-dirs.ts'
import { beginQuorumEpochApi } from './definitions/begin-quorum-epoch.ts'
import { brokerHeartbeatApi } from './definitions/broker-heartbeat.ts'
import { brokerRegistrationApi } from './definitions/broker-registration.ts'
import { consumerGroupDescribeApi } from './definitions/consumer-group-describe.ts'
import { consumerGroupHeartbeatApi } from './definitions/consumer-group-heartbeat.ts'
import { controllerRegistrationApi } from './definitions/controller-registration.ts'
import { createAclsApi } from './definitions/create-acls.ts'
import { createDelegationTokenApi } from './definitions/create-delegation-token.ts'
import { createPartitionsApi } from './definitions/create-partitions.ts'
import { createTopicsApi } from './definitions/create-topics.ts'
import { deleteAclsApi } from './definitions/delete-acls.ts'
import { deleteGroupsApi } from './definitions/delete-groups.ts'
import { deleteRecordsApi } from './definitions/delete-records.ts'
import { deleteShareGroupOffsetsApi } from './definitions/delete-share-group-offsets.ts'
import { deleteShareGroupStateApi } from './definitions/delete-share-group-state.ts'
import { deleteTopicsApi } from './definitions/delete-topics.ts'
import { describeAclsApi } from './definitions/describe-acls.ts'
import { describeClientQuotasApi } from './definitions/describe-client-quotas.ts'
import { describeClusterApi } from './definitions/describe-cluster.ts'
import { describeConfigsApi } from './definitions/describe-configs.ts'
import { describeDelegationTokenApi } from './definitions/describe-delegation-token.ts'
import { describeGroupsApi } from './definitions/describe-groups.ts'
import { describeLogDirsApi } from './definitions/describe-log-dirs.ts'
import { describeProducersApi } from './definitions/describe-producers.ts'
import { describeQuorumApi } from './definitions/describe-quorum.ts'
import { describeShareGroupOffsetsApi } from './definitions/describe-share-group-offsets.ts'
import { describeTopicPartitionsApi } from './definitions/describe-topic-partitions.ts'
import { describeTransactionsApi } from './definitions/describe-transactions.ts'
import { describeUserScramCredentialsApi } from './definitions/describe-user-scram-credentials.ts'
import { electLeadersApi } from './definitions/elect-leaders.ts'
import { endQuorumEpochApi } from './definitions/end-quorum-epoch.ts'
import { endTxnApi } from './definitions/end-txn.ts'
import { envelopeApi } from './definitions/envelope.ts'
import { expireDelegationTokenApi } from './definitions/expire-delegation-token.ts'
import { fetchApi } from './definitions/fetch.ts'
import { fetchSnapshotApi } from './definitions/fetch-snapshot.ts'
import { findCoordinatorApi } from './definitions/find-coordinator.ts'
import { getTelemetrySubscriptionsApi } from './definitions/get-telemetry-subscriptions.ts'
import { heartbeatApi } from './definitions/heartbeat.ts'
import { incrementalAlterConfigsApi } from './definitions/incremental-alter-configs.ts'
import { initProducerIdApi } from './definitions/init-producer-id.ts'
import { initializeShareGroupStateApi } from './definitions/initialize-share-group-state.ts'
import { joinGroupApi } from './definitions/join-group.ts'
import { leaveGroupApi } from './definitions/leave-group.ts'
import { listConfigResourcesApi } from './definitions/list-config-resources.ts'
import { listGroupsApi } from './definitions/list-groups.ts'
import { listOffsetsApi } from './definitions/list-offsets.ts'
import { listPartitionReassignmentsApi } from './definitions/list-partition-reassignments.ts'
import { listTransactionsApi } from './definitions/list-transactions.ts'
import { metadataApi } from './definitions/metadata.ts'
import { offsetCommitApi } from './definitions/offset-commit.ts'
import { offsetDeleteApi } from './definitions/offset-delete.ts'
import { offsetFetchApi } from './definitions/offset-fetch.ts'
import { offsetForLeaderEpochApi } from './definitions/offset-for-leader-epoch.ts'
import { produceApi } from './definitions/produce.ts'
import { pushTelemetryApi } from './definitions/push-telemetry.ts'
import { readShareGroupStateApi } from './definitions/read-share-group-state.ts'
import { readShareGroupStateSummaryApi } from './definitions/read-share-group-state-summary.ts'
import { removeRaftVoterApi } from './definitions/remove-raft-voter.ts'
import { renewDelegationTokenApi } from './definitions/renew-delegation-token.ts'
import { saslAuthenticateApi } from './definitions/sasl-authenticate.ts'
import { saslHandshakeApi } from './definitions/sasl-handshake.ts'
import { shareAcknowledgeApi } from './definitions/share-acknowledge.ts'
import { shareFetchApi } from './definitions/share-fetch.ts'
import { shareGroupDescribeApi } from './definitions/share-group-describe.ts'
import { shareGroupHeartbeatApi } from './definitions/share-group-heartbeat.ts'
import { streamsGroupDescribeApi } from './definitions/streams-group-describe.ts'
import { streamsGroupHeartbeatApi } from './definitions/streams-group-heartbeat.ts'
import { syncGroupApi } from './definitions/sync-group.ts'
import { txnOffsetCommitApi } from './definitions/txn-offset-commit.ts'
import { unregisterBrokerApi } from './definitions/unregister-broker.ts'
import { updateFeaturesApi } from './definitions/update-features.ts'
import { updateRaftVoterApi } from './definitions/update-raft-voter.ts'
import { voteApi } from './definitions/vote.ts'
import { writeShareGroupStateApi } from './definitions/write-share-group-state.ts'
import { writeTxnMarkersApi } from './definitions/write-txn-markers.ts'
import type { ApiDefinition, Fields } from './schema.ts'

export type ListenerKind = 'broker' | 'controller'

export interface ApiRow {
  readonly api: ApiDefinition<Fields, Fields>
  readonly listeners: readonly ListenerKind[]
  /** A broker passes it on to the controller. */
  readonly forwardable: boolean
  /** It takes ClusterAction on the cluster: brokers use it among themselves. */
  readonly clusterAction: boolean
}

const LISTENERS = {
  broker: ['broker'],
  controller: ['controller'],
  both: ['broker', 'controller'],
} as const

function row(
  api: ApiDefinition<Fields, Fields>,
  listeners: keyof typeof LISTENERS,
  { forwardable = false, clusterAction = false } = {},
): ApiRow {
  return { api, listeners: LISTENERS[listeners], forwardable, clusterAction }
}

export const apis: readonly ApiRow[] = [
  row(produceApi, 'broker'),
  row(fetchApi, 'both'),
  row(listOffsetsApi, 'broker'),
  row(metadataApi, 'broker'),
  row(offsetCommitApi, 'broker'),
  row(offsetFetchApi, 'broker'),
  row(findCoordinatorApi, 'broker'),
  row(joinGroupApi, 'broker'),
  row(heartbeatApi, 'broker'),
  row(leaveGroupApi, 'broker'),
  row(syncGroupApi, 'broker'),
  row(describeGroupsApi, 'broker'),
  row(listGroupsApi, 'broker'),
  row(saslHandshakeApi, 'both'),
  row(apiVersionsApi, 'both'),
  row(createTopicsApi, 'both', { forwardable: true }),
  row(deleteTopicsApi, 'both', { forwardable: true }),
  row(deleteRecordsApi, 'broker'),
  row(initProducerIdApi, 'broker'),
  row(offsetForLeaderEpochApi, 'broker'),
  row(addPartitionsToTxnApi, 'broker'),
  row(addOffsetsToTxnApi, 'broker'),
  row(endTxnApi, 'broker'),
  row(writeTxnMarkersApi, 'broker', { clusterAction: true }),
  row(txnOffsetCommitApi, 'broker'),
  row(describeAclsApi, 'both'),
  row(createAclsApi, 'both', { forwardable: true }),
  row(deleteAclsApi, 'both', { forwardable: true }),
  row(describeConfigsApi, 'both'),
  row(alterConfigsApi, 'both', { forwardable: true }),
  row(alterReplicaLogDirsApi, 'broker'),
  row(describeLogDirsApi, 'broker'),
  row(saslAuthenticateApi, 'both'),
  row(createPartitionsApi, 'both', { forwardable: true }),
  row(createDelegationTokenApi, 'both', { forwardable: true }),
  row(renewDelegationTokenApi, 'both', { forwardable: true }),
  row(expireDelegationTokenApi, 'both', { forwardable: true }),
  row(describeDelegationTokenApi, 'both'),
  row(deleteGroupsApi, 'broker'),
  row(electLeadersApi, 'both', { forwardable: true }),
  row(incrementalAlterConfigsApi, 'both', { forwardable: true }),
  row(alterPartitionReassignmentsApi, 'both', { forwardable: true }),
  row(listPartitionReassignmentsApi, 'both', { forwardable: true }),
  row(offsetDeleteApi, 'broker'),
  row(describeClientQuotasApi, 'broker'),
  row(alterClientQuotasApi, 'both', { forwardable: true }),
  row(describeUserScramCredentialsApi, 'both'),
  row(alterUserScramCredentialsApi, 'both', { forwardable: true }),
  row(voteApi, 'controller', { clusterAction: true }),
  row(beginQuorumEpochApi, 'controller', { clusterAction: true }),
  row(endQuorumEpochApi, 'controller', { clusterAction: true }),
  row(describeQuorumApi, 'both', { forwardable: true, clusterAction: true }),
  row(alterPartitionApi, 'controller', { clusterAction: true }),
  row(updateFeaturesApi, 'both', { forwardable: true, clusterAction: true }),
  row(envelopeApi, 'controller', { clusterAction: true }),
  row(fetchSnapshotApi, 'controller'),
  row(describeClusterApi, 'both'),
  row(describeProducersApi, 'broker'),
  row(brokerRegistrationApi, 'controller', { clusterAction: true }),
  row(brokerHeartbeatApi, 'controller', { clusterAction: true }),
  row(unregisterBrokerApi, 'both', { forwardable: true }),
  row(describeTransactionsApi, 'broker'),
  row(listTransactionsApi, 'broker'),
  row(allocateProducerIdsApi, 'controller', { forwardable: true, clusterAction: true }),
  row(consumerGroupHeartbeatApi, 'broker'),
  row(consumerGroupDescribeApi, 'broker'),
  row(controllerRegistrationApi, 'controller'),
  row(getTelemetrySubscriptionsApi, 'broker'),
  row(pushTelemetryApi, 'broker'),
  row(assignReplicasToDirsApi, 'controller'),
  row(listConfigResourcesApi, 'broker'),
  row(describeTopicPartitionsApi, 'broker'),
  row(shareGroupHeartbeatApi, 'broker'),
  row(shareGroupDescribeApi, 'broker'),
  row(shareFetchApi, 'broker'),
  row(shareAcknowledgeApi, 'broker'),
  row(addRaftVoterApi, 'both', { forwardable: true }),
  row(removeRaftVoterApi, 'both', { forwardable: true }),
  row(updateRaftVoterApi, 'controller'),
  row(initializeShareGroupStateApi, 'broker', { clusterAction: true }),
  row(readShareGroupStateApi, 'broker', { clusterAction: true }),
  row(writeShareGroupStateApi, 'broker', { clusterAction: true }),
  row(deleteShareGroupStateApi, 'broker', { clusterAction: true }),
  row(readShareGroupStateSummaryApi, 'broker', { clusterAction: true }),
  row(streamsGroupHeartbeatApi, 'broker'),
  row(streamsGroupDescribeApi, 'broker'),
  row(describeShareGroupOffsetsApi, 'broker'),
  row(alterShareGroupOffsetsApi, 'broker'),
  row(deleteShareGroupOffsetsApi, 'broker'),
]

const byKey = new Map(apis.map(entry => [entry.api.key, entry]))

export function apiRow(key: number): ApiRow | undefined {
  return byKey.get(key)
}

export function apiByKey(key: number): ApiDefinition<Fields, Fields> | undefined {
  return byKey.get(key)?.api
}
