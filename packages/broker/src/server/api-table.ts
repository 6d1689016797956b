// The APIs that this node serves: one row each, in the order of their keys. ApiVersions answers from
// this table and dispatch.ts looks requests up in it; nothing else lists them.
//
// A row: row(fetchApi, handleFetch, { errorResponse }). Add yours in its place. `forwardedRow` is for what
// the active controller answers, `controlRow` for the controller listener.

import {
  addRaftVoterApi,
  allocateProducerIdsApi,
  alterConfigsApi,
  alterPartitionApi,
  alterPartitionReassignmentsApi,
  alterReplicaLogDirsApi,
  apiVersionsApi,
  brokerRegistrationApi,
  consumerGroupDescribeApi,
  consumerGroupHeartbeatApi,
  createPartitionsApi,
  createTopicsApi,
  deleteGroupsApi,
  deleteRecordsApi,
  deleteTopicsApi,
  describeClusterApi,
  describeConfigsApi,
  describeGroupsApi,
  describeLogDirsApi,
  describeProducersApi,
  describeQuorumApi,
  describeTopicPartitionsApi,
  electLeadersApi,
  fetchApi,
  findCoordinatorApi,
  heartbeatApi,
  incrementalAlterConfigsApi,
  initProducerIdApi,
  joinGroupApi,
  leaveGroupApi,
  listConfigResourcesApi,
  listGroupsApi,
  listOffsetsApi,
  listPartitionReassignmentsApi,
  metadataApi,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
  offsetForLeaderEpochApi,
  produceApi,
  removeRaftVoterApi,
  saslAuthenticateApi,
  saslHandshakeApi,
  syncGroupApi,
  unregisterBrokerApi,
  updateFeaturesApi,
  updateRaftVoterApi,
} from '@weir/protocol'
import { quorumApi } from '@weir/quorum'
import {
  failAllocateProducerIds,
  handleAllocateProducerIds,
} from '../handlers/allocate-producer-ids.ts'
import {
  failAlterConfigs,
  handleAlterConfigs,
  handleIncrementalAlterConfigs,
} from '../handlers/alter-configs.ts'
import { failAlterPartition, handleAlterPartition } from '../handlers/alter-partition.ts'
import { handleAlterReplicaLogDirs } from '../handlers/alter-replica-log-dirs.ts'
import { handleApiVersions } from '../handlers/api-versions.ts'
import { failBrokerHeartbeat, handleBrokerHeartbeat } from '../handlers/broker-heartbeat.ts'
import {
  failBrokerRegistration,
  handleBrokerRegistration,
} from '../handlers/broker-registration.ts'
import { handleConsumerGroupDescribe } from '../handlers/consumer-group-describe.ts'
import { handleConsumerGroupHeartbeat } from '../handlers/consumer-group-heartbeat.ts'
import { failCreatePartitions, handleCreatePartitions } from '../handlers/create-partitions.ts'
import { failCreateTopics, handleCreateTopics } from '../handlers/create-topics.ts'
import { handleDeleteGroups } from '../handlers/delete-groups.ts'
import { handleDeleteRecords } from '../handlers/delete-records.ts'
import { failDeleteTopics, handleDeleteTopics } from '../handlers/delete-topics.ts'
import { failDescribeCluster, handleDescribeCluster } from '../handlers/describe-cluster.ts'
import { handleDescribeConfigs } from '../handlers/describe-configs.ts'
import { handleDescribeGroups } from '../handlers/describe-groups.ts'
import { handleDescribeLogDirs } from '../handlers/describe-log-dirs.ts'
import { handleDescribeProducers } from '../handlers/describe-producers.ts'
import { failDescribeQuorum, handleDescribeQuorum } from '../handlers/describe-quorum.ts'
import {
  failDescribeTopicPartitions,
  handleDescribeTopicPartitions,
} from '../handlers/describe-topic-partitions.ts'
import { failElectLeaders, handleElectLeaders } from '../handlers/elect-leaders.ts'
import { handleEnvelope } from '../handlers/envelope.ts'
import { fetchErrorResponse, handleFetch } from '../handlers/fetch.ts'
import { handleFindCoordinator } from '../handlers/find-coordinator.ts'
import { handleHeartbeat } from '../handlers/heartbeat.ts'
import { handleInitProducerId } from '../handlers/init-producer-id.ts'
import { handleJoinGroup } from '../handlers/join-group.ts'
import { handleLeaveGroup } from '../handlers/leave-group.ts'
import { handleListConfigResources } from '../handlers/list-config-resources.ts'
import { handleListGroups } from '../handlers/list-groups.ts'
import { handleListOffsets } from '../handlers/list-offsets.ts'
import { failMetadata, handleMetadata } from '../handlers/metadata.ts'
import { handleOffsetCommit } from '../handlers/offset-commit.ts'
import { handleOffsetDelete } from '../handlers/offset-delete.ts'
import { handleOffsetFetch } from '../handlers/offset-fetch.ts'
import { handleOffsetForLeaderEpoch } from '../handlers/offset-for-leader-epoch.ts'
import { handleProduce, produceErrorResponse, streamProduce } from '../handlers/produce.ts'
import { handleQuorumMessages } from '../handlers/quorum-messages.ts'
import {
  failRaftVoter,
  handleAddRaftVoter,
  handleRemoveRaftVoter,
} from '../handlers/raft-voters.ts'
import {
  failAlterPartitionReassignments,
  failListPartitionReassignments,
  handleAlterPartitionReassignments,
  handleListPartitionReassignments,
} from '../handlers/reassignments.ts'
import { handleSaslAuthenticate, handleSaslHandshake } from '../handlers/sasl.ts'
import { handleSyncGroup } from '../handlers/sync-group.ts'
import { failUnregisterBroker, handleUnregisterBroker } from '../handlers/unregister-broker.ts'
import { failUpdateFeatures, handleUpdateFeatures } from '../handlers/update-features.ts'
import { failUpdateRaftVoter, handleUpdateRaftVoter } from '../handlers/update-raft-voter.ts'
import { forwardApi, nodeHeartbeatApi } from '../metadata/node-apis.ts'
import { type ApiRow, controlRow, forwardedRow, row } from './api-row.ts'

