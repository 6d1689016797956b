import fc from 'fast-check'
import t from 'tap'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

t.test('chunks join to what was written, however small the slab is', t => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 })
  fc.assert(
    fc.property(pieces, fc.integer({ min: 0, max: 64 }), (values, slabBytes) => {
      const writer = new Writer(slabBytes)
      for (const value of values) writer.compactBytes(value)
      const reader = new Reader(Buffer.concat(writer.finish()))
      const found = values.map(() => reader.compactBytes())
      return reader.remaining === 0 && found.every((item, i) => item.equals(values[i]!))
    }),
  )
  t.end()
})

t.test('a sized section has its size in front, also over several slabs and chunks', t => {
  for (const slabBytes of [0, 1, 2, 5, 20, 128, 129, 130, 131, 200, 70_000]) {
    for (const size of [0, 1, 127, 128, 129, 5000, 20_000, 70_000]) {
      const writer = new Writer(slabBytes)
      writer.int8(7)
      const outer = writer.beginSized()
      writer.int8(1)
      const inner = writer.beginSized()
      for (let left = size; left > 0; left -= 100)
        writer.append(Buffer.alloc(Math.min(left, 100), 3))
      writer.endSized(inner)
      writer.append(Buffer.alloc(4096, 4))
      writer.endSized(outer)
      writer.int8(8)
      const { byteCount } = writer
      const whole = writer.finishJoined()
      t.equal(whole.length, byteCount)
      const reader = new Reader(whole)
      t.equal(reader.int8(), 7)
      const outerEnd = reader.unsignedVarint() + reader.offset
      t.equal(reader.int8(), 1)
      t.equal(reader.unsignedVarint(), size, `slab ${slabBytes} size ${size}`)
      reader.skip(size + 4096)
      t.equal(reader.offset, outerEnd)
      t.equal(reader.int8(), 8)
    }
  }
  t.end()
})

t.test('what was handed out is not touched by later messages', t => {
  const writer = new Writer()
  writer.string('first')
  const first = writer.finish()
  writer.string('second')
  writer.reset()
  writer.string('third')
  const third = writer.finish()
  t.equal(new Reader(Buffer.concat(first)).string(), 'first')
  t.equal(new Reader(Buffer.concat(third)).string(), 'third')
  t.end()
})

t.test('texts of all lengths and alphabets come back', t => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.string({ unit: 'binary-ascii', maxLength: 60 }),
  )
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 50 }), (value, slabBytes) => {
      const writer = new Writer(slabBytes)
      writer.string(value)
      writer.compactString(value)
      const reader = new Reader(writer.finishJoined())
      return reader.string() === value && reader.compactString() === value && reader.remaining === 0
    }),
  )
  t.end()
})
