// Three controllers on simulated machines: clients create and delete topics and take blocks of
// producer ids from whoever is active, brokers come and go, while controllers are killed, lose power
// and are cut off.
//
// Checked: what was acknowledged is in every image (P8); no producer id is given twice (T5); all
// images are made of the same decisions; a controller that was cut off gives no more answers.

import type { ProducerIdBlock } from '@weir/controller'
import { errorMessage } from '@weir/core'
import { SimRandom, Simulation } from '@weir/core/sim'
import { NotLeaderError, QuorumBusyError, QuorumNode, QuorumServer } from '@weir/quorum'
import { BrokerActors, MIN_INSYNC_REPLICAS } from './broker-actors.ts'
import { QuorumController } from './quorum-controller.ts'

export interface ControllerSeedResult {
  readonly seed: number
  /** Null if everything held. */
  readonly violation: string | null
  readonly trace: string
  readonly events: number
  readonly simulatedMs: number
  readonly decisions: number
  readonly topics: number
}

const PORT = 9093
const FAULT_MS = 10_000
const HEALING_MS = 6000
const IDS = [1, 2, 3]
const CLIENTS = 3
const CLIENT_TIMEOUT_MS = 1500
const WORK_MS = 10
const MAX_TOPICS = 30

export async function runControllerSeed(seed: number): Promise<ControllerSeedResult> {
  const random = new SimRandom(`controller ${seed}`)
  const sim = new Simulation({
    seed: `controller ${seed}`,
    diskFaults: { maxDelayMs: random.chance(0.5) ? 0.3 : 5, syncWriteChance: random.fraction() },
    netFaults: { minLatencyMs: 0.05, maxLatencyMs: random.chance(0.5) ? 1 : 20, splitChance: 0.3 },
  })
  const run = new ControllerRun(sim, random)
  let violation: string | null = null
  try {
    await run.play()
  } catch (error) {
    violation = errorMessage(error)
  }
  return {
    seed,
    violation: run.violations[0] ?? violation,
    trace: sim.traceHash,
    events: sim.eventCount,
    simulatedMs: sim.nowMs,
    decisions: run.decisions,
    topics: run.topicCount,
  }
}

interface Process {
  readonly controller: QuorumController
  node: QuorumNode | null
}

class ControllerRun {
  readonly violations: string[] = []
  decisions = 0
  readonly #sim: Simulation
  readonly #random: SimRandom
  readonly #processes = new Map<number, Process>()
  /** Topics that are there for sure, by name; and names of which nobody knows. */
  readonly #topics = new Map<string, string>()
  readonly #unsure = new Set<string>()
  readonly #blocks: ProducerIdBlock[] = []
  readonly #actors: BrokerActors
  #number = 0
  #isOver = false

