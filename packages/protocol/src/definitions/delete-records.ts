// DeleteRecords (21): moves the log start offset forward; -1 means the high watermark.

import { api, array, type Decoded, type Init, int16, int32, int64, string } from '../schema.ts'

export const deleteRecordsApi = api({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexible: 2,
  request: {
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        offset: int64(),
      }),
    }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        lowWatermark: int64(),
        errorCode: int16(),
      }),
    }),
  },
})

export type DeleteRecordsRequest = Decoded<typeof deleteRecordsApi.request>
export type DeleteRecordsRequestInit = Init<typeof deleteRecordsApi.request>
export type DeleteRecordsResponse = Decoded<typeof deleteRecordsApi.response>
export type DeleteRecordsResponseInit = Init<typeof deleteRecordsApi.response>
