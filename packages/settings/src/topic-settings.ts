// Topic settings: what holds for a topic that overrides some of its broker's defaults.

import { parseSetting, type RowOf, type SettingRow, type ValueOf } from '@weir/core'
import { type BrokerSettings, settingProblem } from './broker-settings.ts'
import { brokerRow } from './broker-table.ts'
import { type ConfigEntry, type ConfigSynonym, configEntry } from './config-entry.ts'
import { topicRows } from './tables/topic.ts'

type TopicRow = (typeof topicRows)[number]
export type TopicKey = TopicRow['key']
type Overrides = ReadonlyMap<string, string>

/** The settings of a topic in force. No limit and "for ever" are Infinity. */
export interface TopicConfig {
  readonly cleanupDelete: boolean
  readonly cleanupCompact: boolean
  readonly compressionType: string
  readonly compressionGzipLevel: number
  readonly compressionLz4Level: number
  readonly compressionZstdLevel: number
  readonly deleteRetentionMs: number
  readonly fileDeleteDelayMs: number
  readonly flushMessages: number
  readonly flushMs: number
  readonly indexIntervalBytes: number
  readonly maxCompactionLagMs: number
  readonly maxMessageBytes: number
  readonly messageTimestampAfterMaxMs: number
  readonly messageTimestampBeforeMaxMs: number
  /** message.timestamp.type=LogAppendTime. */
  readonly isLogAppendTime: boolean
  readonly minCleanableDirtyRatio: number
  readonly minCompactionLagMs: number
  readonly minInsyncReplicas: number
  readonly retentionBytes: number
  readonly retentionMs: number
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
  readonly segmentJitterMs: number
  readonly segmentMs: number
  readonly uncleanLeaderElectionEnable: boolean
  /** PARTITION:BROKER each, or '*' alone. */
  readonly leaderThrottledReplicas: readonly string[]
  readonly followerThrottledReplicas: readonly string[]
}

const rows: ReadonlyMap<string, SettingRow> = new Map(
  topicRows.map((row): [string, SettingRow] => [row.key, row]),
)

/** Every row of the table of topic settings. */
export function allTopicRows(): IterableIterator<SettingRow> {
  return rows.values()
}

export function topicRow(key: string): SettingRow | undefined {
  return rows.get(key)
}

/** The value in force as text; null for an unknown key. */
export function topicText(
  key: string,
  overrides: Overrides,
  broker: BrokerSettings,
): string | null {
  const row = rows.get(key)
  if (row === undefined) return null
  return overrides.get(key) ?? inheritedText(row, broker)
}

/** Most topics override nothing: they share one object for each state of the broker's settings. */
const withoutOverrides = new WeakMap<BrokerSettings, TopicConfig>()

/** The settings in force for a topic with these overrides, which have been validated. */
export function topicConfig(overrides: Overrides, broker: BrokerSettings): TopicConfig {
  if (overrides.size > 0) return resolve(overrides, broker)
  const known = withoutOverrides.get(broker) ?? resolve(overrides, broker)
  withoutOverrides.set(broker, known)
  return known
}

