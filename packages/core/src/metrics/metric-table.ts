// Every metric that a node exports, declared once: /metrics, docs/metrics.md and the check of the
// dashboards are made from this table.
//
// Names follow Prometheus: snake_case, base units (seconds, bytes), counters end in _total. A label
// whose values come from outside (topics, groups) is bounded by whoever collects it.

export type MetricKind = 'counter' | 'gauge' | 'histogram'

export interface MetricRow {
  readonly name: string
  readonly kind: MetricKind
  readonly labels: readonly string[]
  readonly help: string
  /** Only where /metrics is asked for partitions: there may be many. */
  readonly isOnRequest?: true
}

// biome-ignore format: one row a line.
const NODE_ROWS = [
  { name: 'weir_build_info', kind: 'gauge', labels: ['version', 'node_version'], help: 'Always 1; the versions are in the labels.' },
  { name: 'weir_ready', kind: 'gauge', labels: [], help: '1 while the node serves clients, as /readyz says.' },
  { name: 'process_start_time_seconds', kind: 'gauge', labels: [], help: 'When the process started, seconds since 1970.' },
  { name: 'process_cpu_seconds_total', kind: 'counter', labels: [], help: 'CPU time of the process, in user and system mode.' },
  { name: 'process_resident_memory_bytes', kind: 'gauge', labels: [], help: 'Memory of the process in RAM.' },
  { name: 'weir_heap_used_bytes', kind: 'gauge', labels: [], help: 'JavaScript objects.' },
  { name: 'weir_external_memory_bytes', kind: 'gauge', labels: [], help: 'Buffers and other memory outside of the JavaScript heap.' },
  { name: 'weir_event_loop_delay_seconds', kind: 'histogram', labels: [], help: 'How late the event loop was when it was looked at, every 5 ms.' },
  { name: 'weir_event_loop_holds_total', kind: 'counter', labels: [], help: 'Times that the event loop was held for more than 10 ms.' },
  { name: 'weir_gc_seconds_total', kind: 'counter', labels: ['kind'], help: 'Time in the garbage collector.' },
  { name: 'weir_gc_runs_total', kind: 'counter', labels: ['kind'], help: 'Runs of the garbage collector.' },
] as const satisfies readonly MetricRow[]

// biome-ignore format: one row a line.
const REQUEST_ROWS = [
  { name: 'weir_request_seconds', kind: 'histogram', labels: ['api'], help: 'From the whole request received to its answer given to the socket; long polls wait in it.' },
  { name: 'weir_request_bytes_total', kind: 'counter', labels: ['api'], help: 'Bytes of requests.' },
  { name: 'weir_connections', kind: 'gauge', labels: ['listener'], help: 'Open connections.' },
  { name: 'weir_connections_accepted_total', kind: 'counter', labels: ['listener'], help: 'Connections accepted.' },
  { name: 'weir_connections_refused_total', kind: 'counter', labels: ['listener'], help: 'Connections refused because too many are open.' },
  { name: 'weir_connections_failed_total', kind: 'counter', labels: ['listener'], help: 'Connections closed for what the peer did.' },
  { name: 'weir_request_memory_bytes', kind: 'gauge', labels: ['listener'], help: 'Bytes of requests that are being received or worked on.' },
  { name: 'weir_response_memory_bytes', kind: 'gauge', labels: [], help: 'Bytes of records in answers that are not sent yet.' },
] as const satisfies readonly MetricRow[]

// biome-ignore format: one row a line.
const TOPIC_ROWS = [
  { name: 'weir_topic_received_bytes_total', kind: 'counter', labels: ['topic'], help: 'Bytes of record batches from producers.' },
  { name: 'weir_topic_received_batches_total', kind: 'counter', labels: ['topic'], help: 'Record batches from producers.' },
  { name: 'weir_topic_sent_bytes_total', kind: 'counter', labels: ['topic'], help: 'Bytes of record batches to consumers.' },
  { name: 'weir_replication_sent_bytes_total', kind: 'counter', labels: [], help: 'Bytes of record batches to followers.' },
  { name: 'weir_topic_log_bytes', kind: 'gauge', labels: ['topic'], help: 'Size of the logs of a topic on this broker.' },
  { name: 'weir_topic_records', kind: 'gauge', labels: ['topic'], help: 'Offsets between start and end of the partitions that this broker leads.' },
  { name: 'weir_partition_log_start_offset', kind: 'gauge', labels: ['topic', 'partition'], isOnRequest: true, help: 'The first offset.' },
  { name: 'weir_partition_log_end_offset', kind: 'gauge', labels: ['topic', 'partition'], isOnRequest: true, help: 'The next offset to be given.' },
  { name: 'weir_partition_high_watermark', kind: 'gauge', labels: ['topic', 'partition'], isOnRequest: true, help: 'End of what is committed.' },
  { name: 'weir_partition_log_bytes', kind: 'gauge', labels: ['topic', 'partition'], isOnRequest: true, help: 'Size of the log.' },
  { name: 'weir_partition_is_leader', kind: 'gauge', labels: ['topic', 'partition'], isOnRequest: true, help: '1 where this broker leads.' },
  { name: 'weir_log_directories', kind: 'gauge', labels: ['state'], help: 'Data directories, online and offline.' },
  { name: 'weir_open_files', kind: 'gauge', labels: [], help: 'Files of logs that are open.' },
  { name: 'weir_tail_memory_bytes', kind: 'gauge', labels: [], help: 'Memory of the newest records of all partitions.' },
] as const satisfies readonly MetricRow[]

