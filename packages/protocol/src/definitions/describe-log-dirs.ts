// DescribeLogDirs (35): log directories with the sizes of their partitions. v4 volume sizes, v5 cordoned directories.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int16,
  int32,
  int64,
  string,
} from '../schema.ts'

export const describeLogDirsApi = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [1, 5],
  flexible: 2,
  request: {
    topics: array(
      { nullable: true },
      {
        topic: string(),
        partitions: array(int32()),
      },
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ since: 3, ignorable: true }),
    results: array({
      errorCode: int16(),
      logDir: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64({ since: 4, default: -1, ignorable: true }),
      usableBytes: int64({ since: 4, default: -1, ignorable: true }),
      isCordoned: bool({ since: 5, default: false, ignorable: true }),
    }),
  },
})

export type DescribeLogDirsRequest = Decoded<typeof describeLogDirsApi.request>
export type DescribeLogDirsRequestInit = Init<typeof describeLogDirsApi.request>
export type DescribeLogDirsResponse = Decoded<typeof describeLogDirsApi.response>
export type DescribeLogDirsResponseInit = Init<typeof describeLogDirsApi.response>
