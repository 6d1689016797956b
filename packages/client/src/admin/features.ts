// Features: what the brokers could do, and what the cluster has agreed on.
import { apiVersionsApi, type Decoded, updateFeaturesApi } from '@weir/protocol'
import type { Cluster, Target } from '../cluster.ts'
import { checkCode } from '../errors.ts'
import { requestTimed } from './timed-request.ts'

export interface Feature {
  readonly name: string
  /** What the asked broker supports. */
  readonly minVersion: number
  readonly maxVersion: number
  /** What the cluster works with; 0 if the feature is off. */
  readonly finalizedVersion: number
}

export interface DescribedFeatures {
  /** Grows with each change; -1 if not known. */
  readonly epoch: number
  /** Sorted by name. */
  readonly features: readonly Feature[]
}

type Answer = Decoded<typeof apiVersionsApi.response>

export async function describeFeatures(
  cluster: Cluster,
  target: Target = 'any',
): Promise<DescribedFeatures> {
  const answer: Answer = await cluster.retry(() =>
    cluster.request(target, apiVersionsApi, {
      clientSoftwareName: 'weir',
      clientSoftwareVersion: '1.0.0',
    }),
  )
  checkCode(answer.errorCode, 'the features')
  const finalized = new Map(
    answer.finalizedFeatures.map(feature => [feature.name, feature.maxVersionLevel]),
  )
  const features = answer.supportedFeatures.map(({ name, minVersion, maxVersion }) => {
    return { name, minVersion, maxVersion, finalizedVersion: finalized.get(name) ?? 0 }
  })
  features.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { epoch: answer.finalizedFeaturesEpoch, features }
}

/** Kafka's numbers of how a level may change. */
const FEATURE_UPDATE_TYPES = {
  upgrade: 1,
  'safe-downgrade': 2,
  'unsafe-downgrade': 3,
} as const

export interface FeatureUpdate {
  readonly name: string
  /** 0 turns the feature off. */
  readonly version: number
  readonly type: keyof typeof FEATURE_UPDATE_TYPES
}

/** All of them or none. Throws KafkaError. */
export async function updateFeatures(
  cluster: Cluster,
  updates: readonly FeatureUpdate[],
  options: { readonly validateOnly?: boolean } = {},
): Promise<void> {
  const answer = await cluster.retry(async () => {
    const given = await requestTimed(cluster, 'controller', updateFeaturesApi, timeoutMs => ({
      timeoutMs,
      featureUpdates: updates.map(({ name, version, type }) => ({
        feature: name,
        maxVersionLevel: version,
        upgradeType: FEATURE_UPDATE_TYPES[type],
      })),
      validateOnly: options.validateOnly ?? false,
    }))
    checkCode(given.errorCode, 'the features', given.errorMessage)
    return given
  })
  for (const { feature, errorCode, errorMessage } of answer.results ?? []) {
    checkCode(errorCode, `feature ${feature}`, errorMessage)
  }
}
