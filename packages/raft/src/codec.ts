// Bytes of what is written to disk, by the descriptor of proto/raft.proto; messages between nodes are
// made of the same (message-codec.ts).
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
  SnapshotMeta,
} from './types.ts'

const types = {
  entries: typeOf('Entries'),
  hardState: typeOf('HardState'),
  configChange: typeOf('ConfigChange'),
  snapshot: typeOf('Snapshot'),
}

const ENTRY_KINDS: readonly EntryKind[] = ['normal', 'config', 'empty']
const CHANGE_KINDS: readonly ConfigChangeKind[] = ['add-voter', 'add-learner', 'remove']
// --- Entries ---

export function encodeEntries(entries: readonly Entry[]): Buffer {
  return encode(types.entries, {
    entries: entries.map(entry => ({ ...entry, kind: ENTRY_KINDS.indexOf(entry.kind) })),
  })
}

/** Throws RaftCodecError. */
export function decodeEntries(buffer: Buffer): Entry[] {
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

// --- Hard state, memberships, snapshots ---

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

/** Of a decoded protobuf message. */
export function snapshotOf(value: unknown): SnapshotMeta {
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
