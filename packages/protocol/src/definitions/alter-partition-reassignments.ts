// AlterPartitionReassignments (45): moves partitions to other brokers; null replicas cancel.

import { api, array, bool, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const alterPartitionReassignmentsApi = api({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: [0, 1],
  flexible: 0,
  isOfController: true,
  request: {
    timeoutMs: int32({ default: 60_000 }),
    allowReplicationFactorChange: bool({ since: 1, default: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: array({ nullable: true, default: null }, int32()),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    allowReplicationFactorChange: bool({ since: 1, default: true, ignorable: true }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    responses: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true }),
      }),
    }),
  },
})

export type AlterPartitionReassignmentsRequest = Decoded<
  typeof alterPartitionReassignmentsApi.request
>
export type AlterPartitionReassignmentsRequestInit = Init<
  typeof alterPartitionReassignmentsApi.request
>
export type AlterPartitionReassignmentsResponse = Decoded<
  typeof alterPartitionReassignmentsApi.response
>
export type AlterPartitionReassignmentsResponseInit = Init<
  typeof alterPartitionReassignmentsApi.response
>
