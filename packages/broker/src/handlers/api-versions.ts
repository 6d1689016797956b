// ApiVersions, versions 0-4.
// v3 names the client's software (KIP-511) and sends features; v4 also those that begin at 0. A
// version above gets the v0 answer of dispatch.ts: error 35 and the row of ApiVersions.
// Difference from Kafka: only what works is listed.

import { SUPPORTED_FEATURES } from '@weir/controller'
import { type ApiVersionsRequest, type ApiVersionsResponseInit, errorCode } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

/** What a client's software and its version may be called. */
const SOFTWARE_PATTERN = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
/** First version with names and features. */
const FEATURES_VERSION = 3
/** First version that sends supported features whose minimum is 0. */
const ZERO_MINIMUM_VERSION = 4

export function handleApiVersions(
  services: ControlServices,
  context: RequestContext,
  request: ApiVersionsRequest,
): ApiVersionsResponseInit {
  const version = context.apiVersion
  if (version >= FEATURES_VERSION) {
    const { clientSoftwareName: name, clientSoftwareVersion } = request
    if (!SOFTWARE_PATTERN.test(name) || !SOFTWARE_PATTERN.test(clientSoftwareVersion)) {
      return { errorCode: errorCode('INVALID_REQUEST'), apiKeys: [] }
    }
    context.connection.setClientSoftware(name, clientSoftwareVersion)
  }
  const apiKeys = services.apis
    .filter(row => row.listeners.includes(context.listener.kind) && !row.isPrivate)
    .map(row => ({
      apiKey: row.definition.key,
      minVersion: row.advertisedMinVersion,
      maxVersion: row.maxVersion,
    }))
  if (version < FEATURES_VERSION) return { errorCode: 0, apiKeys }
  const finalized = [...services.metadata.features]
  return {
    errorCode: 0,
    apiKeys,
    supportedFeatures: SUPPORTED_FEATURES.filter(
      feature => version >= ZERO_MINIMUM_VERSION || feature.minLevel > 0,
    ).map(feature => ({
      name: feature.name,
      minVersion: feature.minLevel,
      maxVersion: feature.maxLevel,
    })),
    finalizedFeaturesEpoch: services.metadataOffset(),
    finalizedFeatures: finalized.map(([name, level]) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    })),
  }
}