function resolve(overrides: Overrides, broker: BrokerSettings): TopicConfig {
  const get = <Key extends TopicKey>(key: Key): ValueOf<RowOf<TopicRow, Key>> => {
    const row = rows.get(key) as SettingRow
    const parsed = parseSetting(row, topicText(key, overrides, broker) ?? '')
    if (parsed.kind === 'invalid') throw new Error(parsed.message)
    return parsed.value as ValueOf<RowOf<TopicRow, Key>>
  }
  const policy = get('cleanup.policy')
  return {
    cleanupDelete: policy.includes('delete'),
    cleanupCompact: policy.includes('compact'),
    compressionType: get('compression.type'),
    compressionGzipLevel: get('compression.gzip.level'),
    compressionLz4Level: get('compression.lz4.level'),
    compressionZstdLevel: get('compression.zstd.level'),
    deleteRetentionMs: unlimited(get('delete.retention.ms')),
    fileDeleteDelayMs: unlimited(get('file.delete.delay.ms')),
    flushMessages: unlimited(get('flush.messages')),
    flushMs: unlimited(get('flush.ms')),
    indexIntervalBytes: get('index.interval.bytes'),
    maxCompactionLagMs: unlimited(get('max.compaction.lag.ms')),
    maxMessageBytes: get('max.message.bytes'),
    messageTimestampAfterMaxMs: unlimited(get('message.timestamp.after.max.ms')),
    messageTimestampBeforeMaxMs: unlimited(get('message.timestamp.before.max.ms')),
    isLogAppendTime: get('message.timestamp.type') === 'LogAppendTime',
    minCleanableDirtyRatio: get('min.cleanable.dirty.ratio'),
    minCompactionLagMs: unlimited(get('min.compaction.lag.ms')),
    minInsyncReplicas: get('min.insync.replicas'),
    retentionBytes: unlimited(get('retention.bytes')),
    retentionMs: unlimited(get('retention.ms')),
    segmentBytes: get('segment.bytes'),
    segmentIndexBytes: get('segment.index.bytes'),
    segmentJitterMs: unlimited(get('segment.jitter.ms')),
    segmentMs: unlimited(get('segment.ms')),
    uncleanLeaderElectionEnable: get('unclean.leader.election.enable'),
    leaderThrottledReplicas: get('leader.replication.throttled.replicas'),
    followerThrottledReplicas: get('follower.replication.throttled.replicas'),
  }
}

/** One entry for each topic setting. */
export function describeTopicConfig(overrides: Overrides, broker: BrokerSettings): ConfigEntry[] {
  return topicRows.map(row => {
    const synonyms: ConfigSynonym[] = []
    const override = overrides.get(row.key)
    if (override !== undefined) {
      synonyms.push({ name: row.key, value: override, source: 'dynamic-topic' })
    }
    const [nearest] = (row as SettingRow).brokerKeys ?? []
    if (nearest !== undefined) synonyms.push(...broker.synonyms(nearest))
    return configEntry(row, topicText(row.key, overrides, broker), synonyms, false)
  })
}

/** Null if a topic may have these overrides, else why not, in Kafka's words. */
export function topicConfigProblem(overrides: Overrides, broker: BrokerSettings): string | null {
  for (const [key, text] of overrides) {
    const row = rows.get(key)
    if (row === undefined) return `Unknown topic config name: ${key}`
    const problem = settingProblem(row, text)
    if (problem !== null) return problem
  }
  const minLagMs = Number(topicText('min.compaction.lag.ms', overrides, broker))
  const maxLagMs = Number(topicText('max.compaction.lag.ms', overrides, broker))
  if (minLagMs <= maxLagMs) return null
  return `conflict topic config setting min.compaction.lag.ms (${minLagMs}) > max.compaction.lag.ms (${maxLagMs})`
}

/** Whether a topic setting is a list, whose elements can be appended and removed. */
export function isTopicList(key: string): boolean {
  return rows.get(key)?.type === 'list'
}

/** What holds without an override: the first broker setting that has a value, in the topic's unit. */
function inheritedText(row: SettingRow, broker: BrokerSettings): string | null {
  for (const key of row.brokerKeys ?? []) {
    const text = broker.text(key)
    if (text !== null) return inUnit(text, brokerRow(key)?.unit, row.unit)
  }
  return row.defaultText
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, min: 60_000, s: 1_000, ms: 1 }

function inUnit(text: string, from: string | undefined, to: string | undefined): string {
  if (from === to || from === undefined || to !== 'ms') return text
  const number = Number(text)
  // A negative time means "for ever" in every unit.
  return number < 0 ? '-1' : String(number * (UNIT_MS[from] ?? 1))
}

/** -1 and 2^63-1 both mean that there is no limit. */
function unlimited(number: number): number {
  return number < 0 || number >= Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : number
}
