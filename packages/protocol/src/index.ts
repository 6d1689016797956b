// The public names of the package. Longer than the 50 lines of other packages: each of the 89 APIs
// has a definition and four types (Request and Response as decoded, ...Init as encoded), and all of
// them can be imported from here.

// biome-ignore-all lint/style/noExcessiveLinesPerFile: a list of names.

export { type ApiRow, apiByKey, apiRow, apis, type ListenerKind } from './apis.ts'
export {
  type AnyMessage,
  decodeExact,
  decodeFrom,
  decodeMessage,
  encodeExact,
  encodeMessage,
  encodeToBuffer,
  hasVersion,
} from './codec.ts'
export {
  type Codec,
  codecOfId,
  compress,
  decompress,
  idOfCodec,
} from './compression/compression.ts'
export { crc32c } from './crc32c.ts'
export {
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnRequestInit,
  type AddOffsetsToTxnResponse,
  type AddOffsetsToTxnResponseInit,
  addOffsetsToTxnApi,
} from './definitions/add-offsets-to-txn.ts'
export {
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnRequestInit,
  type AddPartitionsToTxnResponse,
  type AddPartitionsToTxnResponseInit,
  addPartitionsToTxnApi,
} from './definitions/add-partitions-to-txn.ts'
export {
  type AddRaftVoterRequest,
  type AddRaftVoterRequestInit,
  type AddRaftVoterResponse,
  type AddRaftVoterResponseInit,
  addRaftVoterApi,
} from './definitions/add-raft-voter.ts'
export {
  type AllocateProducerIdsRequest,
  type AllocateProducerIdsRequestInit,
  type AllocateProducerIdsResponse,
  type AllocateProducerIdsResponseInit,
  allocateProducerIdsApi,
} from './definitions/allocate-producer-ids.ts'
export {
  type AlterClientQuotasRequest,
  type AlterClientQuotasRequestInit,
  type AlterClientQuotasResponse,
  type AlterClientQuotasResponseInit,
  alterClientQuotasApi,
} from './definitions/alter-client-quotas.ts'
export {
  type AlterConfigsRequest,
  type AlterConfigsRequestInit,
  type AlterConfigsResponse,
  type AlterConfigsResponseInit,
  alterConfigsApi,
} from './definitions/alter-configs.ts'
export {
  type AlterPartitionRequest,
  type AlterPartitionRequestInit,
  type AlterPartitionResponse,
  type AlterPartitionResponseInit,
  alterPartitionApi,
} from './definitions/alter-partition.ts'
export {
  type AlterPartitionReassignmentsRequest,
  type AlterPartitionReassignmentsRequestInit,
  type AlterPartitionReassignmentsResponse,
  type AlterPartitionReassignmentsResponseInit,
  alterPartitionReassignmentsApi,
} from './definitions/alter-partition-reassignments.ts'
export {
  type AlterReplicaLogDirsRequest,
  type AlterReplicaLogDirsRequestInit,
  type AlterReplicaLogDirsResponse,
  type AlterReplicaLogDirsResponseInit,
  alterReplicaLogDirsApi,
} from './definitions/alter-replica-log-dirs.ts'
export {
  type AlterShareGroupOffsetsRequest,
  type AlterShareGroupOffsetsRequestInit,
  type AlterShareGroupOffsetsResponse,
  type AlterShareGroupOffsetsResponseInit,
  alterShareGroupOffsetsApi,
} from './definitions/alter-share-group-offsets.ts'
export {
  type AlterUserScramCredentialsRequest,
  type AlterUserScramCredentialsRequestInit,
  type AlterUserScramCredentialsResponse,
  type AlterUserScramCredentialsResponseInit,
  alterUserScramCredentialsApi,
} from './definitions/alter-user-scram-credentials.ts'
export {
  type ApiVersionsRequest,
  type ApiVersionsRequestInit,
  type ApiVersionsResponse,
  type ApiVersionsResponseInit,
  apiVersionsApi,
} from './definitions/api-versions.ts'
export {
  type AssignReplicasToDirsRequest,
  type AssignReplicasToDirsRequestInit,
  type AssignReplicasToDirsResponse,
  type AssignReplicasToDirsResponseInit,
  assignReplicasToDirsApi,
} from './definitions/assign-replicas-to-dirs.ts'
export {
  type BeginQuorumEpochRequest,
  type BeginQuorumEpochRequestInit,
  type BeginQuorumEpochResponse,
  type BeginQuorumEpochResponseInit,
  beginQuorumEpochApi,
} from './definitions/begin-quorum-epoch.ts'
export {
  type BrokerHeartbeatRequest,
  type BrokerHeartbeatRequestInit,
  type BrokerHeartbeatResponse,
  type BrokerHeartbeatResponseInit,
  brokerHeartbeatApi,
} from './definitions/broker-heartbeat.ts'
export {
  type BrokerRegistrationRequest,
  type BrokerRegistrationRequestInit,
  type BrokerRegistrationResponse,
  type BrokerRegistrationResponseInit,
  brokerRegistrationApi,
} from './definitions/broker-registration.ts'
export {
  type ConsumerGroupDescribeRequest,
  type ConsumerGroupDescribeRequestInit,
  type ConsumerGroupDescribeResponse,
  type ConsumerGroupDescribeResponseInit,
  consumerGroupDescribeApi,
} from './definitions/consumer-group-describe.ts'
export {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatRequestInit,
  type ConsumerGroupHeartbeatResponse,
  type ConsumerGroupHeartbeatResponseInit,
  consumerGroupHeartbeatApi,
} from './definitions/consumer-group-heartbeat.ts'
export {
  type ConsumerProtocolAssignment,
  type ConsumerProtocolAssignmentInit,
  type ConsumerProtocolSubscription,
  type ConsumerProtocolSubscriptionInit,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from './definitions/consumer-protocol.ts'
export {
  type ControlRecordTypeSchema,
  type ControlRecordTypeSchemaInit,
  controlRecordTypeSchema,
  type EndTxnMarker,
  type EndTxnMarkerInit,
  endTxnMarker,
  type KRaftVersionRecord,
  type KRaftVersionRecordInit,
  kRaftVersionRecord,
  type LeaderChangeMessage,
  type LeaderChangeMessageInit,
  leaderChangeMessage,
  type SnapshotFooterRecord,
  type SnapshotFooterRecordInit,
  type SnapshotHeaderRecord,
  type SnapshotHeaderRecordInit,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  type VotersRecord,
  type VotersRecordInit,
  votersRecord,
} from './definitions/control-records.ts'
export {
  type ControllerRegistrationRequest,
  type ControllerRegistrationRequestInit,
  type ControllerRegistrationResponse,
  type ControllerRegistrationResponseInit,
  controllerRegistrationApi,
} from './definitions/controller-registration.ts'
export {
  type CreateAclsRequest,
  type CreateAclsRequestInit,
  type CreateAclsResponse,
  type CreateAclsResponseInit,
  createAclsApi,
} from './definitions/create-acls.ts'
export {
  type CreateDelegationTokenRequest,
  type CreateDelegationTokenRequestInit,
  type CreateDelegationTokenResponse,
  type CreateDelegationTokenResponseInit,
  createDelegationTokenApi,
} from './definitions/create-delegation-token.ts'
export {
  type CreatePartitionsRequest,
  type CreatePartitionsRequestInit,
  type CreatePartitionsResponse,
  type CreatePartitionsResponseInit,
  createPartitionsApi,
} from './definitions/create-partitions.ts'
export {
  type CreateTopicsRequest,
  type CreateTopicsRequestInit,
  type CreateTopicsResponse,
  type CreateTopicsResponseInit,
  createTopicsApi,
} from './definitions/create-topics.ts'
export {
  type DeleteAclsRequest,
  type DeleteAclsRequestInit,
  type DeleteAclsResponse,
  type DeleteAclsResponseInit,
  deleteAclsApi,
} from './definitions/delete-acls.ts'
export {
  type DeleteGroupsRequest,
  type DeleteGroupsRequestInit,
  type DeleteGroupsResponse,
  type DeleteGroupsResponseInit,
  deleteGroupsApi,
} from './definitions/delete-groups.ts'
export {
  type DeleteRecordsRequest,
  type DeleteRecordsRequestInit,
  type DeleteRecordsResponse,
  type DeleteRecordsResponseInit,
  deleteRecordsApi,
} from './definitions/delete-records.ts'
export {
  type DeleteShareGroupOffsetsRequest,
  type DeleteShareGroupOffsetsRequestInit,
  type DeleteShareGroupOffsetsResponse,
  type DeleteShareGroupOffsetsResponseInit,
  deleteShareGroupOffsetsApi,
} from './definitions/delete-share-group-offsets.ts'
export {
  type DeleteShareGroupStateRequest,
  type DeleteShareGroupStateRequestInit,
  type DeleteShareGroupStateResponse,
  type DeleteShareGroupStateResponseInit,
  deleteShareGroupStateApi,
} from './definitions/delete-share-group-state.ts'
export {
  type DeleteTopicsRequest,
  type DeleteTopicsRequestInit,
  type DeleteTopicsResponse,
  type DeleteTopicsResponseInit,
  deleteTopicsApi,
} from './definitions/delete-topics.ts'
export {
  type DescribeAclsRequest,
  type DescribeAclsRequestInit,
  type DescribeAclsResponse,
  type DescribeAclsResponseInit,
  describeAclsApi,
} from './definitions/describe-acls.ts'
export {
  type DescribeClientQuotasRequest,
  type DescribeClientQuotasRequestInit,
  type DescribeClientQuotasResponse,
  type DescribeClientQuotasResponseInit,
  describeClientQuotasApi,
} from './definitions/describe-client-quotas.ts'
export {
  type DescribeClusterRequest,
  type DescribeClusterRequestInit,
  type DescribeClusterResponse,
  type DescribeClusterResponseInit,
  describeClusterApi,
} from './definitions/describe-cluster.ts'
export {
  type DescribeConfigsRequest,
  type DescribeConfigsRequestInit,
  type DescribeConfigsResponse,
  type DescribeConfigsResponseInit,
  describeConfigsApi,
} from './definitions/describe-configs.ts'
export {
  type DescribeDelegationTokenRequest,
  type DescribeDelegationTokenRequestInit,
  type DescribeDelegationTokenResponse,
  type DescribeDelegationTokenResponseInit,
  describeDelegationTokenApi,
} from './definitions/describe-delegation-token.ts'
export {
  type DescribeGroupsRequest,
  type DescribeGroupsRequestInit,
  type DescribeGroupsResponse,
  type DescribeGroupsResponseInit,
  describeGroupsApi,
} from './definitions/describe-groups.ts'
export {
  type DescribeLogDirsRequest,
  type DescribeLogDirsRequestInit,
  type DescribeLogDirsResponse,
  type DescribeLogDirsResponseInit,
  describeLogDirsApi,
} from './definitions/describe-log-dirs.ts'
export {
  type DescribeProducersRequest,
  type DescribeProducersRequestInit,
  type DescribeProducersResponse,
  type DescribeProducersResponseInit,
  describeProducersApi,
} from './definitions/describe-producers.ts'
export {
  type DescribeQuorumRequest,
  type DescribeQuorumRequestInit,
  type DescribeQuorumResponse,
  type DescribeQuorumResponseInit,
  describeQuorumApi,
} from './definitions/describe-quorum.ts'
export {
  type DescribeShareGroupOffsetsRequest,
  type DescribeShareGroupOffsetsRequestInit,
  type DescribeShareGroupOffsetsResponse,
  type DescribeShareGroupOffsetsResponseInit,
  describeShareGroupOffsetsApi,
} from './definitions/describe-share-group-offsets.ts'
export {
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsRequestInit,
  type DescribeTopicPartitionsResponse,
  type DescribeTopicPartitionsResponseInit,
  describeTopicPartitionsApi,
} from './definitions/describe-topic-partitions.ts'
export {
  type DescribeTransactionsRequest,
  type DescribeTransactionsRequestInit,
  type DescribeTransactionsResponse,
  type DescribeTransactionsResponseInit,
  describeTransactionsApi,
} from './definitions/describe-transactions.ts'
export {
  type DescribeUserScramCredentialsRequest,
  type DescribeUserScramCredentialsRequestInit,
  type DescribeUserScramCredentialsResponse,
  type DescribeUserScramCredentialsResponseInit,
  describeUserScramCredentialsApi,
} from './definitions/describe-user-scram-credentials.ts'
export {
  type ElectLeadersRequest,
  type ElectLeadersRequestInit,
  type ElectLeadersResponse,
  type ElectLeadersResponseInit,
  electLeadersApi,
} from './definitions/elect-leaders.ts'
export {
  type EndQuorumEpochRequest,
  type EndQuorumEpochRequestInit,
  type EndQuorumEpochResponse,
  type EndQuorumEpochResponseInit,
  endQuorumEpochApi,
} from './definitions/end-quorum-epoch.ts'
export {
  type EndTxnRequest,
  type EndTxnRequestInit,
  type EndTxnResponse,
  type EndTxnResponseInit,
  endTxnApi,
} from './definitions/end-txn.ts'
export {
  type EnvelopeRequest,
  type EnvelopeRequestInit,
  type EnvelopeResponse,
  type EnvelopeResponseInit,
  envelopeApi,
} from './definitions/envelope.ts'
export {
  type ExpireDelegationTokenRequest,
  type ExpireDelegationTokenRequestInit,
  type ExpireDelegationTokenResponse,
  type ExpireDelegationTokenResponseInit,
  expireDelegationTokenApi,
} from './definitions/expire-delegation-token.ts'
export {
  type FetchRequest,
  type FetchRequestInit,
  type FetchResponse,
  type FetchResponseInit,
  fetchApi,
} from './definitions/fetch.ts'
export {
  type FetchSnapshotRequest,
  type FetchSnapshotRequestInit,
  type FetchSnapshotResponse,
  type FetchSnapshotResponseInit,
  fetchSnapshotApi,
} from './definitions/fetch-snapshot.ts'
export {
  type FindCoordinatorRequest,
  type FindCoordinatorRequestInit,
  type FindCoordinatorResponse,
  type FindCoordinatorResponseInit,
  findCoordinatorApi,
} from './definitions/find-coordinator.ts'
export {
  type GetTelemetrySubscriptionsRequest,
  type GetTelemetrySubscriptionsRequestInit,
  type GetTelemetrySubscriptionsResponse,
  type GetTelemetrySubscriptionsResponseInit,
  getTelemetrySubscriptionsApi,
} from './definitions/get-telemetry-subscriptions.ts'
export {
  type RequestHeader,
  type RequestHeaderInit,
  type ResponseHeader,
  type ResponseHeaderInit,
  requestHeader,
  responseHeader,
} from './definitions/headers.ts'
export {
  type HeartbeatRequest,
  type HeartbeatRequestInit,
  type HeartbeatResponse,
  type HeartbeatResponseInit,
  heartbeatApi,
} from './definitions/heartbeat.ts'
export {
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsRequestInit,
  type IncrementalAlterConfigsResponse,
  type IncrementalAlterConfigsResponseInit,
  incrementalAlterConfigsApi,
} from './definitions/incremental-alter-configs.ts'
export {
  type InitProducerIdRequest,
  type InitProducerIdRequestInit,
  type InitProducerIdResponse,
  type InitProducerIdResponseInit,
  initProducerIdApi,
} from './definitions/init-producer-id.ts'
export {
  type InitializeShareGroupStateRequest,
  type InitializeShareGroupStateRequestInit,
  type InitializeShareGroupStateResponse,
  type InitializeShareGroupStateResponseInit,
  initializeShareGroupStateApi,
} from './definitions/initialize-share-group-state.ts'
export {
  type JoinGroupRequest,
  type JoinGroupRequestInit,
  type JoinGroupResponse,
  type JoinGroupResponseInit,
  joinGroupApi,
} from './definitions/join-group.ts'
export {
  type LeaveGroupRequest,
  type LeaveGroupRequestInit,
  type LeaveGroupResponse,
  type LeaveGroupResponseInit,
  leaveGroupApi,
} from './definitions/leave-group.ts'
export {
  type ListConfigResourcesRequest,
  type ListConfigResourcesRequestInit,
  type ListConfigResourcesResponse,
  type ListConfigResourcesResponseInit,
  listConfigResourcesApi,
} from './definitions/list-config-resources.ts'
export {
  type ListGroupsRequest,
  type ListGroupsRequestInit,
  type ListGroupsResponse,
  type ListGroupsResponseInit,
  listGroupsApi,
} from './definitions/list-groups.ts'
export {
  type ListOffsetsRequest,
  type ListOffsetsRequestInit,
  type ListOffsetsResponse,
  type ListOffsetsResponseInit,
  listOffsetsApi,
} from './definitions/list-offsets.ts'
export {
  type ListPartitionReassignmentsRequest,
  type ListPartitionReassignmentsRequestInit,
  type ListPartitionReassignmentsResponse,
  type ListPartitionReassignmentsResponseInit,
  listPartitionReassignmentsApi,
} from './definitions/list-partition-reassignments.ts'
export {
  type ListTransactionsRequest,
  type ListTransactionsRequestInit,
  type ListTransactionsResponse,
  type ListTransactionsResponseInit,
  listTransactionsApi,
} from './definitions/list-transactions.ts'
export {
  type MetadataRequest,
  type MetadataRequestInit,
  type MetadataResponse,
  type MetadataResponseInit,
  metadataApi,
} from './definitions/metadata.ts'
export {
  type OffsetCommitRequest,
  type OffsetCommitRequestInit,
  type OffsetCommitResponse,
  type OffsetCommitResponseInit,
  offsetCommitApi,
} from './definitions/offset-commit.ts'
export {
  type OffsetDeleteRequest,
  type OffsetDeleteRequestInit,
  type OffsetDeleteResponse,
  type OffsetDeleteResponseInit,
  offsetDeleteApi,
} from './definitions/offset-delete.ts'
export {
  type OffsetFetchRequest,
  type OffsetFetchRequestInit,
  type OffsetFetchResponse,
  type OffsetFetchResponseInit,
  offsetFetchApi,
} from './definitions/offset-fetch.ts'
export {
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochRequestInit,
  type OffsetForLeaderEpochResponse,
  type OffsetForLeaderEpochResponseInit,
  offsetForLeaderEpochApi,
} from './definitions/offset-for-leader-epoch.ts'
export {
  type GroupMetadataKey,
  type GroupMetadataKeyInit,
  type GroupMetadataValue,
  type GroupMetadataValueInit,
  groupMetadataKey,
  groupMetadataValue,
  type LegacyOffsetCommitKey,
  type LegacyOffsetCommitKeyInit,
  type LegacyOffsetCommitValue,
  type LegacyOffsetCommitValueInit,
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
  type OffsetCommitKey,
  type OffsetCommitKeyInit,
  type OffsetCommitValue,
  type OffsetCommitValueInit,
  offsetCommitKey,
  offsetCommitValue,
} from './definitions/offsets-topic-classic.ts'
export {
  type ConsumerGroupCurrentMemberAssignmentKey,
  type ConsumerGroupCurrentMemberAssignmentKeyInit,
  type ConsumerGroupCurrentMemberAssignmentValue,
  type ConsumerGroupCurrentMemberAssignmentValueInit,
  type ConsumerGroupMemberMetadataKey,
  type ConsumerGroupMemberMetadataKeyInit,
  type ConsumerGroupMemberMetadataValue,
  type ConsumerGroupMemberMetadataValueInit,
  type ConsumerGroupMetadataKey,
  type ConsumerGroupMetadataKeyInit,
  type ConsumerGroupMetadataValue,
  type ConsumerGroupMetadataValueInit,
  type ConsumerGroupPartitionMetadataKey,
  type ConsumerGroupPartitionMetadataKeyInit,
  type ConsumerGroupPartitionMetadataValue,
  type ConsumerGroupPartitionMetadataValueInit,
  type ConsumerGroupRegularExpressionKey,
  type ConsumerGroupRegularExpressionKeyInit,
  type ConsumerGroupRegularExpressionValue,
  type ConsumerGroupRegularExpressionValueInit,
  type ConsumerGroupTargetAssignmentMemberKey,
  type ConsumerGroupTargetAssignmentMemberKeyInit,
  type ConsumerGroupTargetAssignmentMemberValue,
  type ConsumerGroupTargetAssignmentMemberValueInit,
  type ConsumerGroupTargetAssignmentMetadataKey,
  type ConsumerGroupTargetAssignmentMetadataKeyInit,
  type ConsumerGroupTargetAssignmentMetadataValue,
  type ConsumerGroupTargetAssignmentMetadataValueInit,
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
} from './definitions/offsets-topic-consumer.ts'
export {
  type ShareGroupCurrentMemberAssignmentKey,
  type ShareGroupCurrentMemberAssignmentKeyInit,
  type ShareGroupCurrentMemberAssignmentValue,
  type ShareGroupCurrentMemberAssignmentValueInit,
  type ShareGroupMemberMetadataKey,
  type ShareGroupMemberMetadataKeyInit,
  type ShareGroupMemberMetadataValue,
  type ShareGroupMemberMetadataValueInit,
  type ShareGroupMetadataKey,
  type ShareGroupMetadataKeyInit,
  type ShareGroupMetadataValue,
  type ShareGroupMetadataValueInit,
  type ShareGroupStatePartitionMetadataKey,
  type ShareGroupStatePartitionMetadataKeyInit,
  type ShareGroupStatePartitionMetadataValue,
  type ShareGroupStatePartitionMetadataValueInit,
  type ShareGroupTargetAssignmentMemberKey,
  type ShareGroupTargetAssignmentMemberKeyInit,
  type ShareGroupTargetAssignmentMemberValue,
  type ShareGroupTargetAssignmentMemberValueInit,
  type ShareGroupTargetAssignmentMetadataKey,
  type ShareGroupTargetAssignmentMetadataKeyInit,
  type ShareGroupTargetAssignmentMetadataValue,
  type ShareGroupTargetAssignmentMetadataValueInit,
  shareGroupCurrentMemberAssignmentKey,
  shareGroupCurrentMemberAssignmentValue,
  shareGroupMemberMetadataKey,
  shareGroupMemberMetadataValue,
  shareGroupMetadataKey,
  shareGroupMetadataValue,
  shareGroupStatePartitionMetadataKey,
  shareGroupStatePartitionMetadataValue,
  shareGroupTargetAssignmentMemberKey,
  shareGroupTargetAssignmentMemberValue,
  shareGroupTargetAssignmentMetadataKey,
  shareGroupTargetAssignmentMetadataValue,
} from './definitions/offsets-topic-share.ts'
export {
  type StreamsGroupCurrentMemberAssignmentKey,
  type StreamsGroupCurrentMemberAssignmentKeyInit,
  type StreamsGroupCurrentMemberAssignmentValue,
  type StreamsGroupCurrentMemberAssignmentValueInit,
  type StreamsGroupMemberMetadataKey,
  type StreamsGroupMemberMetadataKeyInit,
  type StreamsGroupMemberMetadataValue,
  type StreamsGroupMemberMetadataValueInit,
  type StreamsGroupMetadataKey,
  type StreamsGroupMetadataKeyInit,
  type StreamsGroupMetadataValue,
  type StreamsGroupMetadataValueInit,
  type StreamsGroupTargetAssignmentMemberKey,
  type StreamsGroupTargetAssignmentMemberKeyInit,
  type StreamsGroupTargetAssignmentMemberValue,
  type StreamsGroupTargetAssignmentMemberValueInit,
  type StreamsGroupTargetAssignmentMetadataKey,
  type StreamsGroupTargetAssignmentMetadataKeyInit,
  type StreamsGroupTargetAssignmentMetadataValue,
  type StreamsGroupTargetAssignmentMetadataValueInit,
  type StreamsGroupTopologyKey,
  type StreamsGroupTopologyKeyInit,
  type StreamsGroupTopologyValue,
  type StreamsGroupTopologyValueInit,
  streamsGroupCurrentMemberAssignmentKey,
  streamsGroupCurrentMemberAssignmentValue,
  streamsGroupMemberMetadataKey,
  streamsGroupMemberMetadataValue,
  streamsGroupMetadataKey,
  streamsGroupMetadataValue,
  streamsGroupTargetAssignmentMemberKey,
  streamsGroupTargetAssignmentMemberValue,
  streamsGroupTargetAssignmentMetadataKey,
  streamsGroupTargetAssignmentMetadataValue,
  streamsGroupTopologyKey,
  streamsGroupTopologyValue,
} from './definitions/offsets-topic-streams.ts'
export {
  type DefaultPrincipalData,
  type DefaultPrincipalDataInit,
  defaultPrincipalData,
} from './definitions/principal-data.ts'
export {
  type ProduceRequest,
  type ProduceRequestInit,
  type ProduceResponse,
  type ProduceResponseInit,
  produceApi,
} from './definitions/produce.ts'
export {
  type PushTelemetryRequest,
  type PushTelemetryRequestInit,
  type PushTelemetryResponse,
  type PushTelemetryResponseInit,
  pushTelemetryApi,
} from './definitions/push-telemetry.ts'
export {
  type ReadShareGroupStateRequest,
  type ReadShareGroupStateRequestInit,
  type ReadShareGroupStateResponse,
  type ReadShareGroupStateResponseInit,
  readShareGroupStateApi,
} from './definitions/read-share-group-state.ts'
export {
  type ReadShareGroupStateSummaryRequest,
  type ReadShareGroupStateSummaryRequestInit,
  type ReadShareGroupStateSummaryResponse,
  type ReadShareGroupStateSummaryResponseInit,
  readShareGroupStateSummaryApi,
} from './definitions/read-share-group-state-summary.ts'
export {
  type RemoveRaftVoterRequest,
  type RemoveRaftVoterRequestInit,
  type RemoveRaftVoterResponse,
  type RemoveRaftVoterResponseInit,
  removeRaftVoterApi,
} from './definitions/remove-raft-voter.ts'
export {
  type RenewDelegationTokenRequest,
  type RenewDelegationTokenRequestInit,
  type RenewDelegationTokenResponse,
  type RenewDelegationTokenResponseInit,
  renewDelegationTokenApi,
} from './definitions/renew-delegation-token.ts'
export {
  type SaslAuthenticateRequest,
  type SaslAuthenticateRequestInit,
  type SaslAuthenticateResponse,
  type SaslAuthenticateResponseInit,
  saslAuthenticateApi,
} from './definitions/sasl-authenticate.ts'
export {
  type SaslHandshakeRequest,
  type SaslHandshakeRequestInit,
  type SaslHandshakeResponse,
  type SaslHandshakeResponseInit,
  saslHandshakeApi,
} from './definitions/sasl-handshake.ts'
export {
  type ShareAcknowledgeRequest,
  type ShareAcknowledgeRequestInit,
  type ShareAcknowledgeResponse,
  type ShareAcknowledgeResponseInit,
  shareAcknowledgeApi,
} from './definitions/share-acknowledge.ts'
export {
  type ShareFetchRequest,
  type ShareFetchRequestInit,
  type ShareFetchResponse,
  type ShareFetchResponseInit,
  shareFetchApi,
} from './definitions/share-fetch.ts'
export {
  type ShareGroupDescribeRequest,
  type ShareGroupDescribeRequestInit,
  type ShareGroupDescribeResponse,
  type ShareGroupDescribeResponseInit,
  shareGroupDescribeApi,
} from './definitions/share-group-describe.ts'
export {
  type ShareGroupHeartbeatRequest,
  type ShareGroupHeartbeatRequestInit,
  type ShareGroupHeartbeatResponse,
  type ShareGroupHeartbeatResponseInit,
  shareGroupHeartbeatApi,
} from './definitions/share-group-heartbeat.ts'
export {
  type ShareSnapshotKey,
  type ShareSnapshotKeyInit,
  type ShareSnapshotValue,
  type ShareSnapshotValueInit,
  type ShareUpdateKey,
  type ShareUpdateKeyInit,
  type ShareUpdateValue,
  type ShareUpdateValueInit,
  shareSnapshotKey,
  shareSnapshotValue,
  shareUpdateKey,
  shareUpdateValue,
} from './definitions/share-state-topic.ts'
export {
  type StreamsGroupDescribeRequest,
  type StreamsGroupDescribeRequestInit,
  type StreamsGroupDescribeResponse,
  type StreamsGroupDescribeResponseInit,
  streamsGroupDescribeApi,
} from './definitions/streams-group-describe.ts'
export {
  type StreamsGroupHeartbeatRequest,
  type StreamsGroupHeartbeatRequestInit,
  type StreamsGroupHeartbeatResponse,
  type StreamsGroupHeartbeatResponseInit,
  streamsGroupHeartbeatApi,
} from './definitions/streams-group-heartbeat.ts'
export {
  type SyncGroupRequest,
  type SyncGroupRequestInit,
  type SyncGroupResponse,
  type SyncGroupResponseInit,
  syncGroupApi,
} from './definitions/sync-group.ts'
export {
  type TransactionLogKey,
  type TransactionLogKeyInit,
  type TransactionLogValue,
  type TransactionLogValueInit,
  transactionLogKey,
  transactionLogValue,
} from './definitions/transaction-topic.ts'
export {
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitRequestInit,
  type TxnOffsetCommitResponse,
  type TxnOffsetCommitResponseInit,
  txnOffsetCommitApi,
} from './definitions/txn-offset-commit.ts'
export {
  type UnregisterBrokerRequest,
  type UnregisterBrokerRequestInit,
  type UnregisterBrokerResponse,
  type UnregisterBrokerResponseInit,
  unregisterBrokerApi,
} from './definitions/unregister-broker.ts'
export {
  type UpdateFeaturesRequest,
  type UpdateFeaturesRequestInit,
  type UpdateFeaturesResponse,
  type UpdateFeaturesResponseInit,
  updateFeaturesApi,
} from './definitions/update-features.ts'
export {
  type UpdateRaftVoterRequest,
  type UpdateRaftVoterRequestInit,
  type UpdateRaftVoterResponse,
  type UpdateRaftVoterResponseInit,
  updateRaftVoterApi,
} from './definitions/update-raft-voter.ts'
export {
  type VoteRequest,
  type VoteRequestInit,
  type VoteResponse,
  type VoteResponseInit,
  voteApi,
} from './definitions/vote.ts'
export {
  type WriteShareGroupStateRequest,
  type WriteShareGroupStateRequestInit,
  type WriteShareGroupStateResponse,
  type WriteShareGroupStateResponseInit,
  writeShareGroupStateApi,
} from './definitions/write-share-group-state.ts'
export {
  type WriteTxnMarkersRequest,
  type WriteTxnMarkersRequestInit,
  type WriteTxnMarkersResponse,
  type WriteTxnMarkersResponseInit,
  writeTxnMarkersApi,
} from './definitions/write-txn-markers.ts'
export { EncodeError } from './encode-error.ts'
export {
  type ErrorCode,
  type ErrorName,
  errorCode,
  errorCodes,
  errorName,
  errorText,
  isErrorName,
  KafkaError,
} from './error-codes.ts'
export {
  type DecodedRequestHeader,
  type DecodedResponseHeader,
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestFrame,
  encodeResponseFrame,
  FRAME_SIZE_BYTES,
  type RequestFrameOptions,
  requestHeaderVersion,
  responseHeaderVersion,
} from './frames.ts'
export { DecodeError, Reader } from './reader.ts'
export {
  type BatchHeader,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCrc,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLastSequence,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeInBytes,
  CODEC_MASK,
  CONTROL_BIT,
  codecOf,
  DELETE_HORIZON_BIT,
  hasDeleteHorizon,
  isControl,
  isLogAppendTime,
  isTransactional,
  LOG_APPEND_TIME_BIT,
  LOG_OVERHEAD,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchLogAppendTime,
  setBatchMaxTimestamp,
  TRANSACTIONAL_BIT,
  verifyBatchCrc,
  writeBatchCrc,
  writeBatchHeader,
} from './record-batch.ts'
export {
  buildRecordBatch,
  type NewRecord,
  RecordBatchBuilder,
  type RecordBatchOptions,
} from './record-batch-builder.ts'
export {
  type RecordError,
  type RecordValidationOptions,
  type ValidationError,
  type ValidationOutcome,
  validateProducedRecords,
} from './record-validation.ts'
export {
  type RecordHeader,
  RecordWalker,
} from './record-walker.ts'
export {
  batchPayload,
  batchPositions,
  DEFAULT_DECOMPRESSION_LIMIT_BYTES,
  type DecodedRecord,
  forEachRecord,
  records,
} from './records.ts'
export {
  OutputLimitError,
  RecordsError,
} from './records-error.ts'
export type {
  ApiDefinition,
  Decoded,
  DecodedFields,
  Field,
  Fields,
  Init,
  InitFields,
  Message,
} from './schema.ts'
export { api, array, bool, bytes, int16, int32, int64, uuid } from './schema.ts'
export {
  decodeRecordKey,
  decodeRecordValue,
  decodeVersioned,
  encodeRecordKey,
  encodeRecordValue,
  encodeVersioned,
  offsetsTopicRecords,
  recordTypeOf,
  shareStateTopicRecords,
  type TopicRecord,
  transactionTopicRecords,
} from './topic-records.ts'
export { isUuid } from './uuid.ts'
export { Writer } from './writer.ts'
