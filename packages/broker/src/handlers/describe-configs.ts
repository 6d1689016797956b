// DescribeConfigs, versions 1-4.
// v3 documentation and types; v4 flexible. Topics, brokers ('' is all of them together), groups, client
// metrics and loggers; sensitive values are null.
// Differences from Kafka: a broker of another node is not asked through this one; there is one logger,
// 'ROOT', which cannot be changed here; one answer has some 500,000 settings at most.

import { CONFIG_RESOURCE, topicNameProblem } from '@weir/controller'
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResponseInit,
  type ErrorName,
  errorCode,
} from '@weir/protocol'
import { type ConfigEntry, settingTypeCode } from '@weir/settings'
import type { HandlerResult, RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import {
  brokerEntries,
  clusterDefaultEntries,
  groupEntries,
  sourceCode,
  topicEntries,
} from './config-description.ts'
import { fromFreshMetadata } from './fresh-metadata.ts'

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
  /** Null: all. */
  keys: Set<string> | null
}

type Result = DescribeConfigsResponseInit['results'][number]
type Config = Result['configs'][number]
type Described =
  | { readonly kind: 'entries'; readonly configs: Config[] }
  | { readonly kind: 'failed'; readonly error: ErrorName; readonly message: string }

const BROKER_LOGGER = 8
const STRING_TYPE = 2
/** Of one answer: what 15,000 topics have. A request may name 250,000 groups, with 17 each. */
const MAX_CONFIGS = 500_000
const CLIENT_METRICS_SOURCE = 7
const BROKER_LOGGER_SOURCE = 6

export function handleDescribeConfigs(
  services: Services,
  _context: RequestContext,
  request: DescribeConfigsRequest,
): HandlerResult<DescribeConfigsResponseInit> {
  return fromFreshMetadata(services, () => describeResources(services, request, MAX_CONFIGS))
}

/** Resources beyond `maxConfigs` settings are refused: the client asks for fewer at a time. */
export function describeResources(
  services: Services,
  request: DescribeConfigsRequest,
  maxConfigs: number,
): DescribeConfigsResponseInit {
  let configCount = 0
  return {
    results: resourcesOf(request).map(resource => {
      const { resourceType, resourceName, keys } = resource
      const described =
        configCount < maxConfigs ? describe(services, resource, request) : tooMany(maxConfigs)
      if (described.kind === 'failed') {
        const { error, message } = described
        return {
          errorCode: errorCode(error),
          errorMessage: message,
          resourceType,
          resourceName,
          configs: [],
        }
      }
      configCount += described.configs.length
      const isWanted = (config: Config) => keys === null || keys.has(config.name)
      const configs = described.configs.filter(isWanted)
      return { errorCode: 0, errorMessage: null, resourceType, resourceName, configs }
    }),
  }
}

/** Each once, however often it is named: what is told of one is hundreds of times as much. */
function resourcesOf(request: DescribeConfigsRequest): Resource[] {
  const resources = new Map<string, Resource>()
  for (const { resourceType, resourceName, configurationKeys } of request.resources) {
    const keys = (configurationKeys ?? []).length === 0 ? null : new Set(configurationKeys)
    const id = `${resourceType}:${resourceName}`
    const known = resources.get(id)
    if (known === undefined) resources.set(id, { resourceType, resourceName, keys })
    else if (keys === null) known.keys = null
    else for (const key of keys) known.keys?.add(key)
  }
  return [...resources.values()]
}

function describe(
  services: Services,
  { resourceType, resourceName }: Resource,
  request: DescribeConfigsRequest,
): Described {
  const entries = (list: ConfigEntry[]): Described => ({
    kind: 'entries',
    configs: list.map(entry => toConfig(entry, request)),
  })
  switch (resourceType) {
    case CONFIG_RESOURCE.topic: {
      const problem = topicNameProblem(resourceName)
      if (problem !== null) return failed('INVALID_TOPIC_EXCEPTION', problem)
      if (services.metadata.topic(resourceName) !== undefined) {
        return entries(topicEntries(services, resourceName))
      }
      return failed('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
    }
    case CONFIG_RESOURCE.broker:
      if (resourceName === '') return entries(clusterDefaultEntries(services))
      return otherBroker(services, resourceName) ?? entries(brokerEntries(services))
    case BROKER_LOGGER:
      return (
        otherBroker(services, resourceName) ?? { kind: 'entries', configs: [rootLogger(services)] }
      )
    case CONFIG_RESOURCE.group:
      if (resourceName === '') return failed('INVALID_REQUEST', 'Group name must not be empty')
      return entries(groupEntries(services, resourceName))
    case CONFIG_RESOURCE.clientMetrics:
      if (resourceName === '') {
        return failed('INVALID_REQUEST', 'Client metrics subscription name must not be empty')
      }
      return { kind: 'entries', configs: clientMetrics(services, resourceName, request) }
    default:
      return failed('INVALID_REQUEST', `Unsupported resource type: ${resourceType}`)
  }
}

function otherBroker(services: Services, name: string): Described | null {
  if (name === String(services.nodeId)) return null
  if (!/^-?\d{1,10}$/.test(name)) {
    return failed('INVALID_REQUEST', `Broker id must be an integer, but it is: ${name}`)
  }
  return failed(
    'INVALID_REQUEST',
    `Unexpected broker id, expected ${services.nodeId} or empty string, but received ${name}`,
  )
}

function failed(error: ErrorName, message: string): Described {
  return { kind: 'failed', error, message }
}

function tooMany(maxConfigs: number): Described {
  const message = `One answer has about ${maxConfigs} settings at most: ask for fewer resources.`
  return failed('POLICY_VIOLATION', message)
}

function toConfig(entry: ConfigEntry, request: DescribeConfigsRequest): Config {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.isReadOnly,
    configSource: sourceCode(entry.source),
    isSensitive: entry.isSensitive,
    synonyms: request.includeSynonyms
      ? entry.synonyms.map(({ name, value, source }) => ({
          name,
          value,
          source: sourceCode(source),
        }))
      : [],
    configType: settingTypeCode(entry.type),
    documentation: request.includeDocumentation ? entry.documentation : null,
  }
}

function clientMetrics(
  services: Services,
  name: string,
  request: DescribeConfigsRequest,
): Config[] {
  const overrides = services.metadata.configs(CONFIG_RESOURCE.clientMetrics, name)
  return [...overrides].map(([key, value]) => ({
    name: key,
    value,
    readOnly: false,
    configSource: CLIENT_METRICS_SOURCE,
    isSensitive: false,
    synonyms: request.includeSynonyms ? [{ name: key, value, source: CLIENT_METRICS_SOURCE }] : [],
    configType: STRING_TYPE,
    documentation: request.includeDocumentation ? 'A client metrics subscription.' : null,
  }))
}

function rootLogger(_services: Services): Config {
  return {
    name: 'ROOT',
    value: 'INFO',
    readOnly: true,
    configSource: BROKER_LOGGER_SOURCE,
    isSensitive: false,
    synonyms: [],
    configType: STRING_TYPE,
    documentation: null,
  }
}
