// Bytes of the messages between nodes, by the descriptor of proto/raft.proto: one protobuf message with
// fields that the types share. Decoding throws RaftCodecError and nothing else.

import { decodeEntries, encodeEntries, snapshotOf } from './codec.ts'
import { decode, encode, typeOf } from './protobuf-messages.ts'
import { bytes, integer, named } from './protobuf-values.ts'
import type { Entry, Message, MessageType, SnapshotMeta } from './types.ts'

const wireType = typeOf('Message')

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

/** Fields of the wire that hold a value of this type. */
type WireField<Value> = Value extends boolean
  ? 'flag' | 'isDamaged'
  : Value extends number
    ? 'index' | 'logTerm' | 'commitIndex' | 'hintIndex' | 'hintTerm' | 'sequence' | 'offset'
    : Value extends readonly Entry[]
      ? 'entries'
      : Value extends SnapshotMeta
        ? 'snapshot'
        : 'data'

type EnvelopeField = 'type' | 'from' | 'to' | 'term'
type WireFields<M extends Message> = {
  readonly [Name in Exclude<keyof M, EnvelopeField>]: WireField<M[Name]>
}

const VOTE = {
  lastIndex: 'index',
  lastTerm: 'logTerm',
  isTransfer: 'flag',
  commitIndex: 'commitIndex',
  commitTerm: 'hintTerm',
} as const

const VOTE_REPLY = {
  isGranted: 'flag',
  commitIndex: 'commitIndex',
  commitTerm: 'hintTerm',
} as const

/** Where the fields of each type travel. */
const WIRE_FIELDS: { readonly [T in MessageType]: WireFields<Message & { readonly type: T }> } = {
  'pre-vote': VOTE,
  'pre-vote-reply': VOTE_REPLY,
  vote: VOTE,
  'vote-reply': VOTE_REPLY,
  append: {
    previousIndex: 'index',
    previousTerm: 'logTerm',
    entries: 'entries',
    commitIndex: 'commitIndex',
  },
  'append-reply': {
    isRejected: 'flag',
    index: 'index',
    hintIndex: 'hintIndex',
    hintTerm: 'hintTerm',
    isDamaged: 'isDamaged',
  },
  heartbeat: { commitIndex: 'commitIndex', readSequence: 'sequence' },
  'heartbeat-reply': { readSequence: 'sequence', isDamaged: 'isDamaged' },
  snapshot: { snapshot: 'snapshot', offset: 'offset', data: 'data', isLast: 'flag' },
  'snapshot-reply': { index: 'index', nextOffset: 'offset' },
  'timeout-now': {},
  read: { context: 'sequence' },
  'read-reply': { context: 'sequence', index: 'index' },
  observe: { lastIndex: 'index' },
}

type AnyWireField = WireField<boolean | number | readonly Entry[] | SnapshotMeta | Buffer>

const isTrue = (value: unknown) => value === true

const READERS: { readonly [Name in AnyWireField]: (value: unknown) => unknown } = {
  index: integer,
  logTerm: integer,
  commitIndex: integer,
  hintIndex: integer,
  hintTerm: integer,
  sequence: integer,
  offset: integer,
  flag: isTrue,
  isDamaged: isTrue,
  entries: value => decodeEntries(bytes(value)),
  snapshot: snapshotOf,
  data: bytes,
}

/** As pairs: this is done for each message. */
const WIRE_PAIRS = new Map(
  Object.entries(WIRE_FIELDS).map(([type, fields]) => [
    type as MessageType,
    Object.entries(fields) as readonly (readonly [name: keyof Message, AnyWireField])[],
  ]),
)

function wirePairsOf(type: MessageType) {
  return WIRE_PAIRS.get(type) ?? []
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

export function encodeMessage(message: Message): Buffer {
  const { from, to, term } = message
  const type = MESSAGE_TYPES.indexOf(message.type)
  const wire: Record<string, unknown> = { type, from, to, term }
  for (const [name, wireField] of wirePairsOf(message.type)) wire[wireField] = message[name]
  if (message.type === 'append') wire['entries'] = cachedEntries(message.entries)
  return encode(wireType, wire)
}

/** Throws RaftCodecError. Buffers in the message are slices of `buffer`. */
export function decodeMessage(buffer: Buffer): Message {
  const wire = decode(wireType, buffer)
  const type = named(MESSAGE_TYPES, wire['type'], 'message type')
  const message: Record<string, unknown> = {
    type,
    from: integer(wire['from']),
    to: integer(wire['to']),
    term: integer(wire['term']),
  }
  for (const [name, wireField] of wirePairsOf(type)) {
    message[name] = READERS[wireField](wire[wireField])
  }
  return message as unknown as Message
}
