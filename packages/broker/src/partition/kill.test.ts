// kill -9 at any moment, with an idempotent producer that sends again what was not acknowledged: every
// acknowledged record is there, once, in order (P1 for a process that dies, P4).

import { SimRandom } from '@weir/core/sim'
import { buildRecordBatch, type FetchResponseInit, records } from '@weir/protocol'
import t from 'tap'
import { type Asked, DataPlane } from '../testing/data-plane.ts'

const LIVES = 6
const BATCHES_A_LIFE = 30
const IN_FLIGHT = 4

interface Sent {
  readonly sequence: number
  readonly asked: Asked
}

function errorOf(asked: Asked): number | null {
  if (asked.answer?.kind !== 'response') return null
  const response = asked.answer.response as {
    responses: { partitionResponses: { errorCode: number }[] }[]
  }
  return response.responses[0]?.partitionResponses[0]?.errorCode ?? null
}

async function allValues(plane: DataPlane): Promise<string[]> {
  const values: string[] = []
  let fetchOffset = 0
  for (;;) {
    const asked = plane.askFetch(11, {
      maxWaitMs: 0,
      topics: [{ topic: 'a', partitions: [{ fetchOffset }] }],
    })
    const { responses } = await plane.response<FetchResponseInit>(asked)
    const chunks = responses[0]?.partitions[0]?.records as readonly Buffer[]
    if (chunks.length === 0) return values
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += chunk.readInt32BE(at + 8) + 12) {
        for (const record of records(chunk, at)) {
          if (record.offset !== fetchOffset) throw new Error(`a gap at ${fetchOffset}`)
          fetchOffset = record.offset + 1
          values.push(String(record.value))
        }
      }
    }
  }
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  t.test(`records survive kill -9, once and in order (seed ${seed})`, async t => {
    const plane = await DataPlane.open(seed)
    const random = new SimRandom(`kill ${seed}`)
    plane.createTopic('a', 1, { log: { segmentBytes: 4000 } })
    let nextSequence = 0
    /** Sequences below are acknowledged. */
    let ackedSequence = 0
    const send = (sequence: number): Sent => {
      const value = `v${sequence}`
      const timestamp = plane.env.clock.nowMs()
      const batch = buildRecordBatch([{ timestamp, key: null, value }], {
        producerId: 7,
        producerEpoch: 0,
        baseSequence: sequence,
      })
      return { sequence, asked: plane.askProduce('a', batch) }
    }
    for (let life = 0; life < LIVES; life++) {
      const end = life === LIVES - 1 ? nextSequence : nextSequence + random.below(BATCHES_A_LIFE)
      const sent: Sent[] = []
      let sequence = ackedSequence
      const killAt = life === LIVES - 1 ? Number.POSITIVE_INFINITY : random.below(40)
      for (let turn = 0; turn < killAt && ackedSequence < end; turn++) {
        while (sent.length < IN_FLIGHT && sequence < end) sent.push(send(sequence++))
        await plane.sim.run({ forMs: random.below(100) / 100 })
        while (sent[0] !== undefined && sent[0].asked.answer !== null) {
          t.equal(errorOf(sent[0].asked), 0)
          ackedSequence = sent[0].sequence + 1
          sent.shift()
        }
      }
      nextSequence = Math.max(nextSequence, sequence)
      if (life < LIVES - 1) await plane.restart()
    }
    const expected = Array.from({ length: ackedSequence }, (_, index) => `v${index}`)
    const found = await allValues(plane)
    t.ok(ackedSequence > 20)
    t.same(found.slice(0, ackedSequence), expected)
    t.equal(new Set(found).size, found.length)
  })
}
