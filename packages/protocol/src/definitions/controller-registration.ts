// ControllerRegistration (70): a starting controller registers with the active one.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int16,
  int32,
  string,
  uint16,
  uuid,
} from '../schema.ts'

export const controllerRegistrationApi = api({
  key: 70,
  name: 'ControllerRegistration',
  versions: [0, 0],
  flexible: 0,
  request: {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
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
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
  },
})

export type ControllerRegistrationRequest = Decoded<typeof controllerRegistrationApi.request>
export type ControllerRegistrationRequestInit = Init<typeof controllerRegistrationApi.request>
export type ControllerRegistrationResponse = Decoded<typeof controllerRegistrationApi.response>
export type ControllerRegistrationResponseInit = Init<typeof controllerRegistrationApi.response>
