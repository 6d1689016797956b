// Settings of topics, brokers, groups and client metrics: what a change does to the overrides, and
// whether the outcome is legal. Which keys exist and which values they take comes from outside
// (packages/settings, wired by the node). Messages are Kafka's.

import { clientMetricsProblem, isClientMetricsList } from './client-metrics-control.ts'
import type { EffectiveSettings } from './effective-settings.ts'
import type { MetadataImage } from './image.ts'
import { minimumProblem, newMinimum } from './minimum-isr.ts'
import { CONFIG_RESOURCE, type ConfigRecord, type MetadataRecord } from './records.ts'
import {
  type ApiError,
  type ConfigChange,
  type ConfigOperation,
  type Decision,
  failure,
  NO_ERROR,
} from './requests.ts'
import { topicNameProblem } from './topic-names.ts'

/** A longer value could be made by appending, and never be described: strings end there on the wire. */
const MAX_VALUE_BYTES = 32_767

export const CONFIG_RESOURCE_TOPIC = CONFIG_RESOURCE.topic

/** The tables of settings, as far as the controller needs them. */
export interface ConfigRules {
  /** Null if the overrides of a resource are legal together, else the reason in Kafka's words. */
  problem(
    resourceType: number,
    overrides: ReadonlyMap<string, string>,
    resourceName: string,
  ): string | null
  /** The value in force without an override of this resource; null for an unknown key. */
  inherited(resourceType: number, key: string): string | null
  isList(resourceType: number, key: string): boolean
}

interface ConfigDecision {
  readonly error: ApiError
  readonly records: readonly MetadataRecord[]
}

export class ConfigControl {
  readonly #image: MetadataImage
  readonly #rules: ConfigRules
  readonly #settings: EffectiveSettings

  constructor(image: MetadataImage, rules: ConfigRules, settings: EffectiveSettings) {
    this.#image = image
    this.#rules = rules
    this.#settings = settings
  }

  /** One result for each change, in order; each is done as a whole or not at all. */
  alterConfigs(changes: readonly ConfigChange[], validateOnly: boolean): Decision<ApiError[]> {
    const records: MetadataRecord[] = []
    const response: ApiError[] = []
    for (const change of changes) {
      const decided = this.decide(change, { creating: false })
      response.push(decided.error)
      for (const record of decided.records) records.push(record)
    }
    if (validateOnly) return { records: [], response }
    return { records: [...records, ...newMinimum(this.#image, this.#settings, records)], response }
  }

  /** `creating`: the resource is a topic that the same decision creates. */
  decide(change: ConfigChange, { creating }: { creating: boolean }): ConfigDecision {
    const { resourceType, resourceName, operations } = change
    const missing = this.#resourceProblem(resourceType, resourceName, creating)
    if (missing !== null) return refused(missing)
    const present = this.#image.configs(resourceType, resourceName)
    const overrides = new Map(change.replaceAll ? [] : present)
    const nullKeys = operations.filter(item => item.operation !== 'delete' && item.value === null)
    if (nullKeys.length > 0) {
      const names = nullKeys.map(item => item.name).join(',')
      return refused(
        failure('INVALID_CONFIG', `Null value not supported for topic configs: ${names}`),
      )
    }
    for (const operation of operations) {
      const problem = this.#applyOperation(resourceType, overrides, operation)
      if (problem !== null) return refused(failure('INVALID_CONFIG', problem))
    }
    for (const [key, value] of overrides) {
      if (Buffer.byteLength(value) <= MAX_VALUE_BYTES) continue
      const message = `Value of ${key} is longer than ${MAX_VALUE_BYTES} bytes.`
      return refused(failure('INVALID_CONFIG', message))
    }
    if (resourceType === CONFIG_RESOURCE.clientMetrics) {
      const wrong = clientMetricsProblem(overrides)
      if (wrong !== null) return refused(wrong)
    }
    const minimum = minimumProblem(change, present, overrides)
    if (minimum !== null) return refused(failure('INVALID_CONFIG', minimum))
    const problem = this.#rules.problem(resourceType, overrides, resourceName)
    if (problem !== null) return refused(failure('INVALID_CONFIG', problem))
    return { error: NO_ERROR, records: difference(change, present, overrides) }
  }

  #resourceProblem(type: number, name: string, creating: boolean): ApiError | null {
    switch (type) {
      case CONFIG_RESOURCE.topic: {
        if (creating) return null
        const problem = topicNameProblem(name)
        if (problem !== null) return failure('INVALID_TOPIC_EXCEPTION', problem)
        if (this.#image.topic(name) !== undefined) return null
        return failure('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`)
      }
      case CONFIG_RESOURCE.broker: {
        if (name === '') return null
        if (!/^-?\d{1,10}$/.test(name)) {
          return failure('INVALID_REQUEST', `Invalid broker name ${name}`)
        }
        if (this.#image.brokers.has(Number(name))) return null
        return failure('BROKER_ID_NOT_REGISTERED', `No broker with id ${name} found.`)
      }
      case CONFIG_RESOURCE.group:
        if (name !== '') return null
        return failure('INVALID_REQUEST', 'Default group resources are not allowed.')
      case CONFIG_RESOURCE.clientMetrics:
        if (name !== '') return null
        return failure('INVALID_REQUEST', "Subscription name can't be empty")
      default:
        return failure('INVALID_REQUEST', `Unknown resource type ${type}`)
    }
  }

  /** Null if done. Changes `overrides`. */
  #applyOperation(
    resourceType: number,
    overrides: Map<string, string>,
    { name, operation, value }: ConfigOperation,
  ): string | null {
    if (operation === 'delete') {
      overrides.delete(name)
      return null
    }
    const given = value ?? ''
    if (operation === 'set') {
      overrides.set(name, given)
      return null
    }
    const isList =
      resourceType === CONFIG_RESOURCE.clientMetrics
        ? isClientMetricsList(name)
        : this.#rules.isList(resourceType, name)
    if (!isList) {
      return `Can't ${operation.toUpperCase()} to key ${name} because its type is not LIST.`
    }
    const current = overrides.get(name) ?? this.#rules.inherited(resourceType, name) ?? ''
    const items = new Set(splitList(current))
    for (const item of splitList(given)) {
      if (operation === 'append') items.add(item)
      else items.delete(item)
    }
    overrides.set(name, [...items].join(','))
    return null
  }
}

function refused(error: ApiError): ConfigDecision {
  return { error, records: [] }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}

function difference(
  { resourceType, resourceName }: ConfigChange,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): ConfigRecord[] {
  const records: ConfigRecord[] = []
  const add = (key: string, value: string | null) =>
    records.push({ kind: 'config', resourceType, resourceName, key, value })
  for (const [key, value] of after) {
    if (before.get(key) !== value) add(key, value)
  }
  for (const key of before.keys()) {
    if (!after.has(key)) add(key, null)
  }
  return records
}
