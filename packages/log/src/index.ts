export { type AcceptedLoss, acceptLoss } from './inspect/accept-loss.ts'
export {
  type DumpedBatch,
  dumpSegment,
  dumpSmallFile,
  type FileDump,
} from './inspect/dump-file.ts'
export {
  type DirectoryReport,
  inspectDataDirectory,
  type LogReport,
} from './inspect/inspect-directory.ts'
export { Log } from './log.ts'
export { type LogDirectoryStatus, LogManager, type LogManagerOptions } from './log-manager.ts'
export type { LogMove, MoveRefusal } from './log-moves.ts'
export {
  type AbortedTransaction,
  type ActiveProducer,
  type Appended,
  type AppendOptions,
  type AppendOrigin,
  type AppendOutcome,
  type DamagedRange,
  DEFAULT_LOG_CONFIG,
  type EpochEndOffset,
  type Failed,
  type LogConfig,
  type LogErrorName,
  type LogFailure,
  type LogListener,
  type ReadOutcome,
  type ReadRequest,
  type ReadResult,
  type TimestampAndOffset,
} from './log-types.ts'
