// DescribeCluster (60): brokers (or controllers, v1) and the cluster id. v2 fenced brokers.

import { api, array, bool, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const describeClusterApi = api({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexible: 0,
  request: {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ since: 1, default: 1 }),
    includeFencedBrokers: bool({ since: 2 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    endpointType: int8({ since: 1, default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: true, default: null }),
      isFenced: bool({ since: 2 }),
    }),
    clusterAuthorizedOperations: int32({ default: -2_147_483_648 }),
  },
})

export type DescribeClusterRequest = Decoded<typeof describeClusterApi.request>
export type DescribeClusterRequestInit = Init<typeof describeClusterApi.request>
export type DescribeClusterResponse = Decoded<typeof describeClusterApi.response>
export type DescribeClusterResponseInit = Init<typeof describeClusterApi.response>
