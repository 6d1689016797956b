// Bytes of what is written and sent, by the descriptor of proto/raft.proto.
//
// Every number is checked: a term, index or id of 2^53 or more, or an unknown type, is a
// `RaftCodecError`, the only thing that decoding throws.

import { decode, encode, RaftCodecError, typeOf } from './protobuf-messages.ts'
import { bytes, integer, integers, list, named, raw } from './protobuf-values.ts'
import type {
  ConfigChange,
  ConfigChangeKind,
  Entry,
  EntryKind,
  HardState,
  Member,
  Membership,
  Message,
  MessageType,
  SnapshotMeta,
} from './types.ts'

const types = {
  entries: typeOf('Entries'),
  hardState: typeOf('HardState'),
  configChange: typeOf('ConfigChange'),
  snapshot: typeOf('Snapshot'),
  message: typeOf('Message'),
}

const ENTRY_KINDS: readonly EntryKind[] = ['normal', 'config', 'empty']
const CHANGE_KINDS: readonly ConfigChangeKind[] = ['add-voter', 'add-learner', 'remove']
/** The position in this list is the number on the wire: only add at the end. */
const MESSAGE_TYPES: readonly MessageType[] = [
  'pre-vote',
  'pre-vote-reply',
  'vote',
  'vote-reply',
  'append',
  'append-reply',
  'heartbeat',
  'heartbeat-reply',
  'snapshot',
  'snapshot-reply',
  'timeout-now',
  'read',
  'read-reply',
  'observe',
]

// --- Entries ---

function encodeEntries(entries: readonly Entry[]): Buffer {
  return encode(types.entries, {
    entries: entries.map(entry => ({ ...entry, kind: ENTRY_KINDS.indexOf(entry.kind) })),
  })
}

function decodeEntries(buffer: Buffer): Entry[] {
  return list(decode(types.entries, buffer)['entries']).map(item => {
    const entry = raw(item)
    return {
      index: integer(entry['index']),
      term: integer(entry['term']),
      kind: named(ENTRY_KINDS, entry['kind'], 'entry kind'),
      data: bytes(entry['data']),
    }
  })
}

/** The same list goes to many followers: its bytes are kept as long as the list. */
const encodedEntries = new WeakMap<readonly Entry[], Buffer>()

function cachedEntries(entries: readonly Entry[]): Buffer {
  const known = encodedEntries.get(entries)
  if (known !== undefined) return known
  const encoded = encodeEntries(entries)
  encodedEntries.set(entries, encoded)
  return encoded
}

// --- Small things ---

export function encodeHardState(state: HardState): Buffer {
  return encode(types.hardState, {
    term: state.term,
    vote: state.vote ?? 0,
    commitIndex: state.commitIndex,
    ackedTerm: state.acked.term,
    ackedIndex: state.acked.index,
  })
}

/** Throws RaftCodecError. */
export function decodeHardState(buffer: Buffer): HardState {
  const value = decode(types.hardState, buffer)
  const vote = integer(value['vote'])
  return {
    term: integer(value['term']),
    vote: vote === 0 ? null : vote,
    commitIndex: integer(value['commitIndex']),
    acked: { term: integer(value['ackedTerm']), index: integer(value['ackedIndex']) },
  }
}

function decodeMember(value: unknown): Member {
  const member = raw(value)
  return {
    id: integer(member['id']),
    directoryId: String(member['directoryId']),
    address: String(member['address']),
  }
}

export function encodeConfigChange(change: ConfigChange): Buffer {
  return encode(types.configChange, {
    changes: change.changes.map(one => ({
      kind: CHANGE_KINDS.indexOf(one.kind),
      member: one.member,
    })),
  })
}

/** Throws RaftCodecError. */
export function decodeConfigChange(buffer: Buffer): ConfigChange {
  const value = decode(types.configChange, buffer)
  return {
    changes: list(value['changes']).map(item => ({
      kind: named(CHANGE_KINDS, raw(item)['kind'], 'change kind'),
      member: decodeMember(raw(item)['member']),
    })),
  }
}

export function encodeSnapshotMeta(snapshot: SnapshotMeta): Buffer {
  return encode(types.snapshot, { ...snapshot })
}

/** Throws RaftCodecError. */
export function decodeSnapshotMeta(buffer: Buffer): SnapshotMeta {
  return snapshotOf(decode(types.snapshot, buffer))
}

function snapshotOf(value: unknown): SnapshotMeta {
  const snapshot = raw(value)
  return {
    index: integer(snapshot['index']),
    term: integer(snapshot['term']),
    membership: membershipOf(snapshot['membership']),
    bytes: integer(snapshot['bytes']),
  }
}

function membershipOf(value: unknown): Membership {
  const membership = raw(value)
  return {
    voters: integers(membership['voters']),
    outgoingVoters: integers(membership['outgoingVoters']),
    learners: integers(membership['learners']),
    nextLearners: integers(membership['nextLearners']),
    autoLeave: membership['autoLeave'] === true,
    members: list(membership['members']).map(decodeMember),
    retired: list(membership['retired']).map(decodeMember),
  }
}

// --- Messages ---

const ENTRY_HEADER_BYTES = 13