// biome-ignore format: one row a line.
const CLUSTER_ROWS = [
  { name: 'weir_partitions', kind: 'gauge', labels: [], help: 'Partitions with a replica on this broker.' },
  { name: 'weir_partitions_led', kind: 'gauge', labels: [], help: 'Partitions that this broker leads.' },
  { name: 'weir_partitions_under_replicated', kind: 'gauge', labels: [], help: 'Partitions led here with fewer in-sync replicas than replicas.' },
  { name: 'weir_partitions_under_min_isr', kind: 'gauge', labels: [], help: 'Partitions led here with fewer in-sync replicas than min.insync.replicas: acks=all fails.' },
  { name: 'weir_partitions_offline', kind: 'gauge', labels: [], help: 'Partitions of the whole cluster without a leader.' },
  { name: 'weir_isr_shrinks_total', kind: 'counter', labels: [], help: 'Times that a partition led here lost in-sync replicas.' },
  { name: 'weir_isr_expands_total', kind: 'counter', labels: [], help: 'Times that a partition led here gained in-sync replicas.' },
  { name: 'weir_brokers', kind: 'gauge', labels: ['state'], help: 'Brokers of the cluster, unfenced and fenced.' },
  { name: 'weir_topics', kind: 'gauge', labels: [], help: 'Topics of the cluster.' },
  { name: 'weir_metadata_offset', kind: 'gauge', labels: [], help: 'End of the committed metadata that this node has applied.' },
  { name: 'weir_quorum_leader_id', kind: 'gauge', labels: [], help: 'The active controller; -1 if this node knows none.' },
  { name: 'weir_quorum_epoch', kind: 'gauge', labels: [], help: 'Term of the metadata quorum.' },
  { name: 'weir_quorum_high_watermark', kind: 'gauge', labels: [], help: 'End of the committed metadata log that this node knows.' },
  { name: 'weir_quorum_replica_lag', kind: 'gauge', labels: ['replica', 'role'], help: 'On the active controller: records that a voter or observer has not got yet.' },
] as const satisfies readonly MetricRow[]

// biome-ignore format: one row a line.
const GROUP_ROWS = [
  { name: 'weir_groups', kind: 'gauge', labels: ['state'], help: 'Groups that this broker coordinates.' },
  { name: 'weir_group_lag_records', kind: 'gauge', labels: ['group', 'topic'], help: 'Records between committed offset and high watermark, over the partitions with a replica here.' },
  { name: 'weir_group_lag_seconds', kind: 'gauge', labels: ['group', 'topic'], help: 'Age of the oldest record that is not committed, by the timestamp of its batch.' },
  { name: 'weir_groups_not_shown', kind: 'gauge', labels: [], help: 'Groups whose lag is left out because there are too many.' },
] as const satisfies readonly MetricRow[]

export const METRIC_AREAS = {
  'The process': NODE_ROWS,
  'Requests and connections': REQUEST_ROWS,
  'Topics and logs': TOPIC_ROWS,
  'The cluster': CLUSTER_ROWS,
  Groups: GROUP_ROWS,
} as const

export type MetricName = (typeof METRIC_AREAS)[keyof typeof METRIC_AREAS][number]['name']

const ROWS = new Map<MetricName, MetricRow>()
for (const rows of Object.values(METRIC_AREAS)) for (const row of rows) ROWS.set(row.name, row)

export function metricRows(): IterableIterator<MetricRow> {
  return ROWS.values()
}

export function metricRow(name: MetricName): MetricRow {
  return ROWS.get(name) as MetricRow
}
