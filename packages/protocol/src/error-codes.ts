// Kafka's error codes: the one table. `message` is what the broker sends where an answer has room
// for a text and the code at hand has no better one.

export interface ErrorCode {
  readonly code: number
  /** A client may send the same request again. */
  readonly retriable: boolean
  /** It should refresh its metadata first. */
  readonly refreshMetadata: boolean
  readonly message: string
}

function fatal(code: number, message: string): ErrorCode {
  return { code, retriable: false, refreshMetadata: false, message }
}

function retriable(code: number, message: string): ErrorCode {
  return { code, retriable: true, refreshMetadata: false, message }
}

function staleMetadata(code: number, message: string): ErrorCode {
  return { code, retriable: true, refreshMetadata: true, message }
}

export const errorCodes = {
  UNKNOWN_SERVER_ERROR: fatal(-1, 'The server met an error that it did not expect.'),
  NONE: fatal(0, 'No error.'),
  OFFSET_OUT_OF_RANGE: fatal(
    1,
    'The requested offset is outside the range of offsets that the partition has.',
  ),
  CORRUPT_MESSAGE: retriable(
    2,
    'The record batch fails its CRC, has an invalid size, or is otherwise corrupt.',
  ),
  UNKNOWN_TOPIC_OR_PARTITION: staleMetadata(3, 'This server does not host this topic-partition.'),
  INVALID_FETCH_SIZE: fatal(4, 'The requested fetch size is invalid.'),
  LEADER_NOT_AVAILABLE: staleMetadata(
    5,
    'There is no leader for this topic-partition: an election is under way.',
  ),
  NOT_LEADER_OR_FOLLOWER: staleMetadata(
    6,
    'This broker is neither the leader nor a follower of the partition that the request needs.',
  ),
  REQUEST_TIMED_OUT: retriable(7, 'The request timed out.'),
  BROKER_NOT_AVAILABLE: fatal(8, 'The broker is not available.'),
  REPLICA_NOT_AVAILABLE: staleMetadata(9, 'The replica is not available for this topic-partition.'),
  MESSAGE_TOO_LARGE: fatal(
    10,
    'The request includes a message larger than the maximum size that the server accepts.',
  ),
  STALE_CONTROLLER_EPOCH: fatal(11, 'The controller moved to another broker.'),
  OFFSET_METADATA_TOO_LARGE: fatal(12, 'The metadata field of the offset commit is too large.'),
  NETWORK_EXCEPTION: staleMetadata(13, 'The server disconnected before a response was received.'),
  COORDINATOR_LOAD_IN_PROGRESS: retriable(
    14,
    'The coordinator is loading and cannot process requests yet.',
  ),
  COORDINATOR_NOT_AVAILABLE: retriable(15, 'The coordinator is not available.'),
  NOT_COORDINATOR: retriable(16, 'This is not the correct coordinator.'),
  INVALID_TOPIC_EXCEPTION: fatal(17, 'The topic name is invalid.'),
  RECORD_LIST_TOO_LARGE: fatal(
    18,
    'The request included a batch larger than the segment size of the server.',
  ),
  NOT_ENOUGH_REPLICAS: retriable(
    19,
    'Messages are rejected: there are fewer in-sync replicas than required.',
  ),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: retriable(
    20,
    'Messages were written to the log, but to fewer in-sync replicas than required.',
  ),
  INVALID_REQUIRED_ACKS: fatal(21, 'Produce asks for an invalid number of acks.'),
  ILLEGAL_GENERATION: fatal(22, 'The generation of the group member is not the current one.'),
  INCONSISTENT_GROUP_PROTOCOL: fatal(
    23,
    "The member's protocol type or protocols do not fit those of the group.",
  ),
  INVALID_GROUP_ID: fatal(24, 'The group id is invalid.'),
  UNKNOWN_MEMBER_ID: fatal(25, 'The coordinator does not know this member.'),
  INVALID_SESSION_TIMEOUT: fatal(
    26,
    'The session timeout is outside the range that the broker allows (group.min.session.timeout.ms and group.max.session.timeout.ms).',
  ),
  REBALANCE_IN_PROGRESS: fatal(27, 'The group is rebalancing: a rejoin is needed.'),
  INVALID_COMMIT_OFFSET_SIZE: fatal(28, 'The offsets of the commit are too large to be stored.'),
  TOPIC_AUTHORIZATION_FAILED: fatal(29, 'Topic authorization failed.'),
  GROUP_AUTHORIZATION_FAILED: fatal(30, 'Group authorization failed.'),
  CLUSTER_AUTHORIZATION_FAILED: fatal(31, 'Cluster authorization failed.'),
  INVALID_TIMESTAMP: fatal(32, 'The timestamp of the message is out of the acceptable range.'),
  UNSUPPORTED_SASL_MECHANISM: fatal(
    33,
    'The broker does not support the requested SASL mechanism.',
  ),
  ILLEGAL_SASL_STATE: fatal(34, 'The request is not valid in the current SASL state.'),
  UNSUPPORTED_VERSION: fatal(35, 'The version of the API is not supported.'),
  TOPIC_ALREADY_EXISTS: fatal(36, 'A topic with this name already exists.'),
  INVALID_PARTITIONS: fatal(37, 'The number of partitions is below 1.'),
  INVALID_REPLICATION_FACTOR: fatal(
    38,
    'The replication factor is below 1, or larger than the number of available brokers.',
  ),
  INVALID_REPLICA_ASSIGNMENT: fatal(39, 'The replica assignment is invalid.'),
  INVALID_CONFIG: fatal(40, 'The configuration is invalid.'),
  NOT_CONTROLLER: retriable(41, 'This is not the correct controller for this cluster.'),
  INVALID_REQUEST: fatal(
    42,
    'The request is malformed: its fields are missing, invalid or contradict each other.',
  ),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: fatal(
    43,
    'The message format on the broker does not support the request.',
  ),
  POLICY_VIOLATION: fatal(44, 'The request parameters do not satisfy the configured policy.'),
  OUT_OF_ORDER_SEQUENCE_NUMBER: fatal(45, 'The broker received a sequence number out of order.'),
  DUPLICATE_SEQUENCE_NUMBER: fatal(46, 'The broker received a duplicate sequence number.'),
  INVALID_PRODUCER_EPOCH: fatal(47, 'The producer tried to produce with an old epoch.'),
  INVALID_TXN_STATE: fatal(48, 'The producer tried a transactional operation in an invalid state.'),
  INVALID_PRODUCER_ID_MAPPING: fatal(
    49,
    'The producer id does not belong to this transactional id.',
  ),
  INVALID_TRANSACTION_TIMEOUT: fatal(
    50,
    'The transaction timeout is larger than the maximum of the broker (transaction.max.timeout.ms).',
  ),
  CONCURRENT_TRANSACTIONS: retriable(
    51,
    'A concurrent operation on the same transaction is under way.',
  ),
  TRANSACTION_COORDINATOR_FENCED: fatal(
    52,
    'The transaction coordinator that sent this marker is no longer the current one.',
  ),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: fatal(53, 'Transactional id authorization failed.'),
  SECURITY_DISABLED: fatal(54, 'Security features are disabled.'),
  OPERATION_NOT_ATTEMPTED: fatal(
    55,
    'The broker did not attempt this operation, as an earlier one in the batch failed.',
  ),
  KAFKA_STORAGE_ERROR: staleMetadata(56, 'A disk error occurred while the log was accessed.'),
  LOG_DIR_NOT_FOUND: fatal(57, 'The log directory is not in the configuration of the broker.'),
  SASL_AUTHENTICATION_FAILED: fatal(58, 'SASL authentication failed.'),
  UNKNOWN_PRODUCER_ID: fatal(
    59,
    'The broker has no state of this producer id: its records have been deleted.',
  ),
  REASSIGNMENT_IN_PROGRESS: fatal(60, 'A partition reassignment is in progress.'),
  DELEGATION_TOKEN_AUTH_DISABLED: fatal(61, 'Delegation tokens are not enabled.'),
  DELEGATION_TOKEN_NOT_FOUND: fatal(62, 'The delegation token was not found on the server.'),
  DELEGATION_TOKEN_OWNER_MISMATCH: fatal(
    63,
    'The principal is not an owner or renewer of this delegation token.',
  ),
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: fatal(
    64,
    'Delegation token requests are not allowed on this connection.',
  ),
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: fatal(65, 'Delegation token authorization failed.'),
  DELEGATION_TOKEN_EXPIRED: fatal(66, 'The delegation token has expired.'),
  INVALID_PRINCIPAL_TYPE: fatal(67, 'The principal type is not supported.'),
  NON_EMPTY_GROUP: fatal(68, 'The group is not empty.'),
  GROUP_ID_NOT_FOUND: fatal(69, 'The group id was not found.'),
  FETCH_SESSION_ID_NOT_FOUND: retriable(70, 'The fetch session id was not found.'),
  INVALID_FETCH_SESSION_EPOCH: retriable(71, 'The fetch session epoch is invalid.'),
  LISTENER_NOT_FOUND: staleMetadata(
    72,
    'The leader has no listener that matches the one on which the request arrived.',
  ),
  TOPIC_DELETION_DISABLED: fatal(73, 'Topic deletion is disabled.'),
  FENCED_LEADER_EPOCH: staleMetadata(
    74,
    'The leader epoch in the request is older than the one of the broker.',
  ),
  UNKNOWN_LEADER_EPOCH: retriable(
    75,
    'The leader epoch in the request is newer than the one of the broker.',
  ),
  UNSUPPORTED_COMPRESSION_TYPE: fatal(
    76,
    'The requesting client does not support the compression type of the partition.',
  ),
  STALE_BROKER_EPOCH: fatal(77, 'The broker epoch has changed.'),
  OFFSET_NOT_AVAILABLE: retriable(
    78,
    'The leader high watermark has not caught up since a recent election: the offset cannot be given yet.',
  ),
  MEMBER_ID_REQUIRED: fatal(
    79,
    'The member has to join again with the member id that it was given.',
  ),
  PREFERRED_LEADER_NOT_AVAILABLE: staleMetadata(80, 'The preferred leader is not available.'),
  GROUP_MAX_SIZE_REACHED: fatal(81, 'The group has reached its maximum size.'),
  FENCED_INSTANCE_ID: fatal(
    82,
    'Another member with the same group.instance.id has taken over: this one is fenced.',
  ),
  ELIGIBLE_LEADERS_NOT_AVAILABLE: staleMetadata(
    83,
    'No eligible leader of the topic-partition is available.',
  ),
  ELECTION_NOT_NEEDED: staleMetadata(84, 'No leader election is needed for the topic-partition.'),
  NO_REASSIGNMENT_IN_PROGRESS: fatal(85, 'There is no partition reassignment in progress.'),
  GROUP_SUBSCRIBED_TO_TOPIC: fatal(
    86,
    'The group is subscribed to the topic: its offsets cannot be deleted.',
  ),
  INVALID_RECORD: fatal(87, 'The record failed the validation of the broker and was refused.'),
  UNSTABLE_OFFSET_COMMIT: retriable(
    88,
    'There are offsets of open transactions that have to be resolved first.',
  ),
  THROTTLING_QUOTA_EXCEEDED: retriable(89, 'The throttling quota has been exceeded.'),
  PRODUCER_FENCED: fatal(
    90,
    'A newer producer with the same transactional id has fenced this one.',
  ),
  RESOURCE_NOT_FOUND: fatal(91, 'The request names a resource that does not exist.'),
  DUPLICATE_RESOURCE: fatal(92, 'The request names the same resource twice.'),
  UNACCEPTABLE_CREDENTIAL: fatal(93, 'The credential does not meet the requirements.'),
  INCONSISTENT_VOTER_SET: fatal(94, 'The sender and the receiver disagree on the set of voters.'),
  INVALID_UPDATE_VERSION: fatal(95, 'The update version is invalid.'),
  FEATURE_UPDATE_FAILED: fatal(96, 'The finalized features could not be updated.'),
  PRINCIPAL_DESERIALIZATION_FAILURE: fatal(
    97,
    'The principal of the forwarded request could not be read.',
  ),
  SNAPSHOT_NOT_FOUND: fatal(98, 'The snapshot was not found.'),
  POSITION_OUT_OF_RANGE: fatal(
    99,
    'The position is not between zero and the size of the snapshot.',
  ),
  UNKNOWN_TOPIC_ID: staleMetadata(100, 'This server does not host this topic id.'),
  DUPLICATE_BROKER_REGISTRATION: fatal(101, 'This broker id is in use by another broker.'),
  BROKER_ID_NOT_REGISTERED: fatal(102, 'This broker id is not registered.'),
  INCONSISTENT_TOPIC_ID: staleMetadata(
    103,
    'The topic id in the log does not match the topic id of the request.',
  ),
  INCONSISTENT_CLUSTER_ID: fatal(104, 'The cluster id does not match the one of this node.'),
  TRANSACTIONAL_ID_NOT_FOUND: fatal(105, 'The transactional id was not found.'),
  FETCH_SESSION_TOPIC_ID_ERROR: retriable(
    106,
    'The fetch session holds topic ids that do not match.',
  ),
  INELIGIBLE_REPLICA: fatal(107, 'The new ISR contains a replica that is not eligible.'),
  NEW_LEADER_ELECTED: fatal(
    108,
    'The ISR change succeeded, but the partition has a new leader now.',
  ),
  OFFSET_MOVED_TO_TIERED_STORAGE: fatal(109, 'The requested offset has moved to tiered storage.'),
  FENCED_MEMBER_EPOCH: fatal(
    110,
    'The member epoch is fenced by the coordinator: the member has to give up its partitions and join again.',
  ),
  UNRELEASED_INSTANCE_ID: fatal(
    111,
    'The instance id is still used by another member of the group: that member has to leave first.',
  ),
  UNSUPPORTED_ASSIGNOR: fatal(
    112,
    'The assignor, or its version range, is not supported by the group.',
  ),
  STALE_MEMBER_EPOCH: fatal(
    113,
    'The member epoch is old: the member has to retry with the one that its next heartbeat gives.',
  ),
  MISMATCHED_ENDPOINT_TYPE: fatal(114, 'The request was sent to an endpoint of the wrong type.'),
  UNSUPPORTED_ENDPOINT_TYPE: fatal(115, 'This endpoint type is not supported.'),
  UNKNOWN_CONTROLLER_ID: fatal(116, 'This controller id is not known.'),
  UNKNOWN_SUBSCRIPTION_ID: fatal(
    117,
    'The broker rejected the telemetry: the subscription id is outdated, get the subscriptions again.',
  ),
  TELEMETRY_TOO_LARGE: fatal(
    118,
    'The telemetry is larger than the maximum size that the broker accepts.',
  ),
  INVALID_REGISTRATION: fatal(
    119,
    'The controller considers the registration of the broker invalid.',
  ),
  TRANSACTION_ABORTABLE: fatal(120, 'The transaction has failed: the client has to abort it.'),
  INVALID_RECORD_STATE: fatal(
    121,
    'The record state is invalid: the acknowledgement of delivery could not be completed.',
  ),
  SHARE_SESSION_NOT_FOUND: retriable(122, 'The share session was not found.'),
  INVALID_SHARE_SESSION_EPOCH: retriable(123, 'The share session epoch is invalid.'),
  FENCED_STATE_EPOCH: fatal(
    124,
    'The share coordinator rejected the request: the state epoch does not match.',
  ),
  INVALID_VOTER_KEY: fatal(125, 'The voter key does not match the key of the receiving replica.'),
  DUPLICATE_VOTER: fatal(126, 'The voter is already part of the set of voters.'),
  VOTER_NOT_FOUND: fatal(127, 'The voter is not part of the set of voters.'),
  INVALID_REGULAR_EXPRESSION: fatal(128, 'The regular expression is not valid.'),
  REBOOTSTRAP_REQUIRED: fatal(
    129,
    'The client metadata is stale: the client has to bootstrap again.',
  ),
  STREAMS_INVALID_TOPOLOGY: fatal(130, 'The supplied topology is invalid.'),
  STREAMS_INVALID_TOPOLOGY_EPOCH: fatal(131, 'The supplied topology epoch is invalid.'),
  STREAMS_TOPOLOGY_FENCED: fatal(132, 'The supplied topology epoch is outdated.'),
  SHARE_SESSION_LIMIT_REACHED: retriable(133, 'The limit of share sessions has been reached.'),
} as const satisfies Readonly<Record<string, ErrorCode>>

export type ErrorName = keyof typeof errorCodes

const names = new Map<number, ErrorName>()
for (const [name, row] of Object.entries(errorCodes)) names.set(row.code, name as ErrorName)

export function errorCode(name: ErrorName): number {
  return errorCodes[name].code
}

/** UNKNOWN_SERVER_ERROR for a code that is not in the table: a newer broker may send one. */
export function errorName(code: number): ErrorName {
  return names.get(code) ?? 'UNKNOWN_SERVER_ERROR'
}

export function isErrorName(text: string): text is ErrorName {
  return Object.hasOwn(errorCodes, text)
}

export function errorText(name: ErrorName): string {
  return errorCodes[name].message
}

/** A whole request that cannot go on: the dispatcher turns it into an answer with this code. */
export class KafkaError extends Error {
  readonly errorName: ErrorName

  constructor(name: ErrorName, message: string = errorCodes[name].message, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'KafkaError'
    this.errorName = name
  }

  get code(): number {
    return errorCodes[this.errorName].code
  }
}
