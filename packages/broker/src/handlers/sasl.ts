// SaslHandshake, versions 0-1, and SaslAuthenticate, versions 0-2, on a listener without SASL.
// As in Kafka they are advertised and answered with ILLEGAL_SASL_STATE.
// Difference from Kafka: none known.

import {
  errorCode,
  type SaslAuthenticateRequest,
  type SaslAuthenticateResponseInit,
  type SaslHandshakeRequest,
  type SaslHandshakeResponseInit,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'

export function handleSaslHandshake(
  _services: Services,
  _context: RequestContext,
  _request: SaslHandshakeRequest,
): SaslHandshakeResponseInit {
  return { errorCode: errorCode('ILLEGAL_SASL_STATE'), mechanisms: [] }
}

export function handleSaslAuthenticate(
  _services: Services,
  _context: RequestContext,
  _request: SaslAuthenticateRequest,
): SaslAuthenticateResponseInit {
  return {
    errorCode: errorCode('ILLEGAL_SASL_STATE'),
    errorMessage: 'SaslAuthenticate request received after successful authentication',
    authBytes: Buffer.alloc(0),
  }
}
