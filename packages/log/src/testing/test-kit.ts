// What the tests of this package share: batches, a log in a simulated world, reading it all back.

import type { Env } from '@weir/core'
import { Simulation, type SimulationOptions } from '@weir/core/sim'
import {
  batchBaseOffset,
  batchLastOffset,
  batchSizeInBytes,
  RecordBatchBuilder,
  records,
  verifyBatchCrc,
} from '@weir/protocol'
import type { Log } from '../log.ts'
import { LogManager, type LogManagerOptions } from '../log-manager.ts'
import { type AppendOrigin, DEFAULT_LOG_CONFIG, type LogConfig } from '../log-types.ts'

export const TOPIC = 'events'
export const TOPIC_ID = 'dG9waWMtaWQtb2YtdGVzdA'
export const DATA = '/data'
/** 2026-01-01T00:00:00Z, as the simulated clock starts. */
export const START_MS = 1_767_225_600_000

export interface BatchOptions {
  readonly values?: readonly (string | null)[]
  readonly keys?: readonly (string | null)[]
  readonly timestamp?: number
  readonly timestamps?: readonly number[]
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  readonly codec?: 'none' | 'gzip' | 'lz4' | 'snappy' | 'zstd'
}

export function batch(options: BatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder({
    baseOffset: options.baseOffset ?? 0,
    leaderEpoch: options.leaderEpoch ?? -1,
    producerId: options.producerId ?? -1,
    producerEpoch: options.producerEpoch ?? -1,
    baseSequence: options.baseSequence ?? -1,
    isTransactional: options.isTransactional ?? false,
    codec: options.codec ?? 'none',
  })
  const values = options.values ?? ['value']
  for (const [index, value] of values.entries()) {
    builder.append({
      timestamp: options.timestamps?.[index] ?? options.timestamp ?? START_MS,
      key: options.keys?.[index] ?? null,
      value,
    })
  }
  return builder.build()
}

export interface MarkerOptions {
  readonly kind: 'commit' | 'abort'
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch?: number
  readonly timestamp?: number
}

export function marker(options: MarkerOptions): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(options.kind === 'commit' ? 1 : 0, 2)
  const value = Buffer.alloc(6)
  value.writeInt32BE(options.coordinatorEpoch ?? 0, 2)
  return new RecordBatchBuilder({
    producerId: options.producerId,
    producerEpoch: options.producerEpoch,
    isTransactional: true,
    isControl: true,
  })
    .append({ timestamp: options.timestamp ?? START_MS, key, value })
    .build()
}

export function config(changes: Partial<LogConfig> = {}): LogConfig {
  return { ...DEFAULT_LOG_CONFIG, ...changes }
}

export interface World {
  readonly sim: Simulation
  env: Env
  manager: LogManager
  log: Log
  readonly options: LogManagerOptions
  readonly config: LogConfig
}

/** A log in a world where disk calls are done at once, unless the options say otherwise. */
export async function openWorld(
  changes: Partial<LogConfig> = {},
  options: Partial<SimulationOptions> & { readonly manager?: Partial<LogManagerOptions> } = {},
): Promise<World> {
  const sim = new Simulation({ seed: 1, instantDisk: true, ...options })
  const logConfig = config(changes)
  const managerOptions: LogManagerOptions = {
    directories: [DATA],
    defaultConfig: logConfig,
    configOf: () => logConfig,
    ...options.manager,
  }
  const env = sim.env('one')
  const manager = await sim.complete(LogManager.open(env, managerOptions))
  const log = manager.getOrCreate(TOPIC, TOPIC_ID, 0, logConfig)
  return { sim, env, manager, log, options: managerOptions, config: logConfig }
}

/** The next life after a crash, a kill or a clean stop. */
export async function reopen(world: World): Promise<void> {
  world.env = world.sim.env('one')
  world.manager = await world.sim.complete(LogManager.open(world.env, world.options))
  world.log = world.manager.getOrCreate(TOPIC, TOPIC_ID, 0, world.config)
}

export function append(
  log: Log,
  records: Buffer,
  options: { readonly origin?: AppendOrigin; readonly leaderEpoch?: number; nowMs?: number } = {},
) {
  return log.append(records, {
    origin: options.origin ?? 'client',
    leaderEpoch: options.leaderEpoch ?? 0,
    nowMs: options.nowMs ?? START_MS,
  })
}

/** Runs the world until everything appended is written (or refused). */
export async function settle(world: World): Promise<void> {
  await world.sim.run({ forMs: 50 })
}

export interface SeenRecord {
  readonly offset: number
  readonly value: string | null
}

/** All records from `fromOffset` on; `damaged` lists offsets where a read failed. */
export async function readAll(
  world: World,
  fromOffset = world.log.logStartOffset,
  maxBytes = 1 << 20,
): Promise<{ readonly seen: SeenRecord[]; readonly damaged: number[] }> {
  const { log, sim } = world
  const seen: SeenRecord[] = []
  const damaged: number[] = []
  let offset = fromOffset
  while (offset < log.logEndOffset) {
    const request = {
      fromOffset: offset,
      maxBytes,
      limitOffset: log.logEndOffset,
      minOneBatch: true,
    }
    const outcome = await sim.complete(Promise.resolve(log.read(request)))
    if (outcome.kind === 'failed') {
      if (outcome.error !== 'CORRUPT_MESSAGE') throw new Error(outcome.message)
      damaged.push(offset++)
      continue
    }
    for (const chunk of outcome.chunks) {
      for (let at = 0; at < chunk.length; at += batchSizeInBytes(chunk, at)) {
        if (!verifyBatchCrc(chunk, at)) throw new Error(`served damage at ${offset}`)
        if (batchBaseOffset(chunk, at) > batchLastOffset(chunk, at)) throw new Error('bad batch')
        for (const record of records(chunk, at)) {
          if (record.offset < offset) continue
          seen.push({ offset: record.offset, value: record.value?.toString() ?? null })
        }
      }
    }
    const { endOffset } = outcome
    outcome.release()
    if (endOffset <= offset) break
    offset = endOffset
  }
  return { seen, damaged }
}
