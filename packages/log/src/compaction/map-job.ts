// The first job of a cleaning, for a worker thread: the map of newest offsets out of the dirty part.

import { defineWorkerJob, type WorkerContext } from '@weir/core'
import {
  batchAttributes,
  batchBaseOffset,
  batchLastOffset,
  batchPayload,
  batchProducerId,
  DEFAULT_DECOMPRESSION_LIMIT_BYTES,
  isControl,
  isTransactional,
  RecordsError,
  RecordWalker,
} from '@weir/protocol'
import { readEndMarker } from '../control-batch.ts'
import { CleanTransactions, type CleanTransactionsData } from './clean-transactions.ts'
import { OffsetMap, type OffsetMapData } from './offset-map.ts'
import { type CleaningRefused, type SourceSegment, SourceWalk, Throttle } from './source-walk.ts'

export interface MapInput {
  readonly sources: readonly SourceSegment[]
  readonly fromOffset: number
  readonly endOffset: number
  readonly limitBytes: number
  readonly seed: number
  readonly transactions: CleanTransactionsData
  readonly bytesPerSecond: number
}

export interface MapOutput {
  readonly kind: 'built'
  readonly map: OffsetMapData
  /** The map knows everything below; less than asked for if it is full. */
  readonly endOffset: number
}

export const buildOffsetMap = defineWorkerJob<MapInput, MapOutput | CleaningRefused>({
  module: import.meta.url,
  name: 'buildOffsetMap',
  run: runMap,
})

async function runMap(
  context: WorkerContext,
  input: MapInput,
): Promise<MapOutput | CleaningRefused> {
  const map = new OffsetMap({ seed: input.seed, limitBytes: input.limitBytes })
  const transactions = new CleanTransactions(input.transactions)
  const throttle = new Throttle(context.clock, input.bytesPerSecond)
  let mappedEnd = input.fromOffset
  for (const source of input.sources) {
    const walk = new SourceWalk(context, source)
    try {
      for (let batch = walk.next(); batch !== null; batch = walk.next()) {
        if (batch === 'damaged') return walk.refusal()
        const lastOffset = batchLastOffset(batch, 0)
        if (lastOffset >= input.endOffset) break
        if (lastOffset >= input.fromOffset) {
          if (!mapBatch(map, transactions, batch)) return built(map, input, mappedEnd)
          mappedEnd = lastOffset + 1
        }
        await throttle.used(batch.length)
      }
    } finally {
      walk.close()
    }
  }
  return built(map, input, input.endOffset)
}

function built(map: OffsetMap, input: MapInput, endOffset: number): MapOutput {
  return { kind: 'built', map: map.data(input.limitBytes), endOffset }
}

/** False: it does not fit any more. */
function mapBatch(map: OffsetMap, transactions: CleanTransactions, batch: Buffer): boolean {
  const attributes = batchAttributes(batch, 0)
  const lastOffset = batchLastOffset(batch, 0)
  if (isControl(attributes)) {
    transactions.onMarker(batchProducerId(batch, 0), readEndMarker(batch, 0), lastOffset)
    return true
  }
  if (isTransactional(attributes)) {
    if (transactions.isAborted(batchProducerId(batch, 0), lastOffset)) return true
  }
  const payload = readablePayload(batch)
  if (payload === null) return true
  const walker = new RecordWalker()
  walker.reset(payload, 0, payload.length)
  const baseOffset = batchBaseOffset(batch, 0)
  while (!walker.isAtEnd && walker.next()) {
    if (walker.keyLength < 0) continue
    if (!map.hasRoomFor(1)) return false
    const keyEnd = walker.keyAt + walker.keyLength
    map.put(payload, walker.keyAt, keyEnd, baseOffset + walker.offsetDelta)
  }
  return true
}

/** Null: the batch stays as it is, and says nothing of any key. */
function readablePayload(batch: Buffer): Buffer | null {
  try {
    return batchPayload(batch, 0, DEFAULT_DECOMPRESSION_LIMIT_BYTES)
  } catch (error) {
    if (error instanceof RecordsError) return null
    throw error
  }
}
