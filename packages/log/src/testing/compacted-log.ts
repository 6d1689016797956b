// What tests of compaction share: keyed data with transactions, and what a consumer sees of them.

import type { SimRandom } from '@weir/core/sim'
import { batchAttributes, batchPositions, isControl, records } from '@weir/protocol'
import { append, batch, marker, settle, type World } from './test-kit.ts'

export interface Row {
  readonly offset: number
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
}

export const HOUR = 3_600_000

/** What a read_committed consumer sees from the start. */
export async function visible(world: World): Promise<Row[]> {
  const { log, sim } = world
  const rows: Row[] = []
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    const outcome = await sim.complete(
      Promise.resolve(
        log.read({
          fromOffset: offset,
          maxBytes: 5000,
          limitOffset: log.logEndOffset,
          minOneBatch: true,
          withAborted: true,
        }),
      ),
    )
    if (outcome.kind === 'failed') throw new Error(`${outcome.error} ${outcome.message}`)
    const aborted = [...(outcome.abortedTransactions ?? [])].sort(
      (a, b) => a.firstOffset - b.firstOffset,
    )
    collect(outcome.chunks, offset, aborted, rows)
    outcome.release()
    if (outcome.endOffset <= offset) break
    offset = outcome.endOffset
  }
  return rows
}

function collect(
  chunks: readonly Buffer[],
  from: number,
  aborted: { producerId: number; firstOffset: number }[],
  rows: Row[],
): void {
  const open = new Set<number>()
  for (const chunk of chunks) {
    for (const at of batchPositions(chunk)) {
      const attributes = batchAttributes(chunk, at)
      const producerId = Number(chunk.readBigInt64BE(at + 43))
      const lastOffset = Number(chunk.readBigInt64BE(at)) + chunk.readInt32BE(at + 23)
      for (let next = aborted[0]; next !== undefined && next.firstOffset <= lastOffset; ) {
        open.add(next.producerId)
        aborted.shift()
        next = aborted[0]
      }
      if (isControl(attributes)) {
        open.delete(producerId)
        continue
      }
      if ((attributes & 0x10) !== 0 && open.has(producerId)) continue
      for (const record of records(chunk, at)) {
        if (record.offset < from) continue
        const value = record.value?.toString() ?? null
        rows.push({
          offset: record.offset,
          key: String(record.key),
          value,
          timestamp: record.timestamp,
        })
      }
    }
  }
}

export function rowText(row: Row): string {
  return JSON.stringify(row)
}

export function newest(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map(row => [row.key, row]))
}

/** Random keyed data, with transactions of two producers; all is below the high watermark. */
export async function fill(
  world: World,
  random: SimRandom,
  batches: number,
  sequences: number[],
): Promise<void> {
  const { log } = world
  const open = [false, false]
  const codecs = ['none', 'lz4', 'gzip'] as const
  for (let index = 0; index < batches; index++) {
    const count = 1 + random.below(4)
    const keys = Array.from({ length: count }, () => `key ${random.below(12)}`)
    const values = keys.map(() =>
      random.below(5) === 0 ? null : `value ${log.logEndOffset} ${random.below(1000)}`,
    )
    const timestamps = keys.map(() => world.env.clock.nowMs() + random.below(1000))
    const producer = random.below(4)
    const codec = codecs[random.below(3)] ?? 'none'
    if (producer > 1) {
      append(log, batch({ keys, values, timestamps, codec }), { nowMs: world.env.clock.nowMs() })
    } else {
      const producerId = 50 + producer
      const baseSequence = sequences[producer] ?? 0
      append(
        log,
        batch({
          keys,
          values,
          timestamps,
          codec,
          producerId,
          producerEpoch: 0,
          baseSequence,
          isTransactional: true,
        }),
      )
      sequences[producer] = baseSequence + count
      open[producer] = true
      if (random.below(3) === 0) end(producer)
    }
    if (random.below(6) === 0) await settle(world)
  }
  end(0)
  end(1)
  await settle(world)
  log.updateHighWatermark(log.logEndOffset)

  function end(producer: number): void {
    if (!open[producer]) return
    open[producer] = false
    const kind = random.below(2) === 0 ? 'commit' : 'abort'
    append(log, marker({ kind, producerId: 50 + producer, producerEpoch: 0 }), {
      origin: 'coordinator',
    })
  }
}

export const COMPACTED = {
  cleanupCompact: true,
  cleanupDelete: false,
  segmentBytes: 1500,
  indexIntervalBytes: 300,
  minCleanableDirtyRatio: 0,
  deleteRetentionMs: HOUR,
  fileDeleteDelayMs: 5,
}
