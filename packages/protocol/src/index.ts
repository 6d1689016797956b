// What other packages use. The definitions of the APIs come whole: each is its table and four types
// that follow from it (`ProduceRequest` and `ProduceResponse` as decoded, `...Init` as encoded).

export { apiByKey } from './apis.ts'
export { decodeMessage, encodeToBuffer } from './codec.ts'
export { type Codec, codecOfId, compress } from './compression/compression.ts'
export { crc32c } from './crc32c.ts'
// biome-ignore lint/performance/noReExportAll: 445 names of one pattern.
export * from './definitions/index.ts'
export {
  type ConsumerProtocolSubscription,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from './embedded/consumer-protocol.ts'
export { defaultPrincipalData } from './embedded/principal-data.ts'
export {
  type ErrorName,
  errorCode,
  errorCodes,
  errorName,
  errorText,
  isErrorName,
  KafkaError,
} from './error-codes.ts'
export {
  type DecodedRequestHeader,
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestFrame,
  encodeResponseFrame,
  FRAME_SIZE_BYTES,
} from './frames.ts'
export { offsetsTopicRecords } from './internal-topics/index.ts'
export {
  decodeRecordKey,
  decodeRecordValue,
  encodeRecordKey,
  encodeRecordValue,
  recordTypeOf,
} from './internal-topics/topic-record.ts'
export { DecodeError, Reader } from './reader.ts'
export {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCrc,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLastSequence,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeInBytes,
  CODEC_MASK,
  codecOf,
  DELETE_HORIZON_BIT,
  hasDeleteHorizon,
  isControl,
  isLogAppendTime,
  isTransactional,
  LOG_OVERHEAD,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchLogAppendTime,
  verifyBatchCrc,
  writeBatchCrc,
  writeBatchHeader,
} from './record-batch.ts'
export {
  buildRecordBatch,
  type NewRecord,
  RecordBatchBuilder,
  type RecordBatchOptions,
} from './record-batch-builder.ts'
export {
  type RecordValidationOptions,
  type ValidationOutcome,
  validateProducedRecords,
} from './record-validation.ts'
export { RecordWalker } from './record-walker.ts'
export {
  batchPayload,
  batchPositions,
  DEFAULT_DECOMPRESSION_LIMIT_BYTES,
  type DecodedRecord,
  forEachRecord,
  records,
} from './records.ts'
export { RecordsError } from './records-error.ts'
export type {
  ApiDefinition,
  Decoded,
  DecodedFields,
  Field,
  Fields,
  Init,
  InitFields,
  Message,
} from './schema.ts'
export { api, array, bool, bytes, int16, int32, int64, uuid } from './schema.ts'
export { decodeVersioned, encodeVersioned } from './versioned.ts'
