import t from 'tap'
import { murmur2, partitionOfKey } from './murmur2.ts'

// The vectors of Kafka's own UtilsTest.
const CASES: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

t.test("murmur2 gives what Kafka's Java client computes", async t => {
  for (const [text, expected] of CASES) t.equal(murmur2(Buffer.from(text)), expected, text)
})

t.test('the partition of a key is within the partitions', async t => {
  for (let i = 0; i < 1000; i++) {
    const partition = partitionOfKey(Buffer.from(`key-${i}`), 7)
    t.ok(partition >= 0 && partition < 7)
  }
})
