// What is asked of the controller and what it answers, free of the wire: brokers' handlers translate.

import type { ErrorName } from '@weir/protocol'
import type { MetadataRecord } from './records.ts'

/** The records to be committed, and what to answer once they are. */
export interface Decision<Response> {
  readonly records: readonly MetadataRecord[]
  readonly response: Response
}

export interface ApiError {
  readonly error: ErrorName
  readonly message: string | null
}

export const NO_ERROR: ApiError = Object.freeze({ error: 'NONE', message: null })

export function failure(error: ErrorName, message: string | null = null): ApiError {
  return { error, message }
}

export interface ReplicaAssignment {
  readonly partitionIndex: number
  readonly brokerIds: readonly number[]
}

export interface NewTopic {
  readonly name: string
  /** -1 for the default. */
  readonly partitionCount: number
  /** -1 for the default. */
  readonly replicationFactor: number
  /** Given instead of the counts; empty for none. */
  readonly assignments: readonly ReplicaAssignment[]
  readonly configs: readonly { readonly name: string; readonly value: string | null }[]
}

export interface CreatedTopic extends ApiError {
  readonly name: string
  /** The zero uuid if the topic was not created. */
  readonly topicId: string
  /** -1 if not created. */
  readonly partitionCount: number
  readonly replicationFactor: number
}

export interface DeletedTopic extends ApiError {
  /** Null if the id is unknown. */
  readonly name: string | null
  readonly topicId: string
}

export interface NewPartitions {
  readonly name: string
  /** The total wanted. */
  readonly count: number
  /** Replicas of each added partition; null lets the controller choose. */
  readonly assignments: readonly (readonly number[])[] | null
}

export interface PartitionsResult extends ApiError {
  readonly name: string
}

export interface ConfigOperation {
  readonly name: string
  /** Append and subtract are for settings that are lists. */
  readonly operation: 'set' | 'delete' | 'append' | 'subtract'
  /** Null only for 'delete'. */
  readonly value: string | null
}

export interface ConfigChange {
  readonly resourceType: number
  readonly resourceName: string
  /** True takes away every override that is not named (AlterConfigs, the old way). */
  readonly replaceAll: boolean
  readonly operations: readonly ConfigOperation[]
}

export interface ProducerIdBlock {
  readonly firstProducerId: number
  readonly count: number
}

export interface FeatureUpdate {
  readonly name: string
  /** 0 takes the feature out. */
  readonly maxVersionLevel: number
  /** 1 upgrade, 2 safe downgrade, 3 unsafe downgrade. */
  readonly upgradeType: number
}

export interface PartitionToElect {
  readonly topic: string
  readonly partitionIndex: number
}

export interface Reassignment {
  readonly topic: string
  readonly partitionIndex: number
  /** Null cancels a running reassignment. */
  readonly replicas: readonly number[] | null
}
