// Why a setting of Kafka's has no effect in Weir, or is refused.

export const why = {
  ADDED_VOTERS: "an operator adds voters: 'weir quorum add'",
  ALWAYS_CLEANED: 'logs whose policy is compact are always cleaned',
  ALWAYS_CONTROLLED: 'a stop by SIGTERM is always a controlled one',
  AT_ONCE: 'partitions without a leader get one as soon as there may be one',
  CONTROLLER_LISTENER: 'brokers talk to each other on the controller listener',
  EVENT_LOOP_METRIC: 'the delay of the event loop is a metric',
  FOLLOWS_LEADER: 'calls go to the new controller as soon as it is known',
  GROWING_FILES: 'segment files grow as they are written',
  JVM: 'it belongs to the JVM',
  KERNEL: "the operating system's defaults are used",
  NOT_YET: 'it is not used yet',
  NO_ACLS: 'there are no ACLs yet',
  NO_CLASSES: 'classes of the JVM cannot be loaded',
  NO_JMX: 'there is no JMX: metrics are served over HTTP, see weir.http.listen',
  NO_CORDON: 'directories cannot be closed to new partitions yet',
  NO_KERBEROS: 'there is no Kerberos',
  NO_MOVES: 'logs are moved between directories one after the other',
  NO_OAUTH: 'there is no OAUTHBEARER yet',
  NO_PURGE: 'requests that waited are removed when they are answered',
  NO_QUOTAS: 'there are no quotas yet',
  NO_SASL: 'there are no SASL listeners yet',
  NO_SECURITY: 'there is neither TLS nor SASL yet',
  NO_TELEMETRY: 'clients cannot push metrics yet',
  NO_TIERS: 'there is no tiered storage',
  NO_TLS: 'there is no TLS yet',
  NO_TOKENS: 'there are no delegation tokens yet',
  ONE_CLEANER: 'one worker thread cleans, with buffers of its own',
  ONE_LOOP: 'a broker is one event loop; more brokers use more cores',
  ONE_METADATA_LOG: 'the metadata log is cut after each snapshot',
  ONE_READ: 'a coordinator reads its log in pieces of a fixed size',
  ONE_START: 'all listeners open when the node is ready',
  PLAIN_BATCHES: 'the coordinator writes uncompressed batches',
  RAFT_TIMING: 'the quorum runs Raft, with a timing of its own',
  SNAPSHOT_BY_SIZE: 'snapshots are made when the metadata log has grown',
  TURN_BATCHES: 'records of one turn are written together',
  WITH_OFFSETS: 'they are written with log.flush.offset.checkpoint.interval.ms',
} as const

/** Spread into the rows that pace background work of the group coordinator, which has none. */
export const CONSUMER_GROUPS = { accepted: 'targets are made, and patterns matched, at once' }
/** Spread into the rows of a subject that is not served yet; empty it when it is. */
export const SHARE_GROUPS = { accepted: 'there are no share groups yet' }
export const STREAMS_GROUPS = { accepted: 'there are no streams groups yet' }
export const TRANSACTIONS = { accepted: 'there are no transactions yet' }
