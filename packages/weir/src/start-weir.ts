// Brokers inside the caller's process: for tests, and for programs that bring their own log.

import { FaultPlan } from '@weir/broker'
import { type Disk, type Env, errorMessage, OperatorError, type Workers } from '@weir/core'
import { InlineWorkers, ManualClock, MemoryDisk } from '@weir/core/memory'
import { createNodeEnv, type NodeEnv } from '@weir/core/node'
import { RunningWeir } from './running-weir.ts'
import { checkOptions } from './testing/check-options.ts'
import { ReservedNet } from './testing/reserved-net.ts'
import { hostInUrl, TestBroker } from './testing/test-broker.ts'
import { OWN_CLIENT_ID } from './testing/topics.ts'
import type { StartWeirOptions, Weir } from './weir.ts'

const MEMORY = 'memory'
const MEMORY_DIRECTORY = '/weir'

/** What a test does not want to wait for; settings of the caller win. */
const QUICK_SETTINGS: Readonly<Record<string, string>> = {
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '1',
}

/** Resolves when clients are served. Throws OperatorError, for instance when the port is taken. */
export async function startWeir(options: StartWeirOptions = {}): Promise<Weir> {
  checkOptions(options)
  const world = new World(options)
  const faults = new FaultPlan({ sparedClientId: OWN_CLIENT_ID })
  const brokers = await createBrokers(options, world, faults)
  const weir = new RunningWeir({
    brokers,
    faults,
    topics: options.topics ?? [],
    clock: world.manualClock,
    isInMemory: world.isInMemory,
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

/** What all brokers share: the process, its network, perhaps a clock that stands still. */
class World {
  readonly isInMemory: boolean
  readonly manualClock: ManualClock | null
  readonly net: ReservedNet
  readonly #real: NodeEnv

  constructor(options: StartWeirOptions) {
    const real = createNodeEnv({ log: { level: options.logLevel ?? 'silent' } })
    this.#real = real
    this.isInMemory = (options.storage ?? MEMORY) === MEMORY
    this.manualClock =
      options.clock === 'manual'
        ? new ManualClock({ startMs: real.clock.nowMs(), soon: real.clock.soon })
        : null
    this.net = new ReservedNet(real.net)
  }

  /** For one broker: a disk in memory is its own. */
  env(): Env {
    const clock = this.manualClock ?? this.#real.clock
    let storage: { readonly disk: Disk; readonly workers: Workers } = this.#real
    if (this.isInMemory) {
      const disk = new MemoryDisk(() => clock.nowMs())
      storage = { disk, workers: new InlineWorkers({ disk, clock }) }
    }
    const { random, log } = this.#real
    const { disk, workers } = storage
    return { clock, random, disk, workers, net: this.net, log }
  }

  async close(): Promise<void> {
    await this.net.close()
    await this.#real.workers.close()
  }
}

async function createBrokers(
  options: StartWeirOptions,
  world: World,
  faults: FaultPlan,
): Promise<TestBroker[]> {
  const { brokers: count = 1, host = '127.0.0.1', port = 0 } = options
  const controllerPorts: number[] = []
  try {
    for (let id = 1; id <= count; id++) controllerPorts.push(await world.net.reserve(host))
  } catch (error) {
    throw new OperatorError(`no broker can listen on ${host}: ${errorMessage(error)}`, error)
  }
  const addressOf = (controllerPort: number) => `${hostInUrl(host)}:${controllerPort}`
  const voters = controllerPorts.map((each, index) => `${index + 1}@${addressOf(each)}`).join()
  return controllerPorts.map((controllerPort, index) => {
    const id = index + 1
    const settings = new Map(Object.entries(QUICK_SETTINGS))
    if (count > 1) settings.set('default.replication.factor', String(count))
    for (const [key, value] of Object.entries(options.settings ?? {})) {
      settings.set(key, String(value))
    }
    settings.set('node.id', String(id))
    settings.set('controller.quorum.voters', voters)
    settings.set('log.dirs', directoryOf(options, id))
    settings.set('weir.http.listen', 'off')
    return new TestBroker({
      id,
      world: world.env(),
      host,
      port: port === 0 ? 0 : port + index,
      settings,
      listeners: [`CONTROLLER://${addressOf(controllerPort)}`],
      faults,
    })
  })
}

function directoryOf({ storage = MEMORY, brokers = 1 }: StartWeirOptions, id: number): string {
  const directory = storage === MEMORY ? MEMORY_DIRECTORY : storage
  return brokers === 1 ? directory : `${directory}/${id}`
}
