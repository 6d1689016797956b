// Settings of topics, brokers and groups.
import {
  type Decoded,
  describeConfigsApi,
  incrementalAlterConfigsApi,
  type KafkaError,
  listConfigResourcesApi,
} from '@weir/protocol'
import type { Cluster, Target } from '../cluster.ts'
import { checkCode, errorOf } from '../errors.ts'

/** Kafka's numbers of what has settings. */
const CONFIG_RESOURCE_TYPES = {
  topic: 2,
  broker: 4,
  'broker-logger': 8,
  'client-metrics': 16,
  group: 32,
} as const

export type ConfigResourceType = keyof typeof CONFIG_RESOURCE_TYPES

/** Where a value comes from, by Kafka's numbers. */
const CONFIG_SOURCES: readonly string[] = [
  'UNKNOWN',
  'DYNAMIC_TOPIC_CONFIG',
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
  'DEFAULT_CONFIG',
  'DYNAMIC_BROKER_LOGGER_CONFIG',
  'DYNAMIC_CLIENT_METRICS_CONFIG',
  'DYNAMIC_GROUP_CONFIG',
]

export interface ConfigResource {
  readonly type: ConfigResourceType
  /** Empty for the default of all brokers. */
  readonly name: string
}

export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: string
}

export interface ConfigEntry {
  readonly name: string
  /** Null for sensitive values. */
  readonly value: string | null
  readonly source: string
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  readonly synonyms: readonly ConfigSynonym[]
  readonly documentation: string | null
}

export interface DescribedResource {
  readonly resource: ConfigResource
  readonly error: KafkaError | null
  /** As the broker sorts them. */
  readonly entries: readonly ConfigEntry[]
}

type DescribedResult = Decoded<typeof describeConfigsApi.response>['results'][number]

/** `names` null: all settings. */
export async function describeConfigs(
  cluster: Cluster,
  resource: ConfigResource,
  options: {
    readonly names?: readonly string[] | null
    readonly documentation?: boolean
  } = {},
): Promise<DescribedResource> {
  const answer = await cluster.retry(() =>
    cluster.request(targetOf(resource), describeConfigsApi, version => ({
      resources: [
        {
          resourceType: CONFIG_RESOURCE_TYPES[resource.type],
          resourceName: resource.name,
          configurationKeys: options.names ?? null,
        },
      ],
      includeSynonyms: true,
      includeDocumentation: version >= 3 && (options.documentation ?? false),
    })),
  )
  const [result] = answer.results
  const what = `${resource.type} '${resource.name}'`
  if (result === undefined) return { resource, error: errorOf(-1, what), entries: [] }
  return {
    resource,
    error: errorOf(result.errorCode, what, result.errorMessage),
    entries: result.configs.map(configEntry),
  }
}

export interface ConfigChange {
  readonly name: string
  /** Null goes back to the default. */
  readonly value: string | null
  readonly operation?: 'set' | 'delete' | 'append' | 'subtract'
}

const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const

/** Changes only the settings that are named. Throws KafkaError. */
export async function alterConfigs(
  cluster: Cluster,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
  options: { readonly validateOnly?: boolean } = {},
): Promise<void> {
  const target = targetOf(resource) === 'any' ? 'controller' : targetOf(resource)
  const answer = await cluster.retry(() =>
    cluster.request(target, incrementalAlterConfigsApi, {
      resources: [
        {
          resourceType: CONFIG_RESOURCE_TYPES[resource.type],
          resourceName: resource.name,
          configs: changes.map(({ name, value, operation }) => ({
            name,
            value,
            configOperation: OPERATIONS[operation ?? (value === null ? 'delete' : 'set')],
          })),
        },
      ],
      validateOnly: options.validateOnly ?? false,
    }),
  )
  for (const result of answer.responses) {
    checkCode(result.errorCode, `${resource.type} '${resource.name}'`, result.errorMessage)
  }
}

/** Names of what has settings of a kind; only groups and client metrics need this. */
export async function listConfigResources(
  cluster: Cluster,
  type: ConfigResourceType,
): Promise<string[]> {
  const answer = await cluster.retry(() =>
    cluster.request('any', listConfigResourcesApi, {
      resourceTypes: [CONFIG_RESOURCE_TYPES[type]],
    }),
  )
  checkCode(answer.errorCode, 'resources with settings')
  return answer.configResources.map(resource => resource.resourceName)
}

/** A broker answers for its own settings; anyone for the rest. */
function targetOf(resource: ConfigResource): Target {
  const isOneBroker =
    (resource.type === 'broker' || resource.type === 'broker-logger') && resource.name !== ''
  return isOneBroker ? Number(resource.name) : 'any'
}

function configEntry(config: DescribedResult['configs'][number]): ConfigEntry {
  return {
    name: config.name,
    value: config.value,
    source: CONFIG_SOURCES[config.configSource] ?? 'UNKNOWN',
    isReadOnly: config.readOnly,
    isSensitive: config.isSensitive,
    synonyms: config.synonyms.map(synonym => ({
      name: synonym.name,
      value: synonym.value,
      source: CONFIG_SOURCES[synonym.source] ?? 'UNKNOWN',
    })),
    documentation: config.documentation,
  }
}
