import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'
import t from 'tap'
import {
  decodeConfigChange,
  decodeEntryValue,
  decodeHardState,
  decodeSnapshotMeta,
  encodeConfigChange,
  encodeEntryValue,
  encodeHardState,
  encodeSnapshotMeta,
} from './codec.ts'
import { bootstrapSnapshot } from './confchange.ts'
import { DESCRIPTOR } from './descriptor.ts'
import { decodeMessage, encodeMessage } from './message-codec.ts'
import { RaftCodecError } from './protobuf-messages.ts'
import {
  decodeTransportRequest,
  decodeTransportResponse,
  encodeTransportRequest,
  encodeTransportResponse,
} from './transport-codec.ts'
import type { Message } from './types.ts'

const LARGEST = Number.MAX_SAFE_INTEGER
const snapshot = {
  ...bootstrapSnapshot([{ id: 1, directoryId: 'a', address: 'h:1' }]),
  index: LARGEST,
  bytes: 77,
}
const envelope = { from: 1, to: 2, term: LARGEST }
const data = Buffer.from('data')
const messages: readonly Message[] = [
  ...(['pre-vote', 'vote'] as const).map(type => ({
    ...envelope,
    type,
    lastIndex: 3,
    lastTerm: 4,
    isTransfer: true,
    commitIndex: 5,
    commitTerm: 6,
  })),
  ...(['pre-vote-reply', 'vote-reply'] as const).map(type => ({
    ...envelope,
    type,
    isGranted: true,
    commitIndex: 5,
    commitTerm: 6,
  })),
  {
    ...envelope,
    type: 'append',
    previousIndex: 8,
    previousTerm: 9,
    entries: [
      { index: 9, term: 9, kind: 'normal', data },
      { index: 10, term: 11, kind: 'empty', data: Buffer.alloc(0) },
    ],
    commitIndex: 7,
  },
  {
    ...envelope,
    type: 'append-reply',
    isRejected: true,
    index: 1,
    hintIndex: 2,
    hintTerm: 3,
    isDamaged: true,
  },
  { ...envelope, type: 'heartbeat', commitIndex: 1, readSequence: 2 },
  { ...envelope, type: 'heartbeat-reply', readSequence: 2, isDamaged: true },
  { ...envelope, type: 'snapshot', snapshot, offset: 10, data, isLast: true },
  { ...envelope, type: 'snapshot-reply', index: 1, nextOffset: 2 },
  { ...envelope, type: 'timeout-now' },
  { ...envelope, type: 'read', context: 9 },
  { ...envelope, type: 'read-reply', context: 9, index: 8 },
  { ...envelope, type: 'observe', lastIndex: 4 },
]

for (const message of messages)
  t.test(`a ${message.type} comes back from its bytes as it was`, async t => {
    t.same(decodeMessage(encodeMessage(message)), message)
  })

t.test('what is written to disk comes back as it was', async t => {
  const hardState = { term: 5, vote: null, commitIndex: 4, acked: { term: 5, index: LARGEST } }
  t.same(decodeHardState(encodeHardState(hardState)), hardState)
  t.same(decodeHardState(encodeHardState({ ...hardState, vote: 3 })), { ...hardState, vote: 3 })
  t.same(decodeSnapshotMeta(encodeSnapshotMeta(snapshot)), snapshot)
  const member = { id: 4, directoryId: 'd', address: '' }
  const change = { changes: [{ kind: 'remove' as const, member }] }
  t.same(decodeConfigChange(encodeConfigChange(change)), change)
  const entry = { index: 1, term: 1, kind: 'config' as const, data }
  t.same(decodeEntryValue(encodeEntryValue(entry)), entry)
})

t.test('what travels around the messages comes back as it was', async t => {
  const hello = {
    version: 1,
    clusterId: 'c',
    nodeId: 1,
    directoryId: 'd',
    toNodeId: 2,
    address: 'h:1',
    voters: [1, 2, 300],
    processId: 'p',
  }
  const request = { hello, messages: [...messages], isPoll: true }
  t.same(decodeTransportRequest(encodeTransportRequest(request)), request)
  const nothing = { hello: null, messages: [], isPoll: false }
  t.same(decodeTransportRequest(encodeTransportRequest(nothing)), nothing)
  const reply = {
    refusal: 'no',
    refusalKind: 'rival' as const,
    clusterId: '',
    nodeId: 3,
    directoryId: 'e',
    voters: [],
    processId: 'q',
  }
  const response = { hello: reply, messages: [...messages] }
  t.same(decodeTransportResponse(encodeTransportResponse(response)), response)
})

t.test('the bytes are what the library itself reads and writes', async t => {
  const root = protobuf.Root.fromJSON(DESCRIPTOR)
  const request = root.lookupType('weir.raft.TransportRequest')
  const ours = encodeTransportRequest({ hello: null, messages: [...messages], isPoll: true })
  const theirs = Buffer.from(request.encode(request.decode(ours)).finish())
  t.same(decodeTransportRequest(theirs), decodeTransportRequest(ours))
  const meta = root.lookupType('weir.raft.Snapshot')
  const bytes = Buffer.from(meta.encode(meta.decode(encodeSnapshotMeta(snapshot))).finish())
  t.same(decodeSnapshotMeta(bytes), snapshot)
})

t.test('a number of 2^53 or more is refused, not rounded', async t => {
  const type = protobuf.Root.fromJSON(DESCRIPTOR).lookupType('weir.raft.Message')
  for (const term of ['9007199254740992', '18446744073709551615']) {
    const bytes = Buffer.from(type.encode(type.fromObject({ type: 6, term })).finish())
    t.throws(() => decodeMessage(bytes), RaftCodecError, term)
  }
})

t.test('bytes that are no message are a RaftCodecError', async t => {
  const good = encodeMessage(messages[4]!)
  let refused = 0
  for (let i = 0; i < good.length; i++)
    for (const bit of [1, 16, 128]) {
      const bad = Buffer.from(good)
      bad[i]! ^= bit
      try {
        decodeMessage(bad)
      } catch (error) {
        refused++
        if (!(error instanceof RaftCodecError)) t.fail(`byte ${i}: ${String(error)}`)
      }
    }
  t.ok(refused > 10, `${refused} were refused`)
  t.throws(() => decodeMessage(Buffer.from([0xff, 0xff])), RaftCodecError)
  t.throws(() => decodeEntryValue(Buffer.alloc(0)), RaftCodecError)
})

t.test('src/descriptor.ts is what proto/raft.proto says', async t => {
  const here = dirname(fileURLToPath(import.meta.url))
  const text = readFileSync(join(here, '..', 'proto', 'raft.proto'), 'utf8')
  t.same(DESCRIPTOR, JSON.parse(JSON.stringify(protobuf.parse(text).root.toJSON())))
})
