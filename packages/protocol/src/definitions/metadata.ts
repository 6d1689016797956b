// Metadata (3): brokers and topics. v1 null asks for all topics, v10 topic ids, v12 asks by topic id,
// v13 a top-level error.

import { api, array, bool, type Decoded, type Init, int16, int32, string, uuid } from '../schema.ts'

export const metadataApi = api({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexible: 9,
  request: {
    topics: array(
      { nullable: 1 },
      {
        topicId: uuid({ since: 10, ignorable: true }),
        name: string({ nullable: 10 }),
      },
    ),
    allowAutoTopicCreation: bool({ since: 4, default: true }),
    includeClusterAuthorizedOperations: bool({ since: 8, until: 10 }),
    includeTopicAuthorizedOperations: bool({ since: 8 }),
  },
  response: {
    throttleTimeMs: int32({ since: 3, default: 0, ignorable: true }),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ since: 1, nullable: true, default: null, ignorable: true }),
    }),
    clusterId: string({ since: 2, nullable: true, default: null, ignorable: true }),
    controllerId: int32({ since: 1, default: -1, ignorable: true }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: 12 }),
      topicId: uuid({ since: 10, ignorable: true }),
      isInternal: bool({ since: 1, default: false, ignorable: true }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ since: 7, default: -1, ignorable: true }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        offlineReplicas: array({ since: 5, ignorable: true }, int32()),
      }),
      topicAuthorizedOperations: int32({ since: 8, default: -2_147_483_648 }),
    }),
    clusterAuthorizedOperations: int32({ since: 8, until: 10, default: -2_147_483_648 }),
    errorCode: int16({ since: 13, ignorable: true }),
  },
})

export type MetadataRequest = Decoded<typeof metadataApi.request>
export type MetadataRequestInit = Init<typeof metadataApi.request>
export type MetadataResponse = Decoded<typeof metadataApi.response>
export type MetadataResponseInit = Init<typeof metadataApi.response>
