// AssignReplicasToDirs (73): a broker reports the directories of its replicas.

import { api, array, type Decoded, type Init, int16, int32, int64, uuid } from '../schema.ts'

export const assignReplicasToDirsApi = api({
  key: 73,
  name: 'AssignReplicasToDirs',
  versions: [0, 0],
  flexible: 0,
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    directories: array({
      id: uuid(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
        }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    directories: array({
      id: uuid(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
})

export type AssignReplicasToDirsRequest = Decoded<typeof assignReplicasToDirsApi.request>
export type AssignReplicasToDirsRequestInit = Init<typeof assignReplicasToDirsApi.request>
export type AssignReplicasToDirsResponse = Decoded<typeof assignReplicasToDirsApi.response>
export type AssignReplicasToDirsResponseInit = Init<typeof assignReplicasToDirsApi.response>
