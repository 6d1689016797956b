// GetTelemetrySubscriptions (71): which client metrics the broker wants.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int8,
  int16,
  int32,
  string,
  uuid,
} from '../schema.ts'

export const getTelemetrySubscriptionsApi = api({
  key: 71,
  name: 'GetTelemetrySubscriptions',
  versions: [0, 0],
  flexible: 0,
  request: {
    clientInstanceId: uuid(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: array(int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: array(string()),
  },
})

export type GetTelemetrySubscriptionsRequest = Decoded<typeof getTelemetrySubscriptionsApi.request>
export type GetTelemetrySubscriptionsRequestInit = Init<typeof getTelemetrySubscriptionsApi.request>
export type GetTelemetrySubscriptionsResponse = Decoded<
  typeof getTelemetrySubscriptionsApi.response
>
export type GetTelemetrySubscriptionsResponseInit = Init<
  typeof getTelemetrySubscriptionsApi.response
>
