// Features and their finalised levels. A feature is in this table once it works, no sooner.

import { type EffectiveSettings, MIN_INSYNC_REPLICAS } from './effective-settings.ts'
import type { MetadataImage } from './image.ts'
import { CONFIG_RESOURCE, type MetadataRecord } from './records.ts'
import { type ApiError, type Decision, type FeatureUpdate, failure, NO_ERROR } from './requests.ts'

export interface SupportedFeature {
  readonly name: string
  readonly minLevel: number
  readonly maxLevel: number
  /** What a new cluster finalises; 0 for nothing. */
  readonly defaultLevel: number
}

/** metadata.version 30 is Kafka 4.3's; Weir writes its metadata in no older form. */
export const SUPPORTED_FEATURES: readonly SupportedFeature[] = [
  { name: 'metadata.version', minLevel: 30, maxLevel: 30, defaultLevel: 30 },
  { name: 'group.version', minLevel: 0, maxLevel: 1, defaultLevel: 1 },
  // Never off: the controller knows no other way to elect leaders.
  { name: 'eligible.leader.replicas.version', minLevel: 1, maxLevel: 1, defaultLevel: 1 },
]

const DOWNGRADES: ReadonlySet<number> = new Set([2, 3])

export class FeatureControl {
  readonly #image: MetadataImage
  readonly #nodeId: number
  readonly #settings: EffectiveSettings

  /** `nodeId` is named in messages. */
  constructor(image: MetadataImage, nodeId: number, settings: EffectiveSettings) {
    this.#image = image
    this.#nodeId = nodeId
    this.#settings = settings
  }

  /**
   * The records that finalise what a new cluster begins with; none when that is done. What an operator
   * has taken out since stays out.
   */
  finaliseDefaults(): MetadataRecord[] {
    if (this.#image.features.size > 0) return []
    const features: MetadataRecord[] = SUPPORTED_FEATURES.filter(
      ({ name, defaultLevel }) => defaultLevel > (this.#image.features.get(name) ?? 0),
    ).map(({ name, defaultLevel }) => ({ kind: 'feature', name, level: defaultLevel }))
    return [...features, ...this.#commonMinimum()]
  }

  /** Who is eligible depends on min.insync.replicas: all nodes have to go by the same one. */
  #commonMinimum(): MetadataRecord[] {
    const resource = { resourceType: CONFIG_RESOURCE.broker, resourceName: '' }
    if (this.#image.configs(resource.resourceType, '').has(MIN_INSYNC_REPLICAS)) return []
    const value = String(this.#settings.defaultMinInsyncReplicas())
    return [{ kind: 'config', ...resource, key: MIN_INSYNC_REPLICAS, value }]
  }

  /** All updates or none: the first problem is the answer, as in Kafka 4. */
  updateFeatures(updates: readonly FeatureUpdate[], validateOnly: boolean): Decision<ApiError> {
    const records: MetadataRecord[] = []
    for (const update of updates) {
      const error = this.#problem(update)
      if (error !== null) return { records: [], response: error }
      if (this.#image.features.get(update.name) === update.maxVersionLevel) continue
      records.push({ kind: 'feature', name: update.name, level: update.maxVersionLevel })
    }
    return { records: validateOnly ? [] : records, response: NO_ERROR }
  }

  #problem({ name, maxVersionLevel, upgradeType }: FeatureUpdate): ApiError | null {
    const invalid = (reason: string) =>
      failure(
        'INVALID_UPDATE_VERSION',
        `Invalid update version ${maxVersionLevel} for feature ${name}. ${reason}`,
      )
    const supported = SUPPORTED_FEATURES.find(feature => feature.name === name)
    if (supported === undefined) {
      return invalid(`Local controller ${this.#nodeId} does not support this feature.`)
    }
    if (![1, 2, 3].includes(upgradeType)) {
      return invalid(`The controller does not support the given upgrade type.`)
    }
    const current = this.#image.features.get(name) ?? 0
    if (maxVersionLevel < 0) return invalid('A feature version cannot be less than 0.')
    if (maxVersionLevel === current) return null
    if (maxVersionLevel < current && !DOWNGRADES.has(upgradeType)) {
      return invalid(
        `Can't downgrade the version of this feature without setting the upgrade type to either ` +
          `safe or unsafe downgrade.`,
      )
    }
    if (maxVersionLevel > current && DOWNGRADES.has(upgradeType)) {
      return invalid(`Can't downgrade to a newer version.`)
    }
    const mayBeZero = supported.minLevel === 0 && maxVersionLevel === 0
    if (
      !mayBeZero &&
      (maxVersionLevel < supported.minLevel || maxVersionLevel > supported.maxLevel)
    ) {
      return invalid(
        `Local controller ${this.#nodeId} only supports versions ${supported.minLevel}-${supported.maxLevel}`,
      )
    }
    return null
  }
}
