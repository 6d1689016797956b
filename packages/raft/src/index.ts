// The consensus core: a pure state machine, its values and their bytes.

export {
  decodeEntryValue,
  decodeHardState,
  decodeSnapshotMeta,
  encodeEntryValue,
  encodeHardState,
  encodeSnapshotMeta,
} from './codec.ts'
export { bootstrapSnapshot } from './confchange.ts'
export { decodeMessage, encodeMessage } from './message-codec.ts'
export { Progress } from './progress.ts'
export { RaftCodecError } from './protobuf-messages.ts'
export { Raft } from './raft.ts'
export { isAhead, RaftLog } from './raft-log.ts'
export { ReadQueue } from './read-index.ts'
export { type RaftLimits, RaftState } from './state.ts'
export { Tracker } from './tracker.ts'
export {
  decodeTransportRequest,
  decodeTransportResponse,
  encodeTransportRequest,
  encodeTransportResponse,
  type Hello,
  type HelloReply,
  type RefusalKind,
} from './transport-codec.ts'
export type {
  ConfigChange,
  Entry,
  HardState,
  Member,
  MemberChange,
  MemberStatus,
  Membership,
  Message,
  Position,
  ProposeOutcome,
  RaftStatus,
  ReadState,
  Ready,
  SnapshotChunk,
  SnapshotMeta,
} from './types.ts'
export { UncommittedBudget } from './uncommitted-budget.ts'
