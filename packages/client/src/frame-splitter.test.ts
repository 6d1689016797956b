import fc from 'fast-check'
import t from 'tap'
import { FrameSplitter } from './frame-splitter.ts'

function framed(payload: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(payload.length)
  return Buffer.concat([size, payload])
}

t.test('frames come out whole and in order, however the bytes were cut', async t => {
  const payloads = fc.array(fc.uint8Array({ minLength: 4, maxLength: 60 }), { maxLength: 20 })
  const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(payloads, cuts, (list, sizes) => {
      const wanted = list.map(payload => Buffer.from(payload))
      const stream = Buffer.concat(wanted.map(framed))
      const splitter = new FrameSplitter()
      const frames: Buffer[] = []
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        const isSound = splitter.push(stream.subarray(at, at + size), frame => frames.push(frame))
        if (!isSound) return false
        at += size
      }
      return frames.length === wanted.length && frames.every((f, i) => f.equals(wanted[i]!))
    }),
    { numRuns: 200 },
  )
  t.pass('200 streams')
})

t.test('a size that no broker sends is refused', async t => {
  for (const size of [-1, 0, 3, 0x7fffffff]) {
    const bytes = Buffer.alloc(8)
    bytes.writeInt32BE(size)
    t.equal(
      new FrameSplitter().push(bytes, () => {}),
      false,
      `size ${size}`,
    )
  }
})
