// BrokerHeartbeat (63): a broker reports to the controller.

import { api, array, bool, type Decoded, type Init, int16, int32, int64, uuid } from '../schema.ts'

export const brokerHeartbeatApi = api({
  key: 63,
  name: 'BrokerHeartbeat',
  versions: [0, 2],
  flexible: 0,
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    currentMetadataOffset: int64(),
    wantFence: bool(),
    wantShutDown: bool(),
    offlineLogDirs: array({ since: 1, tag: 0 }, uuid()),
    cordonedLogDirs: array({ since: 2, nullable: true, tag: 1, default: null }, uuid()),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    isCaughtUp: bool({ default: false }),
    isFenced: bool({ default: true }),
    shouldShutDown: bool(),
  },
})

export type BrokerHeartbeatRequest = Decoded<typeof brokerHeartbeatApi.request>
export type BrokerHeartbeatRequestInit = Init<typeof brokerHeartbeatApi.request>
export type BrokerHeartbeatResponse = Decoded<typeof brokerHeartbeatApi.response>
export type BrokerHeartbeatResponseInit = Init<typeof brokerHeartbeatApi.response>
