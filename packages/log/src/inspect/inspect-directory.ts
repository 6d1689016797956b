// Says what is wrong with a data directory, and what a start would do about it: for `weir doctor`.
// Changes nothing; the broker that owns the directory has to be stopped (or the answer may be stale).

import type { Env } from '@weir/core'
import { readCheckpoint } from '../checkpoint-file.ts'
import {
  CLEAN_SHUTDOWN,
  isSetAside,
  LOG_CHECKPOINT,
  OFFSETS_CHECKPOINT,
  parsePartitionDirectory,
} from '../file-names.ts'
import type { CleanShutdown } from '../log-directory.ts'
import { type DamagedRange, DEFAULT_LOG_CONFIG } from '../log-types.ts'
import { isDataOfNode } from '../node-directory.ts'
import { knownOffsets, type OffsetsRow, readOffsets } from '../offsets-checkpoint.ts'
import { recoverLog } from '../recovery.ts'
import { dumpSmallFile } from './dump-file.ts'

export interface LogReport {
  /** TOPIC-INDEX. */
  readonly name: string
  readonly topicId: string | null
  readonly startOffset: number
  readonly endOffset: number
  readonly segmentCount: number
  readonly bytes: number
  /** Offsets that cannot be read; `acceptLoss` lifts them. */
  readonly damage: readonly DamagedRange[]
  /** What a start that is not clean would do. */
  readonly actions: readonly string[]
  /** Files that do not hold and would be made again or ignored. */
  readonly problems: readonly string[]
}

export interface DirectoryReport {
  readonly path: string
  /** True: the next start opens it as it is. */
  readonly wasStoppedCleanly: boolean
  readonly problems: readonly string[]
  /** Directories that were set aside: deleted topics, other topic ids. */
  readonly setAside: readonly string[]
  readonly logs: readonly LogReport[]
}

/** Every batch of every segment is verified. Rejects with a DiskError if it cannot be read. */
export async function inspectDataDirectory(env: Env, path: string): Promise<DirectoryReport> {
  const { disk } = env
  const marker = await readCheckpoint(disk, `${path}/${CLEAN_SHUTDOWN}`, 'clean-shutdown')
  const { rows, damage } = await readOffsets(disk, path)
  const problems: string[] = []
  if (marker.kind === 'damaged') problems.push(`${CLEAN_SHUTDOWN} is damaged: ${marker.reason}`)
  if (damage !== null) {
    problems.push(`${OFFSETS_CHECKPOINT} is damaged and will be ignored: ${damage}`)
  }
  const closed =
    marker.kind === 'valid'
      ? new Map((marker.value as CleanShutdown).logs.map(each => [each.name, each]))
      : null
  const setAside: string[] = []
  const logs: LogReport[] = []
  for (const { name, isDirectory } of await disk.readdir(path)) {
    if (!isDirectory) continue
    if (isSetAside(name) !== null) setAside.push(name)
    else if (
      parsePartitionDirectory(name) !== null &&
      !(await isDataOfNode(disk, `${path}/${name}`))
    ) {
      logs.push(await inspectLog(env, path, name, rows.get(name)))
    }
  }
  for (const name of closed?.keys() ?? []) {
    if (!logs.some(log => log.name === name)) problems.push(`${name} was there at the last stop`)
  }
  logs.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { path, wasStoppedCleanly: closed !== null, problems, setAside, logs }
}

async function inspectLog(
  env: Env,
  path: string,
  name: string,
  row: OffsetsRow | undefined,
): Promise<LogReport> {
  const directory = `${path}/${name}`
  const problems: string[] = []
  const names = (await env.disk.readdir(directory)).map(each => each.name).sort()
  for (const file of names) {
    const dump = await dumpSmallFile(env.disk, `${directory}/${file}`)
    for (const problem of dump?.problems ?? []) problems.push(`${file}: ${problem}`)
  }
  if (!names.includes(LOG_CHECKPOINT)) problems.push(`${LOG_CHECKPOINT} is missing`)
  const recovered = await recoverLog(env, {
    directory,
    config: DEFAULT_LOG_CONFIG,
    knownFor: topicId => knownOffsets(row, topicId),
    mayWrite: false,
    mustScanAll: true,
  })
  return {
    name,
    topicId: recovered.topicId,
    startOffset: recovered.startOffset,
    endOffset: recovered.endOffset,
    segmentCount: recovered.segments.length,
    bytes: recovered.segments.reduce((sum, segment) => sum + segment.bytes, 0),
    damage: recovered.damage,
    actions: recovered.actions,
    problems,
  }
}
