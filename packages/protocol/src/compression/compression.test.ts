// The codecs: round trips, budgets, and damage that must end in an error of ours.

import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { OutputLimitError, RecordsError } from '../records-error.ts'
import { type Codec, compress, decompress } from './compression.ts'
import { compressLz4, decompressLz4 } from './lz4.ts'
import { xxhash32 } from './xxhash32.ts'
import { zstdOutputBound } from './zstd-frame.ts'

const codecs: readonly Codec[] = ['gzip', 'snappy', 'lz4', 'zstd']

/** Text, repetition and noise in one: literals, near and far copies. */
function sample(bytes: number): Buffer {
  const chunks: Buffer[] = []
  for (let total = 0; total < bytes; total += 1000) {
    chunks.push(randomBytes(200), Buffer.alloc(300, 'abcdefg'), Buffer.alloc(500, total % 251))
  }
  return Buffer.concat(chunks).subarray(0, bytes)
}

t.test('everything comes back, within the budget and not beyond', async t => {
  for (const codec of codecs) {
    for (const bytes of [0, 1, 13, 1000, 65_535, 65_536, 65_537, 300_000]) {
      const plain = sample(bytes)
      const packed = compress(codec, null, plain)
      t.ok(decompress(codec, packed, bytes).equals(plain), `${codec} ${bytes}`)
      if (bytes < 2) continue
      t.throws(() => decompress(codec, packed, bytes - 1), OutputLimitError, `${codec} ${bytes}`)
    }
  }
})

t.test('any bytes survive any codec', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...codecs), fc.uint8Array({ maxLength: 3000 }), (codec, bytes) => {
      const plain = Buffer.from(bytes)
      return decompress(codec, compress(codec, null, plain), plain.length).equals(plain)
    }),
    { numRuns: 100 },
  )
})

t.test('damage ends in RecordsError, however the bytes are changed', async t => {
  let failures = 0
  const packed = codecs.map(codec => ({ codec, bytes: compress(codec, null, sample(3000)) }))
  fc.assert(
    fc.property(
      fc.constantFrom(...packed),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
      fc.nat(),
      ({ codec, bytes }, changes, length) => {
        const copy = Buffer.from(bytes.subarray(0, 1 + (length % bytes.length)))
        for (const [at, value] of changes) copy[at % copy.length] = value
        try {
          decompress(codec, copy, 10_000)
        } catch (error) {
          failures++
          if (!(error instanceof RecordsError)) throw error
        }
      },
    ),
    { numRuns: 3000 },
  )
  t.ok(failures > 1000)
})

t.test('a bomb costs no more than its budget', async t => {
  const zeros = Buffer.alloc(64 * 1024 * 1024)
  for (const codec of codecs) {
    const bomb = compress(codec, null, zeros)
    t.ok(bomb.length < zeros.length / 15, codec)
    t.throws(() => decompress(codec, bomb, 1024 * 1024), OutputLimitError, codec)
  }
})

t.test('lz4: linked blocks, dictionaries and wrong checksums are refused', async t => {
  const frame = compressLz4(Buffer.from('hello hello hello hello hello hello'))
  const patched = (flags: number) => {
    const copy = Buffer.from(frame)
    copy[4] = flags
    copy[6] = (xxhash32(copy, 4, 6) >>> 8) & 0xff
    return copy
  }
  t.throws(() => decompressLz4(patched(0x40), 100), /linked/)
  t.throws(() => decompressLz4(patched(0x61), 100), /dictionar/)
  t.throws(() => decompressLz4(patched(0xa0), 100), /version/)
  const wrongHeader = Buffer.from(frame)
  wrongHeader[6] = wrongHeader[6]! ^ 1
  t.throws(() => decompressLz4(wrongHeader, 100), /header checksum/)
})

t.test('lz4: checksums of blocks and content are verified', async t => {
  const plain = Buffer.from('0123456789'.repeat(5))
  const hash = Buffer.alloc(4)
  const build = (change: number) => {
    const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60 | 0x10 | 0x04, 0x40, 0])
    header[6] = (xxhash32(header, 4, 6) >>> 8) & 0xff
    const size = Buffer.alloc(4)
    size.writeUInt32LE((plain.length | 0x80000000) >>> 0)
    hash.writeUInt32LE((xxhash32(plain) ^ change) >>> 0)
    return Buffer.concat([header, size, plain, hash, Buffer.alloc(4), hash])
  }
  t.ok(decompressLz4(build(0), 100).equals(plain))
  t.throws(() => decompressLz4(build(1), 100), /checksum differs/)
})

t.test('xxhash32 has its published values', async t => {
  t.equal(xxhash32(Buffer.from('')), 0x02cc5d05)
  t.equal(xxhash32(Buffer.from('a')), 0x550d7456)
  t.equal(xxhash32(Buffer.from('Nobody inspects the spammish repetition')), 0xe2293b2f)
})

t.test('zstd: the bound of the walker is never below the output', async () => {
  fc.assert(
    fc.property(fc.nat(400_000), bytes => {
      const bound = zstdOutputBound(compress('zstd', 1, sample(bytes)))
      return bound.isExact ? bound.bytes === bytes : bound.bytes >= bytes
    }),
    { numRuns: 20 },
  )
})

t.test('zstd: an announced size that the blocks cannot hold takes no memory', async t => {
  // One frame, single segment, 8-byte size of 2^40, one empty raw block.
  const frame = Buffer.from('28b52ffde0000000000001000001000000'.slice(0, 34), 'hex')
  t.throws(() => decompress('zstd', frame, 2 ** 41), RecordsError)
})

t.test('snappy: a bare block is read like a framed one', async t => {
  const plain = Buffer.from('snappy snappy snappy snappy')
  const framed = compress('snappy', null, plain)
  t.ok(decompress('snappy', framed.subarray(20), 100).equals(plain))
})

t.test('gzip: several members are one stream', async t => {
  const two = Buffer.concat([gzipSync('one '), gzipSync('two')])
  t.equal(decompress('gzip', two, 100).toString(), 'one two')
})