  constructor(sim: Simulation, random: SimRandom) {
    this.#sim = sim
    this.#random = random
    this.#actors = new BrokerActors(
      sim,
      random,
      () => this.#active(),
      what => this.violations.push(what),
    )
  }

  get topicCount(): number {
    return this.#topics.size
  }

  async play(): Promise<void> {
    const sim = this.#sim
    for (const id of IDS) this.#start(id)
    await sim.run(() => this.#active() !== null, HEALING_MS)
    this.#actors.startAll()
    await sim.run(() => (this.#active()?.image.brokers.size ?? 0) >= 3, HEALING_MS)
    for (let client = 0; client < CLIENTS; client++) this.#client()
    while (sim.nowMs < FAULT_MS) {
      await sim.run({ forMs: this.#random.fraction() * 500 })
      if (this.#random.chance(0.5)) this.#fault()
      else this.#actors.fault()
      this.#check()
    }
    await this.#finish()
  }

  #check(): void {
    const [first] = this.violations
    if (first !== undefined) throw new Error(first)
  }

  // --- Processes ---

  #start(id: number): void {
    if (this.#processes.has(id)) return
    const env = this.#sim.env(`n${id}`)
    const controller = new QuorumController({
      controller: {
        newUuid: () => env.random.uuid().replace(/^-/, '0'),
        randomBelow: limit => env.random.below(limit),
        topicDefaults: () => ({ partitionCount: 2, replicationFactor: 3 }),
        configRules: {
          problem: () => null,
          inherited: (_type, key) =>
            key === 'min.insync.replicas' ? String(MIN_INSYNC_REPLICAS) : null,
          isList: () => false,
        },
      },
      onChange: () => {},
      onActive: () => this.#activate(id),
      onPartition: (topic, before, after) => this.#actors.checkPartition(topic, before, after),
    })
    const process: Process = { controller, node: null }
    this.#processes.set(id, process)
    const options = {
      nodeId: id,
      directoryId: `disk-${id}`,
      directory: '/data/quorum',
      address: `n${id}:${PORT}`,
      voters: IDS.map(each => ({ id: each, directoryId: '', address: `n${each}:${PORT}` })),
      clusterId: () => controller.image.clusterId ?? '',
      snapshotBytes: 20_000,
      trailingEntries: 10,
      reserveBytes: 0,
      onFatal: (error: Error) => this.violations.push(`fatal: ${error.message}`),
    }
    QuorumNode.open(env, options, controller.runtime).then(
      async node => {
        controller.runtime.attach(node.driver)
        await new QuorumServer(env, () => node.transport).listen('0.0.0.0', PORT)
        process.node = node
        node.start()
      },
      error => this.violations.push(`does not open: ${errorMessage(error)}`),
    )
  }

  /** The active controller's own work: a fresh start, and then whatever is due. */
  #activate(id: number): void {
    const process = this.#processes.get(id)
    const term = process?.controller.runtime.leadership.term
    if (process === undefined) return
    const { controller } = process
    const isOver = () => this.#processes.get(id) !== process || this.#isOver
    const ignore = () => {}
    const env = this.#sim.env(`n${id}`)
    const work = () => {
      const { machine, leadership } = controller.runtime
      if (isOver() || machine === null || leadership.term !== term) return
      if (machine.nextDeadlineMs() <= this.#sim.nowMs)
        controller.submit(each => each.expire(this.#sim.nowMs)).catch(ignore)
      env.clock.after(WORK_MS, work)
    }
    env.clock.after(0, () => {
      if (isOver() || controller.runtime.machine === null) return
      controller.submit(each => each.activate(this.#sim.nowMs)).catch(ignore)
      work()
    })
  }

  #active(): QuorumController | null {
    for (const { controller } of this.#processes.values())
      if (controller.runtime.machine !== null) return controller
    return null
  }

  #end(id: number, how: 'kill' | 'crash'): void {
    if (!this.#processes.delete(id)) return
    this.#sim[how](`n${id}`)
    this.#sim.after(this.#random.fraction() * 1000, () => this.#start(id))
  }

  #fault(): void {
    const fraction = () => this.#random.fraction()
    const active = this.#active()
    const leaderId = IDS.find(id => this.#processes.get(id)?.controller === active)
    const id =
      this.#random.chance(0.6) && leaderId !== undefined ? leaderId : 1 + this.#random.below(3)
    const name = `n${id}`
    const sim = this.#sim
    switch (this.#random.below(4)) {
      case 0:
        this.#end(id, 'kill')
        break
      case 1:
        this.#end(id, 'crash')
        break
      case 2:
        sim.pause(name)
        sim.after(fraction() * 1500, () => sim.resume(name))
        break
      default:
        for (const other of IDS) if (other !== id) sim.network.cut(name, `n${other}`)
        sim.after(fraction() * 1500, () => {
          for (const other of IDS) if (other !== id) sim.network.heal(name, `n${other}`)
        })
    }
  }

  // --- Clients ---

  #client(): void {
    if (this.#isOver) return
    let isDone = false
    const again = () => {
      if (isDone) return
      isDone = true
      this.#sim.after(this.#random.fraction() * 40, () => this.#client())
    }
    // Of a process that ended nothing is heard any more.
    this.#sim.after(CLIENT_TIMEOUT_MS, again)
    // Whoever believes to be active is asked, also one that is cut off.
    const active = [...this.#processes.values()]
      .map(({ controller }) => controller)
      .filter(({ runtime }) => runtime.machine !== null)
    const controller = active[this.#random.below(active.length)]
    if (controller === undefined) {
      again()
      return
    }
    this.#ask(controller).then(again, error => {
      const isExpected = error instanceof NotLeaderError || error instanceof QuorumBusyError
      if (!isExpected) this.violations.push(errorMessage(error))
      again()
    })
  }

  #ask(controller: QuorumController): Promise<void> {
    const kind = this.#random.below(4)
    if (kind === 0) return this.#allocate(controller)
    if (kind !== 2 && this.#topics.size > MAX_TOPICS) return this.#delete(controller)
    if (kind === 1 && this.#topics.size > 5) return this.#delete(controller)
    return this.#create(controller)
  }

  async #create(controller: QuorumController): Promise<void> {
    this.#number++
    const name = `topic-${this.#number}`
    this.#unsure.add(name)
    const topic = { name, partitionCount: 2, replicationFactor: 3, assignments: [], configs: [] }
    const [created] = await controller.submit(machine =>
      machine.topics.createTopics([topic], false),
    )
    if (created?.error === 'INVALID_REPLICATION_FACTOR') return
    if (created?.error !== 'NONE') throw new Error(`${name}: ${created?.error}`)
    this.#unsure.delete(name)
    this.#topics.set(name, created.topicId)
    this.decisions++
    if (controller.image.topic(name)?.topicId !== created.topicId)
      this.violations.push(`${name} is acknowledged and not in the image of the one who did it`)
  }

  async #delete(controller: QuorumController): Promise<void> {
    const names = [...this.#topics.keys()]
    const name = names[this.#random.below(names.length)] ?? ''
    const topicId = this.#topics.get(name) ?? ''
    this.#topics.delete(name)
    this.#unsure.add(name)
    await controller.submit(machine => machine.topics.deleteTopics([topicId]))
    this.decisions++
  }

  async #allocate(controller: QuorumController): Promise<void> {
    const block = await controller.submit(machine => machine.producerIds.allocate())
    for (const other of this.#blocks)
      if (other.firstProducerId === block.firstProducerId)
        this.violations.push(`the producer ids from ${block.firstProducerId} on were given twice`)
    this.#blocks.push(block)
    this.decisions++
  }

  // --- The end ---

  async #finish(): Promise<void> {
    const sim = this.#sim
    sim.network.healAll()
    for (const id of IDS) sim.resume(`n${id}`)
    await sim.run({ forMs: 2000 })
    for (const id of IDS) this.#start(id)
    const before = this.decisions
    await sim.run(() => this.decisions > before + 3, HEALING_MS)
    const healedMs = sim.nowMs + HEALING_MS
    while (!this.#isWhole() && sim.nowMs < healedMs) await sim.run({ forMs: 100 })
    const active = this.#active()
    const problem = active === null ? 'nobody is active' : this.#actors.problem(active.image)
    if (problem !== null) throw new Error(`not whole at the end: ${problem}`)
    this.#isOver = true
    this.#actors.close()
    await sim.run({ forMs: 3000 })
    this.#check()
    const states = [...this.#processes.values()].map(({ controller }) => this.#stateOf(controller))
    if (states.length !== IDS.length) throw new Error('a controller does not come up')
    for (const state of states) if (state !== states[0]) throw new Error('images differ')
  }

  #isWhole(): boolean {
    const active = this.#active()
    return active !== null && this.#actors.problem(active.image) === null
  }

  #stateOf({ image, index }: QuorumController): string {
    for (const [name, topicId] of this.#topics)
      if (image.topic(name)?.topicId !== topicId) throw new Error(`${name} was created and is gone`)
    for (const { name } of image.topics)
      if (!this.#topics.has(name) && !this.#unsure.has(name))
        throw new Error(`${name} was never asked for, or deleted`)
    const topics = [...image.topics].map(({ name, topicId }) => `${name}=${topicId}`).sort()
    return `${index} ${image.nextProducerId} ${topics.join(' ')}`
  }
}
