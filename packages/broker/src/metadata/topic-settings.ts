// A topic's settings in the form in which partitions and logs take them.

import type { LogConfig } from '@weir/log'
import type { Codec } from '@weir/protocol'
import type { TopicConfig } from '@weir/settings'
import { type PartitionConfig, throttledReplicas } from '../partition/partition-config.ts'
import type { NodeSettings } from './node-settings.ts'

/** gzip's own word for its default level. */
const GZIP_DEFAULT_LEVEL = -1

export function partitionConfigOf(settings: NodeSettings, topic: string): PartitionConfig {
  const config = settings.topicConfig(topic)
  return {
    log: logConfigOf(settings, config),
    maxMessageBytes: config.maxMessageBytes,
    targetCodec: codecOf(config.compressionType),
    targetLevel: levelOf(config),
    timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
    timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
    minInsyncReplicas: config.minInsyncReplicas,
    validationDepth: settings.get('weir.produce.validation') === 'batch' ? 'batch' : 'full',
    leaderThrottled: throttledReplicas(config.leaderThrottledReplicas),
    followerThrottled: throttledReplicas(config.followerThrottledReplicas),
  }
}

function logConfigOf(settings: NodeSettings, config: TopicConfig): LogConfig {
  return {
    segmentBytes: config.segmentBytes,
    segmentMs: config.segmentMs,
    segmentJitterMs: config.segmentJitterMs,
    indexIntervalBytes: config.indexIntervalBytes,
    maxIndexBytes: config.segmentIndexBytes,
    cleanupDelete: config.cleanupDelete,
    cleanupCompact: config.cleanupCompact,
    retentionMs: config.retentionMs,
    retentionBytes: config.retentionBytes,
    fileDeleteDelayMs: config.fileDeleteDelayMs,
    flushMessages: config.flushMessages,
    flushMs: config.flushMs,
    deleteRetentionMs: config.deleteRetentionMs,
    minCompactionLagMs: config.minCompactionLagMs,
    maxCompactionLagMs: config.maxCompactionLagMs,
    minCleanableDirtyRatio: config.minCleanableDirtyRatio,
    isLogAppendTime: config.isLogAppendTime,
    producerIdExpirationMs: settings.get('producer.id.expiration.ms'),
  }
}

function codecOf(name: string): Codec | 'producer' {
  return name === 'uncompressed' ? 'none' : (name as Codec | 'producer')
}

function levelOf(config: TopicConfig): number | null {
  switch (config.compressionType) {
    case 'gzip':
      return config.compressionGzipLevel === GZIP_DEFAULT_LEVEL ? null : config.compressionGzipLevel
    case 'lz4':
      return config.compressionLz4Level
    case 'zstd':
      return config.compressionZstdLevel
    default:
      return null
  }
}
