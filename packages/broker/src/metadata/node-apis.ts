// Kafka's APIs between nodes with what nodes of Weir add: the answer tells how far the metadata log was
// when it was given. So a node that forwarded a request lets its client read what it wrote, and a broker
// that is told to be alive knows what has been decided about it.

import {
  api,
  array,
  bool,
  brokerHeartbeatApi,
  bytes,
  envelopeApi,
  int16,
  int32,
  int64,
  uuid,
} from '@weir/protocol'

/** Far from the tags that Kafka may give out. */
const OFFSET_TAG = 10_000
const OFFLINE_TAG = 10_001
const FULL_TAG = 10_002

/** Inclusive; -1 if unknown. */
const metadataIndex = int64({ since: 0, tag: OFFSET_TAG, default: -1 })

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
    metadataIndex,
  },
})

export const nodeHeartbeatApi = api({
  key: brokerHeartbeatApi.key,
  name: brokerHeartbeatApi.name,
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
    // Kafka's controller knows which directory has which replica; here the broker says what is lost.
    offlinePartitions: array(
      { since: 0, tag: OFFLINE_TAG },
      { topicId: uuid(), indexes: array(int32()) },
    ),
    // Their disk is full there.
    fullPartitions: array(
      { since: 0, tag: FULL_TAG },
      { topicId: uuid(), indexes: array(int32()) },
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    isCaughtUp: bool({ default: false }),
    isFenced: bool({ default: true }),
    shouldShutDown: bool(),
    metadataIndex,
  },
})