const BOTH = ['broker', 'controller'] as const

export const API_ROWS: readonly ApiRow[] = [
  row(produceApi, handleProduce, {
    stream: streamProduce,
    advertisedMinVersion: 0,
    overlaps: true,
    errorResponse: produceErrorResponse,
  }),
  row(fetchApi, handleFetch, { errorResponse: fetchErrorResponse }),
  row(listOffsetsApi, handleListOffsets),
  row(metadataApi, handleMetadata, { errorResponse: failMetadata }),
  row(offsetCommitApi, handleOffsetCommit),
  row(offsetFetchApi, handleOffsetFetch),
  row(findCoordinatorApi, handleFindCoordinator),
  row(joinGroupApi, handleJoinGroup),
  row(heartbeatApi, handleHeartbeat),
  row(leaveGroupApi, handleLeaveGroup),
  row(syncGroupApi, handleSyncGroup),
  row(describeGroupsApi, handleDescribeGroups),
  row(listGroupsApi, handleListGroups),
  row(saslHandshakeApi, handleSaslHandshake),
  controlRow(apiVersionsApi, handleApiVersions, { listeners: BOTH }),
  forwardedRow(createTopicsApi, handleCreateTopics, failCreateTopics),
  forwardedRow(deleteTopicsApi, handleDeleteTopics, failDeleteTopics),
  row(deleteRecordsApi, handleDeleteRecords),
  row(initProducerIdApi, handleInitProducerId),
  row(offsetForLeaderEpochApi, handleOffsetForLeaderEpoch),
  row(describeConfigsApi, handleDescribeConfigs),
  forwardedRow(alterConfigsApi, handleAlterConfigs, failAlterConfigs),
  row(alterReplicaLogDirsApi, handleAlterReplicaLogDirs),
  row(describeLogDirsApi, handleDescribeLogDirs),
  row(saslAuthenticateApi, handleSaslAuthenticate),
  forwardedRow(createPartitionsApi, handleCreatePartitions, failCreatePartitions),
  row(deleteGroupsApi, handleDeleteGroups),
  forwardedRow(electLeadersApi, handleElectLeaders, failElectLeaders),
  forwardedRow(incrementalAlterConfigsApi, handleIncrementalAlterConfigs, failAlterConfigs),
  forwardedRow(
    alterPartitionReassignmentsApi,
    handleAlterPartitionReassignments,
    failAlterPartitionReassignments,
  ),
  forwardedRow(
    listPartitionReassignmentsApi,
    handleListPartitionReassignments,
    failListPartitionReassignments,
  ),
  row(offsetDeleteApi, handleOffsetDelete),
  forwardedRow(describeQuorumApi, handleDescribeQuorum, failDescribeQuorum),
  controlRow(alterPartitionApi, handleAlterPartition, {
    overlaps: true,
    errorResponse: failAlterPartition,
  }),
  forwardedRow(updateFeaturesApi, handleUpdateFeatures, failUpdateFeatures),
  controlRow(forwardApi, handleEnvelope, { overlaps: true }),
  controlRow(describeClusterApi, handleDescribeCluster, {
    listeners: BOTH,
    errorResponse: failDescribeCluster,
  }),
  row(describeProducersApi, handleDescribeProducers),
  controlRow(brokerRegistrationApi, handleBrokerRegistration, {
    errorResponse: failBrokerRegistration,
  }),
  controlRow(nodeHeartbeatApi, handleBrokerHeartbeat, { errorResponse: failBrokerHeartbeat }),
  forwardedRow(unregisterBrokerApi, handleUnregisterBroker, failUnregisterBroker),
  controlRow(allocateProducerIdsApi, handleAllocateProducerIds, {
    errorResponse: failAllocateProducerIds,
  }),
  row(consumerGroupHeartbeatApi, handleConsumerGroupHeartbeat),
  row(consumerGroupDescribeApi, handleConsumerGroupDescribe),
  row(listConfigResourcesApi, handleListConfigResources),
  row(describeTopicPartitionsApi, handleDescribeTopicPartitions, {
    errorResponse: failDescribeTopicPartitions,
  }),
  forwardedRow(addRaftVoterApi, handleAddRaftVoter, failRaftVoter),
  forwardedRow(removeRaftVoterApi, handleRemoveRaftVoter, failRaftVoter),
  controlRow(updateRaftVoterApi, handleUpdateRaftVoter, { errorResponse: failUpdateRaftVoter }),
  controlRow(quorumApi, handleQuorumMessages, { isPrivate: true }),
]
