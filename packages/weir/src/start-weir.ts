// Brokers inside the caller's process: for tests, and for programs that bring their own log.

import { FaultPlan } from '@weir/broker'
import type { Clock, Disk, Env, Workers } from '@weir/core'
import { InlineWorkers, ManualClock, MemoryDisk } from '@weir/core/memory'
import { createNodeEnv, type NodeEnv } from '@weir/core/node'
import { RunningWeir } from './running-weir.ts'
import { TestBroker } from './testing/test-broker.ts'
import { OWN_CLIENT_ID } from './testing/topics.ts'
import type { StartWeirOptions, Weir } from './weir.ts'

/** What a test does not want to wait for; settings of the caller win. */
const QUICK_SETTINGS: Readonly<Record<string, string>> = {
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '1',
}

/** Resolves when clients are served. Throws OperatorError, for instance when the port is taken. */
export async function startWeir(options: StartWeirOptions = {}): Promise<Weir> {
  const world = createWorld(options)
  const faults = new FaultPlan({ sparedClientId: OWN_CLIENT_ID })
  const isInMemory = (options.storage ?? 'memory') === 'memory'
  const broker = new TestBroker({
    id: 1,
    world: { ...world.env, ...world.storage() },
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    settings: settingsOf(options, 1),
    faults,
  })
  const weir = new RunningWeir({
    brokers: [broker],
    faults,
    topics: options.topics ?? [],
    clock: world.clock,
    isInMemory,
    onStopped: () => world.close(),
  })
  try {
    await weir.begin()
    return weir
  } catch (error) {
    await weir.stop()
    throw error
  }
}

interface World {
  readonly env: Env
  /** Null unless the clock is manual. */
  readonly clock: ManualClock | null
  /** A disk of its own for each broker, or the one of the machine. */
  storage(): { readonly disk: Disk; readonly workers: Workers }
  close(): Promise<void>
}

function createWorld(options: StartWeirOptions): World {
  const real: NodeEnv = createNodeEnv({ log: { level: options.logLevel ?? 'silent' } })
  const manual =
    options.clock === 'manual'
      ? new ManualClock({ startMs: Date.now(), soon: real.clock.soon })
      : null
  const clock: Clock = manual ?? real.clock
  const inMemory = () => {
    const disk = new MemoryDisk(() => clock.nowMs())
    return { disk, workers: new InlineWorkers({ disk, clock }) }
  }
  return {
    env: { ...real, clock },
    clock: manual,
    storage: () => ((options.storage ?? 'memory') === 'memory' ? inMemory() : real),
    close: () => real.workers.close(),
  }
}

function settingsOf(options: StartWeirOptions, brokerId: number): Map<string, string> {
  const settings = new Map(Object.entries(QUICK_SETTINGS))
  for (const [key, value] of Object.entries(options.settings ?? {})) {
    settings.set(key, String(value))
  }
  const { storage = 'memory' } = options
  settings.set('node.id', String(brokerId))
  settings.set('log.dirs', storage === 'memory' ? '/weir' : storage)
  settings.set('weir.http.listen', 'off')
  return settings
}
