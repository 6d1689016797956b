// The principal that a broker puts into an Envelope.

import { bool, type Decoded, type Init, message, string } from '../schema.ts'

export const defaultPrincipalData = message({
  name: 'DefaultPrincipalData',
  versions: [0, 0],
  flexible: 0,
  fields: {
    type: string(),
    name: string(),
    tokenAuthenticated: bool(),
  },
})

export type DefaultPrincipalData = Decoded<typeof defaultPrincipalData>
export type DefaultPrincipalDataInit = Init<typeof defaultPrincipalData>
