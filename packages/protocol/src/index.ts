export {
  type Codec,
  codecOfId,
  compress,
  decompress,
  idOfCodec,
} from './compression/compression.ts'
export { crc32c } from './crc32c.ts'
export {
  type BatchHeader,
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
  CONTROL_BIT,
  codecOf,
  DELETE_HORIZON_BIT,
  hasDeleteHorizon,
  isControl,
  isLogAppendTime,
  isTransactional,
  LOG_APPEND_TIME_BIT,
  LOG_OVERHEAD,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchLogAppendTime,
  setBatchMaxTimestamp,
  TRANSACTIONAL_BIT,
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
  type RecordError,
  type RecordValidationOptions,
  type ValidationError,
  type ValidationOutcome,
  validateProducedRecords,
} from './record-validation.ts'
export {
  type RecordHeader,
  RecordWalker,
} from './record-walker.ts'
export {
  batchPayload,
  batchPositions,
  DEFAULT_DECOMPRESSION_LIMIT_BYTES,
  type DecodedRecord,
  forEachRecord,
  records,
} from './records.ts'
export {
  OutputLimitError,
  RecordsError,
} from './records-error.ts'
