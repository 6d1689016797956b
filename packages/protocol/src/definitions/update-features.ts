// UpdateFeatures (57): changes finalized feature levels.

import { api, array, bool, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const updateFeaturesApi = api({
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 2],
  flexible: 0,
  isOfController: true,
  request: {
    timeoutMs: int32({ default: 60_000 }),
    featureUpdates: array({
      feature: string(),
      maxVersionLevel: int16(),
      allowDowngrade: bool({ until: 0 }),
      upgradeType: int8({ since: 1, default: 1 }),
    }),
    validateOnly: bool({ since: 1, default: false }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    results: array(
      { until: 1, ignorable: true },
      {
        feature: string(),
        errorCode: int16(),
        errorMessage: string({ nullable: true }),
      },
    ),
  },
})

export type UpdateFeaturesRequest = Decoded<typeof updateFeaturesApi.request>
export type UpdateFeaturesRequestInit = Init<typeof updateFeaturesApi.request>
export type UpdateFeaturesResponse = Decoded<typeof updateFeaturesApi.response>
export type UpdateFeaturesResponseInit = Init<typeof updateFeaturesApi.response>
