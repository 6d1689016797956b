// Opens all logs of a data directory at the start: from the clean-shutdown marker if there is one
// that fits what is on the disk, by recovery otherwise.
//
// Invariants: a log of the marker is used only if its active file is as long as the marker says; what
// is not in the marker is recovered; directories that are set aside are never opened.

import type { Env } from '@weir/core'
import { unlessDiskIsFull, writeFileAtomically } from './checkpoint-file.ts'
import {
  encodePartitionMetadata,
  isSetAside,
  LOG_SUFFIX,
  PARTITION_METADATA,
  parsePartitionDirectory,
  segmentPath,
} from './file-names.ts'
import { LeaderEpochCache } from './leader-epoch-cache.ts'
import { Log } from './log.ts'
import { checkpointOf, writeLogCheckpoint } from './log-checkpoint.ts'
import type { ClosedLog } from './log-close.ts'
import { DAMAGE_FOUND } from './log-damage.ts'
import type { CleanShutdown, LogDirectory } from './log-directory.ts'
import { type LogContext, LogState } from './log-state.ts'
import type { LogConfig } from './log-types.ts'
import { isDataOfNode } from './node-directory.ts'
import { QuickReads } from './quick-reads.ts'
import { type RecoveredLog, recoverLog } from './recovery.ts'
import { Segment } from './segment.ts'

const PARALLEL_OPENS = 64
const PARALLEL_RECOVERIES = 16

export interface OpeningOptions {
  readonly configOf: (topic: string) => LogConfig
}

export async function openLogs(
  context: LogContext,
  directory: LogDirectory,
  clean: CleanShutdown | null,
  options: OpeningOptions,
): Promise<void> {
  const { env } = context
  const entries = await env.disk.readdir(directory.path)
  const names: string[] = []
  for (const { name, isDirectory } of entries) {
    if (!isDirectory) continue
    if (isSetAside(name) === 'delete') {
      env.log.background(removeDirectory(env, `${directory.path}/${name}`), `deleting ${name}`)
    } else if (isSetAside(name) === 'stray') {
      env.log.warn(
        'a directory was set aside before, as no topic has its id: look into it, then delete it',
        { name },
      )
    } else if (parsePartitionDirectory(name) !== null) names.push(name)
  }
  const closed = new Map(clean?.logs.map(each => [each.name, each]))
  const toRecover: string[] = []
  await inParallel(names, PARALLEL_OPENS, async name => {
    const known = closed.get(name)
    if (known !== undefined && (await fits(env, directory, known))) {
      openClosed(context, directory, known, options)
      directory.forgetKnown(name)
    } else if (
      directory.knownTopicId(name) !== null ||
      !(await isDataOfNode(env.disk, `${directory.path}/${name}`))
    ) {
      if (known !== undefined) env.log.warn('a log is not as it was left: recovering', { name })
      toRecover.push(name)
    }
  })
  if (toRecover.length > 0) await recoverAll(context, directory, toRecover, options)
  for (const name of closed.keys()) directory.forgetKnown(name)
  await unlessDiskIsFull(directory.writeOffsets(), env.log)
}

async function fits(env: Env, directory: LogDirectory, known: ClosedLog): Promise<boolean> {
  const active = known.segments[known.segments.length - 1]
  if (active === undefined) return false
  const base = segmentPath(`${directory.path}/${known.name}`, active.baseOffset)
  const stat = await env.disk.stat(base + LOG_SUFFIX)
  return (stat?.bytes ?? 0) === active.bytes
}

function openClosed(
  context: LogContext,
  directory: LogDirectory,
  known: ClosedLog,
  options: OpeningOptions,
): void {
  const parsed = parsePartitionDirectory(known.name)
  if (parsed === null) return
  const segments = known.segments.map(each => Segment.fromSummary(each))
  for (const range of known.damage) {
    const segment = segments.find(each => each.baseOffset === range.segmentBaseOffset)
    if (segment !== undefined) segment.damage = [...(segment.damage ?? []), range]
  }
  const identity = { ...parsed, topicId: known.topicId }
  const state = new LogState(context, identity, options.configOf(parsed.topic), {
    segments,
    startOffset: known.startOffset,
    endOffset: known.endOffset,
    highWatermark: known.highWatermark,
    epochs: new LeaderEpochCache(known.epochs),
    isCreated: true,
    firstDirtyOffset: known.firstDirtyOffset,
    mayHaveGaps: known.mayHaveGaps,
  })
  state.hasNoProducers = known.hasNoProducers
  if (known.firstUnstableOffset >= 0) state.unloadedFirstUnstable = known.firstUnstableOffset
  directory.logs.set(known.name, { log: new Log(state), state })
}

