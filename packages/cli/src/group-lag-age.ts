// Lag in time: how old the first record is that the group has not committed. The records are read, one
// batch a partition: no question to a broker answers with the time of an offset.
import {
  type Cluster,
  Fetcher,
  listOffsets,
  OFFSET_EARLIEST,
  partitionKey,
  type StartPosition,
} from '@weir/client'
import type { PartitionLag } from './group-lag.ts'

/** Small, so that a look at many partitions is cheap; a larger batch comes when it is alone. */
const PARTITION_BYTES = 32 * 1024
const MAX_WAIT_MS = 100
/** What was not read by then is not known. */
const READ_TIMEOUT_MS = 5_000

/** In the order of `lags`: milliseconds, 0 where nothing is left, null where it is not known. */
export async function lagAges(
  cluster: Cluster,
  lags: readonly PartitionLag[],
): Promise<(number | null)[]> {
  const behind = lags.filter(({ lag }) => lag !== null && lag > 0)
  const timestamps = await timestampsAt(cluster, await startsOf(cluster, behind))
  const nowMs = cluster.env.clock.nowMs()
  return lags.map(({ topic, partition, lag }) => {
    if (lag === 0) return 0
    const timestamp = timestamps.get(partitionKey({ topic, partition }))
    return timestamp === undefined ? null : Math.max(0, nowMs - timestamp)
  })
}

/** Where the group goes on: what was deleted by retention is not there to be read. */
async function startsOf(cluster: Cluster, lags: readonly PartitionLag[]): Promise<StartPosition[]> {
  const first = await listOffsets(
    cluster,
    lags.map(({ topic, partition }) => ({ topic, partition, timestamp: OFFSET_EARLIEST })),
  )
  return lags.flatMap(({ topic, partition, committed }, index) => {
    const start = first[index]?.value?.offset
    if (start === undefined || committed === null) return []
    return [{ topic, partition, offset: Math.max(start, committed) }]
  })
}

async function timestampsAt(
  cluster: Cluster,
  starts: readonly StartPosition[],
): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  if (starts.length === 0) return found
  const { clock } = cluster.env
  const endMs = clock.monotonicMs() + READ_TIMEOUT_MS
  const fetcher = new Fetcher(cluster, {
    maxWaitMs: MAX_WAIT_MS,
    partitionMaxBytes: PARTITION_BYTES,
    onOutOfRange: 'earliest',
  })
  try {
    let open = starts
    while (open.length > 0 && clock.monotonicMs() < endMs) {
      fetcher.assign(open)
      for (const record of await fetcher.poll(endMs - clock.monotonicMs())) {
        const key = partitionKey(record)
        if (!found.has(key) && record.timestamp >= 0) found.set(key, record.timestamp)
        open = open.filter(each => partitionKey(each) !== key)
      }
    }
  } finally {
    fetcher.close()
  }
  return found
}
