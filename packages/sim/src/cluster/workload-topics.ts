// The topics of the workload. What each is for:
//   main   three replicas; everything is demanded of it
//   loose  min.insync.replicas 1, and producers that do not wait for the replicas
//   pair   two replicas, moved about
//   trim   records are deleted from its front
//   temp   deleted and made again
//   quiet  written only in scenes: leaders come and go there without a record of their epochs

import type { NewTopic } from '@weir/client'

export interface WorkloadTopic {
  readonly name: string
  readonly partitionCount: number
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
  /** False: records are deleted from its front. */
  readonly isKept: boolean
}

const topic = (
  name: string,
  partitionCount: number,
  replicationFactor: number,
  configs: readonly (readonly [string, string])[] = [],
): WorkloadTopic => ({
  name,
  partitionCount,
  replicationFactor,
  configs: new Map(configs),
  isKept: name !== 'trim' && name !== 'quiet',
})

export const WORKLOAD_TOPICS: readonly WorkloadTopic[] = [
  topic('main', 3, 3),
  topic('loose', 2, 3, [['min.insync.replicas', '1']]),
  topic('pair', 2, 2, [['min.insync.replicas', '1']]),
  topic('trim', 1, 3),
]

export const TEMPORARY_TOPIC = topic('temp', 2, 3)

export const QUIET_TOPIC = topic('quiet', 2, 3, [['min.insync.replicas', '1']])

/** All that are there from the start to the end. */
export const LASTING_TOPICS: readonly WorkloadTopic[] = [...WORKLOAD_TOPICS, QUIET_TOPIC]

/** As few replicas as there are brokers; where it is strict at least two of them are in sync. */
export function newTopic(
  wanted: WorkloadTopic,
  brokers: number,
  { isStrict, segmentMs }: { readonly isStrict: boolean; readonly segmentMs: number | null },
): NewTopic {
  const { name, partitionCount } = wanted
  const configs = new Map(isStrict ? [] : wanted.configs)
  if (segmentMs !== null) configs.set('segment.ms', String(Math.round(segmentMs)))
  const replicationFactor = Math.min(wanted.replicationFactor, brokers)
  return { name, partitionCount, replicationFactor, configs }
}

export interface TopicPartitionName {
  readonly topic: string
  readonly partition: number
}

export function partitionsOf(topics: readonly WorkloadTopic[]): TopicPartitionName[] {
  return topics.flatMap(({ name, partitionCount }) =>
    Array.from({ length: partitionCount }, (_, partition) => ({ topic: name, partition })),
  )
}
