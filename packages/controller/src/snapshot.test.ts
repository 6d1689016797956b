// The bytes of metadata: what is written is read back, what is damaged is refused.

import t from 'tap'
import {
  CONFIG_RESOURCE,
  decodeMetadataBatch,
  decodeSnapshot,
  encodeMetadataBatch,
  encodeSnapshot,
  MetadataFormatError,
  MetadataImage,
  type MetadataRecord,
} from './index.ts'

const partition: MetadataRecord = {
  kind: 'partition',
  topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
  partitionIndex: 0,
  replicas: [1, 2, 3],
  isr: [1],
  addingReplicas: [],
  removingReplicas: [],
  elr: [2],
  lastKnownElr: [],
  leader: -1,
  leaderRecoveryState: 1,
  leaderEpoch: 7,
  partitionEpoch: 9,
}

const everyKind: MetadataRecord[] = [
  { kind: 'clusterId', clusterId: 'cluster' },
  { kind: 'feature', name: 'metadata.version', level: 30 },
  {
    kind: 'registerBroker',
    brokerId: 1,
    brokerEpoch: 2 ** 52 + 1,
    incarnationId: 'i',
    endpoints: [
      { name: 'PLAINTEXT', host: '::1', port: 9092, securityProtocol: 0 },
      { name: 'OTHER', host: 'h', port: 65_535, securityProtocol: 0 },
    ],
    rack: null,
    directoryIds: ['a', 'b'],
    fenced: true,
    inControlledShutdown: false,
    isSuspect: true,
  },
  { kind: 'topic', name: '__proto__', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' },
  partition,
  {
    kind: 'config',
    resourceType: CONFIG_RESOURCE.topic,
    resourceName: '__proto__',
    key: 'constructor',
    value: '',
  },
  { kind: 'producerIds', nextProducerId: 5000 },
]

t.test('every kind of record is read as it was written', t => {
  const records: MetadataRecord[] = [
    ...everyKind,
    { kind: 'config', resourceType: 4, resourceName: '', key: 'k', value: null },
    { kind: 'removeTopic', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' },
    { kind: 'unregisterBroker', brokerId: 1 },
  ]
  t.same(decodeMetadataBatch(encodeMetadataBatch(records)), records)
  t.end()
})

t.test('a snapshot makes the same image', t => {
  const image = new MetadataImage()
  for (const record of everyKind) image.replay(record)
  const snapshot = decodeSnapshot(encodeSnapshot(image, 42, 3))
  t.equal(snapshot.endOffset, 42)
  t.equal(snapshot.epoch, 3)
  t.same(snapshot.records, everyKind)
  t.end()
})

t.test('each flipped byte and each cut of a snapshot is noticed', t => {
  const image = new MetadataImage()
  for (const record of everyKind) image.replay(record)
  const bytes = encodeSnapshot(image, 42, 3)
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes)
    damaged[at]! ^= 0x10
    t.throws(() => decodeSnapshot(damaged), MetadataFormatError, `flip at ${at}`)
    t.throws(() => decodeSnapshot(bytes.subarray(0, at)), MetadataFormatError, `cut at ${at}`)
  }
  t.end()
})

t.test('a record of a newer version is refused, an unknown field is skipped', t => {
  // Field 1 of the batch: a record that holds the unknown kind 99, empty.
  t.throws(() => decodeMetadataBatch(Buffer.from([0x0a, 0x03, 0x9a, 0x06, 0x00])), /newer version/)
  // Kind 8 (unregisterBroker) with brokerId 5 and an unknown field 2.
  t.same(decodeMetadataBatch(Buffer.from([0x0a, 0x06, 0x42, 0x04, 0x08, 0x05, 0x10, 0x01])), [
    { kind: 'unregisterBroker', brokerId: 5 },
  ])
  t.end()
})

t.test('hostile bytes give the format error and nothing else', t => {
  let state = 12_345
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 16
  }
  const good = encodeMetadataBatch(everyKind)
  for (let round = 0; round < 5_000; round++) {
    const bytes = Buffer.from(good)
    for (let flips = 1 + (random() % 4); flips > 0; flips--) {
      bytes[random() % bytes.length] = random() & 0xff
    }
    try {
      decodeMetadataBatch(bytes)
    } catch (error) {
      if (!(error instanceof MetadataFormatError)) t.fail(`round ${round}: ${error}`)
    }
  }
  t.pass('5,000 rounds')
  t.end()
})
