// PushTelemetry (72): client metrics.

import { api, bool, bytes, type Decoded, type Init, int8, int16, int32, uuid } from '../schema.ts'

export const pushTelemetryApi = api({
  key: 72,
  name: 'PushTelemetry',
  versions: [0, 0],
  flexible: 0,
  request: {
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
  },
})

export type PushTelemetryRequest = Decoded<typeof pushTelemetryApi.request>
export type PushTelemetryRequestInit = Init<typeof pushTelemetryApi.request>
export type PushTelemetryResponse = Decoded<typeof pushTelemetryApi.response>
export type PushTelemetryResponseInit = Init<typeof pushTelemetryApi.response>
