// Frames come out as they went in, however the bytes are cut; sizes are checked before memory is used.

import t from 'tap'
import { FrameAssembler, FrameError } from './frame-assembler.ts'

function framed(payload: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(payload.length)
  return Buffer.concat([size, payload])
}

function takeAll(assembler: FrameAssembler): string[] {
  const frames: string[] = []
  for (let frame = assembler.take(); frame !== null; frame = assembler.take()) {
    frames.push(frame.toString())
  }
  return frames
}

const payloads = ['a', 'frame', 'x'.repeat(300), 'z']
const stream = Buffer.concat(payloads.map(payload => framed(Buffer.from(payload))))

for (const step of [1, 2, 3, 5, 7, 64, 301, stream.length]) {
  t.test(`frames cut into pieces of ${step} bytes are joined`, t => {
    const assembler = new FrameAssembler(1000)
    const frames: string[] = []
    for (let at = 0; at < stream.length; at += step) {
      assembler.push(stream.subarray(at, at + step))
      frames.push(...takeAll(assembler))
    }
    t.same(frames, payloads)
    t.equal(assembler.heldBytes, 0)
    t.end()
  })
}

t.test('a frame inside one chunk is not copied', t => {
  const assembler = new FrameAssembler(1000)
  assembler.push(stream)
  t.equal(assembler.take()?.buffer, stream.buffer)
  t.end()
})

t.test('a frame in chunks that lie one behind the other in memory is not copied', t => {
  const bytes = Buffer.alloc(4 + 100)
  bytes.writeInt32BE(100)
  const assembler = new FrameAssembler(1_000)
  for (let at = 0; at < bytes.length; at += 8) assembler.push(bytes.subarray(at, at + 8))
  const frame = assembler.take()
  t.equal(frame?.length, 100)
  t.equal(frame?.buffer, bytes.buffer)
  t.equal(frame?.byteOffset, bytes.byteOffset + 4)
  t.equal(assembler.heldBytes, 0)
  t.end()
})

t.test('an announced size takes no memory before its bytes are there', t => {
  const assembler = new FrameAssembler(2 ** 31 - 1)
  const size = Buffer.alloc(5)
  size.writeInt32BE(2 ** 31 - 1)
  assembler.push(size)
  t.equal(assembler.take(), null)
  t.equal(assembler.heldBytes, 1)
  t.end()
})

for (const { name, size } of [
  { name: 'zero', size: 0 },
  { name: 'negative', size: -1 },
  { name: 'the smallest', size: -(2 ** 31) },
  { name: 'one too large', size: 1001 },
  { name: 'an HTTP request', size: 0x47455420 },
]) {
  t.test(`a frame size that is ${name} is refused`, t => {
    const assembler = new FrameAssembler(1000)
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(size)
    assembler.push(bytes)
    t.throws(() => assembler.take(), FrameError)
    t.end()
  })
}

t.test('exactly the largest size is taken', t => {
  const assembler = new FrameAssembler(1000)
  assembler.push(framed(Buffer.alloc(1000)))
  t.equal(assembler.take()?.length, 1000)
  t.end()
})

for (const step of [100_000, 262_144, 1_000_003]) {
  t.test(`a large frame between others is joined as it comes, ${step} bytes at a time`, t => {
    const large = Buffer.alloc(5 * 1024 * 1024, 'large')
    const all = [Buffer.from('before'), large, Buffer.from('after'), large, Buffer.from('end')]
    const bytes = Buffer.concat(all.map(framed))
    const assembler = new FrameAssembler(large.length)
    const frames: Buffer[] = []
    let joinedChunks = 0
    for (let at = 0; at < bytes.length; at += step) {
      // Each in memory of its own, as small reads are.
      assembler.push(Buffer.from(bytes.subarray(at, at + step)))
      for (let frame = assembler.take(); frame !== null; frame = assembler.take()) {
        frames.push(frame)
      }
      if (assembler.isJoining) joinedChunks++
    }
    t.ok(joinedChunks > 6, 'most of it did not wait for its end')
    t.ok(all.every((expected, index) => frames[index]?.equals(expected)))
    t.equal(frames.length, all.length)
    t.equal(assembler.heldBytes, 0)
    t.notOk(assembler.isJoining)
    t.end()
  })
}
