// The consensus core: a pure state machine, its values and their bytes.

export {
  decodeEntryValue,
  decodeHardState,
  decodeMessage,
  decodeSnapshotMeta,
  encodeEntryValue,
  encodeHardState,
  encodeMessage,
  encodeSnapshotMeta,
} from './codec.ts'
export { bootstrapSnapshot, changeMembership, EMPTY_MEMBERSHIP, isJoint } from './confchange.ts'
export { Progress } from './progress.ts'
export { RaftCodecError } from './protobuf-messages.ts'
export { Raft } from './raft.ts'
export { entryBytes, isAhead, RaftLog } from './raft-log.ts'
export { ReadQueue } from './read-index.ts'
export { type RaftLimits, type RaftOptions, RaftState } from './state.ts'
export { Tracker } from './tracker.ts'
export {
  decodeTransportRequest,
  decodeTransportResponse,
  encodeTransportRequest,
  encodeTransportResponse,
  type Hello,
  type HelloReply,
  type TransportRequest,
  type TransportResponse,
} from './transport-codec.ts'
export type {
  ConfigChange,
  Entry,
  EntryKind,
  HardState,
  Member,
  MemberChange,
  MemberStatus,
  Membership,
  Message,
  MessageType,
  Position,
  ProposeOutcome,
  RaftStatus,
  ReadState,
  Ready,
  RefusalReason,
  Role,
  SnapshotChunk,
  SnapshotMeta,
} from './types.ts'
export { UncommittedBudget } from './uncommitted-budget.ts'