/**
 * The bytes of an entry in a log: its kind, term and index, then its data. Term and index are there
 * although the log has them too, since its checksums do not cover its own.
 */
export function encodeEntryValue(entry: Entry): Buffer {
  const value = Buffer.allocUnsafe(ENTRY_HEADER_BYTES + entry.data.length)
  value.writeUInt8(ENTRY_KINDS.indexOf(entry.kind), 0)
  value.writeUIntBE(entry.term, 1, 6)
  value.writeUIntBE(entry.index, 7, 6)
  entry.data.copy(value, ENTRY_HEADER_BYTES)
  return value
}

/** Throws RaftCodecError. The data is a slice of `value`. */
export function decodeEntryValue(value: Buffer): Entry {
  if (value.length < ENTRY_HEADER_BYTES) throw new RaftCodecError('an entry without its header')
  return {
    kind: named(ENTRY_KINDS, value[0], 'entry kind'),
    term: value.readUIntBE(1, 6),
    index: value.readUIntBE(7, 6),
    data: value.subarray(ENTRY_HEADER_BYTES),
  }
}

/** The fields of proto/raft.proto that a message uses beside type, from, to and term. */
function fieldsOf(message: Message): Record<string, unknown> {
  switch (message.type) {
    case 'pre-vote':
    case 'vote':
      return {
        index: message.lastIndex,
        logTerm: message.lastTerm,
        flag: message.isTransfer,
        commitIndex: message.commitIndex,
        hintTerm: message.commitTerm,
      }
    case 'pre-vote-reply':
    case 'vote-reply':
      return {
        flag: message.isGranted,
        commitIndex: message.commitIndex,
        hintTerm: message.commitTerm,
      }
    case 'append':
      return {
        index: message.previousIndex,
        logTerm: message.previousTerm,
        entries: cachedEntries(message.entries),
        commitIndex: message.commitIndex,
      }
    case 'append-reply':
      return {
        flag: message.isRejected,
        index: message.index,
        hintIndex: message.hintIndex,
        hintTerm: message.hintTerm,
        isDamaged: message.isDamaged,
      }
    case 'heartbeat':
      return { commitIndex: message.commitIndex, sequence: message.readSequence }
    case 'heartbeat-reply':
      return { sequence: message.readSequence, isDamaged: message.isDamaged }
    case 'snapshot':
      return {
        snapshot: message.snapshot,
        offset: message.offset,
        data: message.data,
        flag: message.isLast,
      }
    case 'snapshot-reply':
      return { index: message.index, offset: message.nextOffset }
    case 'timeout-now':
      return {}
    case 'read':
      return { sequence: message.context }
    case 'read-reply':
      return { sequence: message.context, index: message.index }
    case 'observe':
      return { index: message.lastIndex }
  }
}

export function encodeMessage(message: Message): Buffer {
  const { from, to, term } = message
  const type = MESSAGE_TYPES.indexOf(message.type)
  return encode(types.message, { type, from, to, term, ...fieldsOf(message) })
}

/** Throws RaftCodecError. Buffers in the message are slices of `buffer`. */
export function decodeMessage(buffer: Buffer): Message {
  const value = decode(types.message, buffer)
  const type = named(MESSAGE_TYPES, value['type'], 'message type')
  const envelope = {
    from: integer(value['from']),
    to: integer(value['to']),
    term: integer(value['term']),
  }
  const index = integer(value['index'])
  const logTerm = integer(value['logTerm'])
  const sequence = integer(value['sequence'])
  const commitIndex = integer(value['commitIndex'])
  const offset = integer(value['offset'])
  const hintTerm = integer(value['hintTerm'])
  const flag = value['flag'] === true
  const isDamaged = value['isDamaged'] === true
  switch (type) {
    case 'pre-vote':
    case 'vote':
      return {
        type,
        ...envelope,
        lastIndex: index,
        lastTerm: logTerm,
        isTransfer: flag,
        commitIndex,
        commitTerm: hintTerm,
      }
    case 'pre-vote-reply':
    case 'vote-reply':
      return { type, ...envelope, isGranted: flag, commitIndex, commitTerm: hintTerm }
    case 'append':
      return {
        type,
        ...envelope,
        previousIndex: index,
        previousTerm: logTerm,
        entries: decodeEntries(bytes(value['entries'])),
        commitIndex,
      }
    case 'append-reply':
      return {
        type,
        ...envelope,
        isRejected: flag,
        index,
        hintIndex: integer(value['hintIndex']),
        hintTerm,
        isDamaged,
      }
    case 'heartbeat':
      return { type, ...envelope, commitIndex, readSequence: sequence }
    case 'heartbeat-reply':
      return { type, ...envelope, readSequence: sequence, isDamaged }
    case 'snapshot':
      return {
        type,
        ...envelope,
        snapshot: snapshotOf(value['snapshot']),
        offset,
        data: bytes(value['data']),
        isLast: flag,
      }
    case 'snapshot-reply':
      return { type, ...envelope, index, nextOffset: offset }
    case 'timeout-now':
      return { type, ...envelope }
    case 'read':
      return { type, ...envelope, context: sequence }
    case 'read-reply':
      return { type, ...envelope, context: sequence, index }
    case 'observe':
      return { type, ...envelope, lastIndex: index }
  }
}
