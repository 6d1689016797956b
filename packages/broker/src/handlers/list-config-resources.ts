// ListConfigResources, versions 0-1.
// v0 lists client metrics only (it was ListClientMetricsResources); v1 the types asked for, all without
// any.
// Difference from Kafka: none known.

import { CONFIG_RESOURCE } from '@weir/controller'
import {
  errorCode,
  type ListConfigResourcesRequest,
  type ListConfigResourcesResponseInit,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'

const BROKER_LOGGER = 8
const { topic, broker, clientMetrics, group } = CONFIG_RESOURCE
const ALL_TYPES = [topic, broker, BROKER_LOGGER, clientMetrics, group]

export function handleListConfigResources(
  services: Services,
  context: RequestContext,
  request: ListConfigResourcesRequest,
): ListConfigResourcesResponseInit {
  const asked = request.resourceTypes.length === 0 ? ALL_TYPES : request.resourceTypes
  const types = context.apiVersion === 0 ? [clientMetrics] : [...new Set(asked)]
  const configResources: { resourceName: string; resourceType: number }[] = []
  for (const resourceType of types) {
    if (!ALL_TYPES.includes(resourceType)) {
      return { errorCode: errorCode('UNSUPPORTED_VERSION'), configResources: [] }
    }
    for (const resourceName of namesOf(services, resourceType)) {
      configResources.push({ resourceName, resourceType })
    }
  }
  return { errorCode: 0, configResources }
}

function namesOf({ metadata }: Services, resourceType: number): string[] {
  switch (resourceType) {
    case topic:
      return [...metadata.topics].map(({ name }) => name).sort()
    case broker:
    case BROKER_LOGGER:
      return [...metadata.brokers.keys()].sort((a, b) => a - b).map(String)
    default:
      return metadata.configuredResources(resourceType).sort()
  }
}
