// BrokerRegistration (62): a starting broker registers with the controller.

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
  uint16,
  uuid,
} from '../schema.ts'

export const brokerRegistrationApi = api({
  key: 62,
  name: 'BrokerRegistration',
  versions: [0, 4],
  flexible: 0,
  request: {
    brokerId: int32(),
    clusterId: string(),
    incarnationId: uuid(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
    rack: string({ nullable: true }),
    isMigratingZkBroker: bool({ since: 1, default: false }),
    logDirs: array({ since: 2, ignorable: true }, uuid()),
    previousBrokerEpoch: int64({ since: 3, default: -1, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    brokerEpoch: int64({ default: -1 }),
  },
})

export type BrokerRegistrationRequest = Decoded<typeof brokerRegistrationApi.request>
export type BrokerRegistrationRequestInit = Init<typeof brokerRegistrationApi.request>
export type BrokerRegistrationResponse = Decoded<typeof brokerRegistrationApi.response>
export type BrokerRegistrationResponseInit = Init<typeof brokerRegistrationApi.response>
