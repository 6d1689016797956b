// AlterReplicaLogDirs (34): moves replicas between the log directories of one broker.

import { api, array, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const alterReplicaLogDirsApi = api({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [1, 2],
  flexible: 2,
  request: {
    dirs: array({
      path: string(),
      topics: array({
        name: string(),
        partitions: array(int32()),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})

export type AlterReplicaLogDirsRequest = Decoded<typeof alterReplicaLogDirsApi.request>
export type AlterReplicaLogDirsRequestInit = Init<typeof alterReplicaLogDirsApi.request>
export type AlterReplicaLogDirsResponse = Decoded<typeof alterReplicaLogDirsApi.response>
export type AlterReplicaLogDirsResponseInit = Init<typeof alterReplicaLogDirsApi.response>
