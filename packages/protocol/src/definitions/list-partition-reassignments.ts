// ListPartitionReassignments (46): moves that are under way.

import { api, array, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const listPartitionReassignmentsApi = api({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexible: 0,
  isOfController: true,
  request: {
    timeoutMs: int32({ default: 60_000 }),
    topics: array(
      { nullable: true, default: null },
      {
        name: string(),
        partitionIndexes: array(int32()),
      },
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: array(int32()),
        addingReplicas: array(int32()),
        removingReplicas: array(int32()),
      }),
    }),
  },
})

export type ListPartitionReassignmentsRequest = Decoded<
  typeof listPartitionReassignmentsApi.request
>
export type ListPartitionReassignmentsRequestInit = Init<
  typeof listPartitionReassignmentsApi.request
>
export type ListPartitionReassignmentsResponse = Decoded<
  typeof listPartitionReassignmentsApi.response
>
export type ListPartitionReassignmentsResponseInit = Init<
  typeof listPartitionReassignmentsApi.response
>
