// The Envelope between nodes of Weir: Kafka's, and in its answer how far the metadata log was when it
// was given, so that the node which forwarded lets its client read what it wrote.

import { api, bytes, envelopeApi, int16, int64 } from '@weir/protocol'

/** Far from the tags that Kafka may give out. */
const OFFSET_TAG = 10_000

export const forwardApi = api({
  key: envelopeApi.key,
  name: envelopeApi.name,
  versions: [0, 0],
  flexible: 0,
  request: {
    requestData: bytes(),
    requestPrincipal: bytes({ nullable: true }),
    clientHostAddress: bytes(),
  },
  response: {
    responseData: bytes({ nullable: true, default: null }),
    errorCode: int16(),
    /** Inclusive; -1 if unknown. */
    metadataIndex: int64({ since: 0, tag: OFFSET_TAG, default: -1 }),
  },
})
