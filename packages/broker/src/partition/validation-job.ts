// The worker job that validates a produced batch which is too much for the event loop.

import { defineWorkerJob } from '@weir/core'
import {
  type RecordValidationOptions,
  type ValidationOutcome,
  validateProducedRecords,
} from '@weir/protocol'

export interface ValidationInput {
  readonly bytes: Uint8Array
  readonly options: RecordValidationOptions
  readonly nowMs: number
}

export const validationJob = defineWorkerJob<ValidationInput, ValidationOutcome>({
  module: import.meta.url,
  name: 'validationJob',
  run(_context, { bytes, options, nowMs }) {
    const records = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const unlimited = {
      ...options,
      inlineBatchBytes: Number.POSITIVE_INFINITY,
      inlineInputBytes: Number.POSITIVE_INFINITY,
      inlineOutputBytes: Number.POSITIVE_INFINITY,
    }
    return validateProducedRecords(records, unlimited, nowMs)
  },
})
