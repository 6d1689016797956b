// ApiVersions (18): what the broker serves. The response header is v0 in every version, and a version that
// is not served gets a v0 body; v3 names the client, v4 also sends features that begin at 0.

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

export const apiVersionsApi = api({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 4],
  flexible: 3,
  request: {
    clientSoftwareName: string({ since: 3, ignorable: true }),
    clientSoftwareVersion: string({ since: 3, ignorable: true }),
  },
  response: {
    errorCode: int16(),
    apiKeys: array({
      apiKey: int16(),
      minVersion: int16(),
      maxVersion: int16(),
    }),
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    supportedFeatures: array(
      { since: 3, tag: 0, ignorable: true },
      {
        name: string(),
        minVersion: int16(),
        maxVersion: int16(),
      },
    ),
    finalizedFeaturesEpoch: int64({ since: 3, tag: 1, default: -1, ignorable: true }),
    finalizedFeatures: array(
      { since: 3, tag: 2, ignorable: true },
      {
        name: string(),
        maxVersionLevel: int16(),
        minVersionLevel: int16(),
      },
    ),
    zkMigrationReady: bool({ since: 3, tag: 3, default: false, ignorable: true }),
  },
})

export type ApiVersionsRequest = Decoded<typeof apiVersionsApi.request>
export type ApiVersionsRequestInit = Init<typeof apiVersionsApi.request>
export type ApiVersionsResponse = Decoded<typeof apiVersionsApi.response>
export type ApiVersionsResponseInit = Init<typeof apiVersionsApi.response>
