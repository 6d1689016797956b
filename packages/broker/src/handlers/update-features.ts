// UpdateFeatures, versions 0-2.
// v0 allowDowngrade; v1 upgrade types and validateOnly; v2 one error for all.
// Difference from Kafka: none known.

import {
  errorCode,
  errorText,
  type UpdateFeaturesRequest,
  type UpdateFeaturesResponseInit,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

const UPGRADE = 1
const SAFE_DOWNGRADE = 2

export async function handleUpdateFeatures(
  services: ControlServices,
  context: RequestContext,
  request: UpdateFeaturesRequest,
): Promise<UpdateFeaturesResponseInit> {
  const updates = request.featureUpdates.map(update => ({
    name: update.feature,
    maxVersionLevel: update.maxVersionLevel,
    upgradeType:
      context.apiVersion > 0
        ? update.upgradeType
        : update.allowDowngrade
          ? SAFE_DOWNGRADE
          : UPGRADE,
  }))
  const { error, message } = await services.controller.submit(active =>
    active.features.updateFeatures(updates, request.validateOnly),
  )
  const failure = {
    errorCode: errorCode(error),
    errorMessage: error === 'NONE' ? null : (message ?? errorText(error)),
  }
  const results = updates.map(({ name }) => ({ feature: name, ...failure }))
  return { ...failure, results: error === 'NONE' ? results : [] }
}

export function failUpdateFeatures(
  _request: UpdateFeaturesRequest,
  error: KafkaFailure,
): UpdateFeaturesResponseInit {
  return { errorCode: error.errorCode, errorMessage: error.message, results: [] }
}
