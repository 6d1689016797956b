// DeleteTopics (20): deletes topics. v5 error messages, v6 topic ids.

import { api, array, type Decoded, type Init, int16, int32, string, uuid } from '../schema.ts'

export const deleteTopicsApi = api({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexible: 4,
  isOfController: true,
  request: {
    topics: array(
      { since: 6 },
      {
        name: string({ nullable: true, default: null }),
        topicId: uuid(),
      },
    ),
    topicNames: array({ until: 5, ignorable: true }, string()),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    responses: array({
      name: string({ nullable: 6 }),
      topicId: uuid({ since: 6, ignorable: true }),
      errorCode: int16(),
      errorMessage: string({ since: 5, nullable: true, default: null, ignorable: true }),
    }),
  },
})

export type DeleteTopicsRequest = Decoded<typeof deleteTopicsApi.request>
export type DeleteTopicsRequestInit = Init<typeof deleteTopicsApi.request>
export type DeleteTopicsResponse = Decoded<typeof deleteTopicsApi.response>
export type DeleteTopicsResponseInit = Init<typeof deleteTopicsApi.response>
