// IncrementalAlterConfigs, versions 0-1, and AlterConfigs, versions 0-2 (which replaces all overrides of
// a resource). Topics, brokers ('' is all of them), groups and client metrics.
// Differences from Kafka: levels of loggers cannot be changed; any broker takes the settings of any other.

import { CONFIG_RESOURCE, type ConfigChange, type ConfigOperation } from '@weir/controller'
import {
  type AlterConfigsRequest,
  type AlterConfigsResponseInit,
  type ErrorName,
  errorCode,
  errorText,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponseInit,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

type Responses = IncrementalAlterConfigsResponseInit['responses'][number][]
type Problem = { readonly error: ErrorName; readonly message: string }

interface WantedChange {
  readonly resourceType: number
  readonly resourceName: string
  readonly replaceAll: boolean
  readonly operations: readonly (ConfigOperation | null)[]
}

/** Indexed by the wire's code. */
const OPERATIONS = ['set', 'delete', 'append', 'subtract'] as const
const BROKER_LOGGER = 8
const CHANGEABLE: ReadonlySet<number> = new Set(Object.values(CONFIG_RESOURCE))

export async function handleIncrementalAlterConfigs(
  services: ControlServices,
  _context: RequestContext,
  request: IncrementalAlterConfigsRequest,
): Promise<IncrementalAlterConfigsResponseInit> {
  const wanted = request.resources.map(({ resourceType, resourceName, configs }) => ({
    resourceType,
    resourceName,
    replaceAll: false,
    operations: configs.map(({ name, configOperation, value }) => {
      const operation = OPERATIONS[configOperation]
      return operation === undefined ? null : { name, operation, value }
    }),
  }))
  return { responses: await alter(services, wanted, request.validateOnly) }
}

export async function handleAlterConfigs(
  services: ControlServices,
  _context: RequestContext,
  request: AlterConfigsRequest,
): Promise<AlterConfigsResponseInit> {
  const wanted = request.resources.map(({ resourceType, resourceName, configs }) => ({
    resourceType,
    resourceName,
    replaceAll: true,
    operations: configs.map(({ name, value }) => ({ name, operation: 'set' as const, value })),
  }))
  return { responses: await alter(services, wanted, request.validateOnly) }
}

export function failAlterConfigs(
  request: AlterConfigsRequest | IncrementalAlterConfigsRequest,
  error: KafkaFailure,
): AlterConfigsResponseInit {
  return {
    responses: request.resources.map(({ resourceType, resourceName }) => ({
      errorCode: error.errorCode,
      errorMessage: error.message,
      resourceType,
      resourceName,
    })),
  }
}

async function alter(
  services: ControlServices,
  wanted: readonly WantedChange[],
  validateOnly: boolean,
): Promise<Responses> {
  const counts = new Map<string, number>()
  for (const change of wanted) counts.set(keyOf(change), (counts.get(keyOf(change)) ?? 0) + 1)
  const responses = new Map<string, Responses[number]>()
  const changes: ConfigChange[] = []
  for (const change of wanted) {
    const { resourceType, resourceName } = change
    const isRepeated = (counts.get(keyOf(change)) ?? 0) > 1
    const problem = isRepeated
      ? invalid('Each resource must appear at most once.')
      : problemOf(services, change)
    if (problem === null) {
      const operations = change.operations.filter(operation => operation !== null)
      changes.push({ ...change, operations })
    } else {
      const { error, message: errorMessage } = problem
      const failure = { errorCode: errorCode(error), errorMessage, resourceType, resourceName }
      responses.set(keyOf(change), failure)
    }
  }
  const results = await services.controller.submit(active =>
    active.configs.alterConfigs(changes, validateOnly),
  )
  for (const [index, { error, message }] of results.entries()) {
    const change = changes[index]
    if (change === undefined) continue
    const { resourceType, resourceName } = change
    const errorMessage = error === 'NONE' ? null : (message ?? errorText(error))
    const result = { errorCode: errorCode(error), errorMessage, resourceType, resourceName }
    responses.set(keyOf(change), result)
  }
  return [...responses.values()]
}

/** What is wrong with the request itself; the controller checks names and values. */
function problemOf(services: ControlServices, change: WantedChange): Problem | null {
  const { resourceType, resourceName, operations } = change
  if (resourceType === BROKER_LOGGER) {
    return invalid('The levels of loggers cannot be changed: set weir.log.level at the start.')
  }
  if (!CHANGEABLE.has(resourceType)) return invalid(`Unknown resource type ${resourceType}`)
  const names = new Set<string>()
  const nulls: string[] = []
  for (const operation of operations) {
    if (operation === null) return invalid('Unknown config operation type')
    if (names.has(operation.name)) return invalid('Error due to duplicate config keys')
    names.add(operation.name)
    if (operation.operation !== 'delete' && operation.value === null) nulls.push(operation.name)
  }
  if (nulls.length > 0) return invalid(`Null value not supported for : ${nulls.join(', ')}`)
  if (resourceType !== CONFIG_RESOURCE.broker || resourceName === '') return null
  // The request may have come through another broker: any that is registered has settings.
  const isNumber = String(Number(resourceName)) === resourceName
  if (isNumber && services.metadata.brokers.has(Number(resourceName))) return null
  return invalid(`Unexpected broker id, expected ${services.nodeId}, but received ${resourceName}`)
}

function invalid(message: string): Problem {
  return { error: 'INVALID_REQUEST', message }
}

function keyOf(change: { readonly resourceType: number; readonly resourceName: string }): string {
  return `${change.resourceType}:${change.resourceName}`
}
