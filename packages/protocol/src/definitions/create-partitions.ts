// CreatePartitions (37): raises the partition count of topics.

import { api, array, bool, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const createPartitionsApi = api({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexible: 2,
  isOfController: true,
  request: {
    topics: array({
      name: string(),
      count: int32(),
      assignments: array(
        { nullable: true },
        {
          brokerIds: array(int32()),
        },
      ),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: true, default: null }),
    }),
  },
})

export type CreatePartitionsRequest = Decoded<typeof createPartitionsApi.request>
export type CreatePartitionsRequestInit = Init<typeof createPartitionsApi.request>
export type CreatePartitionsResponse = Decoded<typeof createPartitionsApi.response>
export type CreatePartitionsResponseInit = Init<typeof createPartitionsApi.response>
