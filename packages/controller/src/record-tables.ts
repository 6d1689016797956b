// The fields of each metadata record, and their protobuf numbers. In .proto words:
//
//   message MetadataBatch { repeated MetadataRecord records = 1; }
//   message MetadataRecord { oneof record { ClusterId cluster_id = 1; Feature feature = 2; ... } }
//
// Numbers are never reused: a field's number is its position, new ones go to the end.

import type { MetadataRecord } from './records.ts'

export type ScalarType = 'uint32' | 'sint32' | 'int64' | 'bool' | 'string' | 'sint32[]' | 'string[]'
/** With '?' null is legal, and written as nothing. */
export type FieldType = ScalarType | `${ScalarType}?`

export interface Field {
  readonly id: number
  readonly name: string
  readonly type: FieldType | { readonly repeated: readonly Field[] }
}
export interface RecordTable {
  readonly id: number
  readonly kind: MetadataRecord['kind']
  readonly fields: readonly Field[]
}

function fields(...list: readonly (readonly [string, Field['type']])[]): readonly Field[] {
  return list.map(([name, type], index) => ({ id: index + 1, name, type }))
}

const ENDPOINT = fields(
  ['name', 'string'],
  ['host', 'string'],
  ['port', 'uint32'],
  ['securityProtocol', 'uint32'],
)

export const RECORD_TABLES: readonly RecordTable[] = [
  { id: 1, kind: 'clusterId', fields: fields(['clusterId', 'string']) },
  { id: 2, kind: 'feature', fields: fields(['name', 'string'], ['level', 'uint32']) },
  { id: 3, kind: 'topic', fields: fields(['name', 'string'], ['topicId', 'string']) },
  { id: 4, kind: 'removeTopic', fields: fields(['topicId', 'string']) },
  {
    id: 5,
    kind: 'partition',
    fields: fields(
      ['topicId', 'string'],
      ['partitionIndex', 'uint32'],
      ['replicas', 'sint32[]'],
      ['isr', 'sint32[]'],
      ['addingReplicas', 'sint32[]'],
      ['removingReplicas', 'sint32[]'],
      ['elr', 'sint32[]'],
      ['lastKnownElr', 'sint32[]'],
      ['leader', 'sint32'],
      ['leaderEpoch', 'uint32'],
      ['partitionEpoch', 'uint32'],
      ['leaderRecoveryState', 'uint32'],
    ),
  },
  {
    id: 6,
    kind: 'config',
    fields: fields(
      ['resourceType', 'uint32'],
      ['resourceName', 'string'],
      ['key', 'string'],
      ['value', 'string?'],
    ),
  },
  {
    id: 7,
    kind: 'registerBroker',
    fields: fields(
      ['brokerId', 'uint32'],
      ['brokerEpoch', 'int64'],
      ['incarnationId', 'string'],
      ['endpoints', { repeated: ENDPOINT }],
      ['rack', 'string?'],
      ['directoryIds', 'string[]'],
      ['fenced', 'bool'],
      ['inControlledShutdown', 'bool'],
      ['isSuspect', 'bool'],
    ),
  },
  { id: 8, kind: 'unregisterBroker', fields: fields(['brokerId', 'uint32']) },
  { id: 9, kind: 'producerIds', fields: fields(['nextProducerId', 'int64']) },
  {
    id: 10,
    kind: 'partitionChange',
    fields: fields(
      ['topicId', 'string'],
      ['partitionIndex', 'uint32'],
      ['replicas', 'sint32[]?'],
      ['isr', 'sint32[]?'],
      ['addingReplicas', 'sint32[]?'],
      ['removingReplicas', 'sint32[]?'],
      ['elr', 'sint32[]?'],
      ['lastKnownElr', 'sint32[]?'],
      ['leader', 'sint32?'],
      ['leaderEpoch', 'uint32?'],
      ['partitionEpoch', 'uint32'],
      ['leaderRecoveryState', 'uint32?'],
    ),
  },
  {
    id: 11,
    kind: 'brokerChange',
    fields: fields(
      ['brokerId', 'uint32'],
      ['brokerEpoch', 'int64'],
      ['fenced', 'bool?'],
      ['inControlledShutdown', 'bool?'],
    ),
  },
]
