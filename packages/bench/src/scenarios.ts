// The scenarios: what is sent, over how many connections. One table; run.ts runs them.

import type { Codec } from '@weir/protocol'
import type { GroupProtocol } from './groups/group-load.ts'

export interface Scenario {
  readonly name: string
  readonly title: string
  readonly kind: 'produce' | 'fetch' | 'tail' | 'groups' | 'rebalance'
  readonly connections: number
  /** Requests in flight of each connection. */
  readonly inFlight: number
  readonly recordCount: number
  readonly recordBytes: number
  readonly acks: number
  /** Of the batches. Those of 'none' hold random bytes, the others text that looks like events. */
  readonly codec: Codec
  /** Of the topic; null: as many as the options say. */
  readonly partitions: number | null
  /** Over all connections; null: as fast as answers come. */
  readonly requestsPerSecond: number | null
  readonly topicConfigs: Readonly<Record<string, string>>
  /** Bytes a partition that are there before a fetch begins. */
  readonly loadedBytes: number
  /** Of the kinds `groups` and `rebalance` only. */
  readonly groups: GroupsShape | null
  /** Of kind `rebalance` only: its result is one time, the median of latency. */
  readonly rebalance: RebalanceCause | null
}

/** What a group has to settle after. */
export type RebalanceCause = 'join' | 'leave'

export interface GroupsShape {
  readonly protocol: GroupProtocol
  readonly groups: number
  /** Also the partitions of their topic. */
  readonly membersPerGroup: number
  readonly commitIntervalMs: number
}

const LARGE_GROUP = { groups: 1, membersPerGroup: 100, commitIntervalMs: 5_000 }

const MANY_GROUPS = { groups: 500, membersPerGroup: 4, commitIntervalMs: 1_000 }

const PRODUCE: Omit<Scenario, 'name' | 'title'> = {
  kind: 'produce',
  connections: 6,
  inFlight: 5,
  recordCount: 1,
  recordBytes: 100,
  acks: -1,
  codec: 'none',
  partitions: null,
  requestsPerSecond: null,
  topicConfigs: {},
  loadedBytes: 0,
  groups: null,
  rebalance: null,
}

/** 100 records of 1,000 bytes: a request of 100 KB. */
const LARGE = { recordCount: 100, recordBytes: 1_000 }

const PROTOCOLS = ['classic', 'consumer'] as const

const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const

export const SCENARIOS: readonly Scenario[] = [
  {
    ...PRODUCE,
    ...LARGE,
    name: 'produce-large',
    title: 'produce, 100 KB requests, acks=all, 6 connections x 5 in flight',
  },
  {
    ...PRODUCE,
    name: 'produce-16k',
    title: 'produce, 16 KB requests of 1,000-byte records, acks=all, 6 connections x 5 in flight',
    recordCount: 16,
    recordBytes: 1_000,
  },
  ...CODECS.map(codec => ({
    ...PRODUCE,
    ...LARGE,
    name: `produce-${codec}`,
    title: `produce, requests of 100 KB before ${codec}, acks=all, 6 connections x 5 in flight`,
    codec,
  })),
  {
    ...PRODUCE,
    name: 'produce-small',
    title: 'produce, one 100-byte record a request, acks=all, 16 connections x 5 in flight',
    connections: 16,
  },
  {
    ...PRODUCE,
    name: 'produce-one',
    title: 'produce, one 100-byte record, one request at a time',
    connections: 1,
    inFlight: 1,
  },
  {
    ...PRODUCE,
    name: 'produce-rate',
    title: 'produce, one 100-byte record a request, 5,000 requests/s by the timetable',
    connections: 4,
    inFlight: 1_000,
    requestsPerSecond: 5_000,
  },
  {
    ...PRODUCE,
    name: 'partitions-1000',
    title: 'produce, one 100-byte record a request, 1,000 partitions in turn, 16 connections x 5',
    connections: 16,
    partitions: 1_000,
  },
  {
    ...PRODUCE,
    name: 'connections-1000',
    title: 'produce, one 100-byte record a request, 1,000 connections, one in flight each',
    connections: 1_000,
    inFlight: 1,
  },
  {
    ...PRODUCE,
    name: 'produce-synced',
    title: 'produce, every ack after an fsync, 16 connections x 5 in flight',
    connections: 16,
    topicConfigs: { 'flush.messages': '1' },
  },
  {
    ...PRODUCE,
    ...LARGE,
    name: 'fetch',
    title: 'fetch from the start, 1 MiB a partition, 6 connections',
    kind: 'fetch',
    inFlight: 1,
    loadedBytes: 100_000_000,
  },
  {
    ...PRODUCE,
    name: 'tail',
    title: 'produce to consume, 100-byte records, 1,000 records/s by the timetable',
    kind: 'tail',
    connections: 1,
    inFlight: 1_000,
    requestsPerSecond: 1_000,
  },
  {
    ...PRODUCE,
    name: 'groups-classic',
    title: 'classic groups: 500 of 4 members, each with a heartbeat in 3 s and a commit a second',
    kind: 'groups',
    groups: { ...MANY_GROUPS, protocol: 'classic' },
  },
  {
    ...PRODUCE,
    name: 'groups-consumer',
    title: 'consumer groups: 500 of 4 members, each with a heartbeat in 5 s and a commit a second',
    kind: 'groups',
    groups: { ...MANY_GROUPS, protocol: 'consumer' },
  },
  ...PROTOCOLS.flatMap(protocol => [
    {
      ...PRODUCE,
      name: `rebalance-${protocol}`,
      title: `a ${protocol} group of 100 members: from the first to join until it is stable (p50)`,
      kind: 'rebalance' as const,
      groups: { ...LARGE_GROUP, protocol },
      rebalance: 'join' as const,
    },
    {
      ...PRODUCE,
      name: `rebalance-${protocol}-leave`,
      title: `a ${protocol} group of 100 members: one leaves, until it is stable again (p50)`,
      kind: 'rebalance' as const,
      groups: { ...LARGE_GROUP, protocol },
      rebalance: 'leave' as const,
    },
  ]),
]

export function scenarioByName(name: string): Scenario | undefined {
  return SCENARIOS.find(scenario => scenario.name === name)
}
