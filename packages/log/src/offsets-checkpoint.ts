// The file in which a data directory keeps the offsets of its logs that no log can find by itself.

import type { Disk } from '@weir/core'
import { encodeCheckpointText, readCheckpoint, writeFileAtomically } from './checkpoint-file.ts'
import { OFFSETS_CHECKPOINT } from './file-names.ts'
import type { KnownOffsets } from './recovery.ts'

const KIND = 'offsets'

/** Topic id, recovery point, log start, high watermark. */
export type OffsetsRow = readonly [string, number, number, number]

export interface OffsetsCheckpoint {
  /** By the name of the log's directory. */
  readonly rows: Map<string, OffsetsRow>
  /** Why the file is ignored; null if it is not. */
  readonly damage: string | null
}

export async function readOffsets(disk: Disk, directory: string): Promise<OffsetsCheckpoint> {
  const read = await readCheckpoint(disk, `${directory}/${OFFSETS_CHECKPOINT}`, KIND)
  const rows = read.kind === 'valid' ? (read.value as Record<string, OffsetsRow>) : {}
  return {
    rows: new Map(Object.entries(rows)),
    damage: read.kind === 'damaged' ? read.reason : null,
  }
}

/** `text` is the JSON of an object with a row for each log. */
export async function writeOffsetsText(disk: Disk, directory: string, text: string): Promise<void> {
  const path = `${directory}/${OFFSETS_CHECKPOINT}`
  await writeFileAtomically(disk, path, encodeCheckpointText(KIND, text))
}

/** Null if there is no row, or it is of another topic of that name. */
export function knownOffsets(
  row: OffsetsRow | undefined,
  topicId: string | null,
): KnownOffsets | null {
  if (row === undefined || (topicId !== null && row[0] !== topicId)) return null
  return { recoveryPoint: row[1], startOffset: row[2], highWatermark: row[3] }
}