async function recoverAll(
  context: LogContext,
  directory: LogDirectory,
  names: readonly string[],
  options: OpeningOptions,
): Promise<void> {
  const { env } = context
  env.log.info('recovering logs after a stop that was not clean', {
    directory: directory.path,
    logs: names.length,
  })
  const quick = new QuickReads(env)
  await inParallel(names, PARALLEL_RECOVERIES, name =>
    recoverOne(context, directory, name, { ...options, quick }),
  )
}

async function recoverOne(
  context: LogContext,
  directory: LogDirectory,
  name: string,
  options: OpeningOptions & { readonly quick: QuickReads },
): Promise<void> {
  const { env } = context
  const parsed = parsePartitionDirectory(name)
  if (parsed === null) return
  const config = options.configOf(parsed.topic)
  const recovered = await recoverLog(env, {
    directory: `${directory.path}/${name}`,
    config,
    knownFor: topicId => directory.knownOffsets(name, topicId),
    mayWrite: true,
    quick: options.quick,
  })
  for (const action of recovered.actions) env.log.warn(`recovery: ${action}`, { log: name })
  for (const range of recovered.damage) {
    env.log.error(DAMAGE_FOUND, { log: name, ...range })
  }
  const topicId = recovered.topicId ?? directory.knownTopicId(name)
  directory.forgetKnown(name)
  if (topicId === null) {
    await removeNameless(env, directory, name)
    return
  }
  if (!recovered.isMetadataRight) {
    env.log.warn('partition.metadata was missing or damaged: written again', { log: name })
    const path = `${directory.path}/${name}/${PARTITION_METADATA}`
    await writeFileAtomically(env.disk, path, encodePartitionMetadata(topicId))
  }
  const identity = { ...parsed, topicId }
  const state = new LogState(context, identity, config, { ...recovered, isCreated: true })
  state.producers = recovered.producers
  state.producers.highWatermarkMoved(state.highWatermark)
  state.producers.expire(env.clock.nowMs(), config.producerIdExpirationMs)
  state.hasNoProducers = state.producers.size === 0
  state.isDirty = true
  await checkpointRecovered(state, recovered.checkpoint)
  directory.logs.set(name, { log: new Log(state), state })
}

/** Nobody can say which topic it is of. */
async function removeNameless(env: Env, directory: LogDirectory, name: string): Promise<void> {
  const path = `${directory.path}/${name}`
  if ((await env.disk.readdir(path)).length === 0) {
    // The process ended between making the directory and its first file: nothing was promised.
    await env.disk.rmdir(path)
    return
  }
  env.log.error('a partition without a valid partition.metadata: set aside', { log: name })
  await setAside(env, directory, name, 'stray')
}

async function checkpointRecovered(
  state: LogState,
  found: RecoveredLog['checkpoint'],
): Promise<void> {
  const { env } = state.context
  state.isCheckpointDurable = false
  if (JSON.stringify(found) === JSON.stringify(checkpointOf(state))) {
    // It says all of it, and was durable before its log was written to.
    state.isCheckpointDurable = true
    await env.disk.syncDir(state.directory)
  } else {
    await unlessDiskIsFull(writeLogCheckpoint(state), env.log)
  }
  if (!state.isCheckpointDurable) return
  // The checkpoint's rename was synced with the directory, and so were all names in it. A segment
  // without bytes may have no file yet: its entry is synced when it gets one.
  for (const segment of state.segments) segment.isEntrySynced = segment.writtenBytes > 0
}

/** Renames a directory out of the way; durable when resolved. Answers the new name. */
export async function setAside(
  env: Env,
  directory: LogDirectory,
  name: string,
  reason: 'delete' | 'stray',
): Promise<string> {
  const suffix = `.${env.random.uuid()}-${reason}`
  const newName = name.slice(0, 255 - suffix.length) + suffix
  await env.disk.rename(`${directory.path}/${name}`, `${directory.path}/${newName}`)
  await env.disk.syncDir(directory.path)
  return newName
}

/** With all files in it; there are no directories in a partition's. */
export async function removeDirectory(env: Env, path: string): Promise<void> {
  for (const { name } of await env.disk.readdir(path)) await env.disk.unlink(`${path}/${name}`)
  await env.disk.rmdir(path)
}

/** At most `limit` tasks at a time; rejects with the first failure, when all that ran have ended. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  const runner = async () => {
    while (next < items.length) {
      const item = items[next++] as T
      await task(item)
    }
  }
  const runners = Array.from({ length: Math.min(limit, items.length) }, runner)
  const results = await Promise.allSettled(runners)
  const failure = results.find(each => each.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
