// The real driver, storage and transport of the quorum on simulated machines: power failures, kills,
// stalls, cut and reset connections, failing disks, clocks that jump. Slower than the simulation of
// the core alone, and closer to a process.

import { errorMessage } from '@weir/core'
import { SimRandom, Simulation } from '@weir/core/sim'
import { QuorumWorld } from './quorum-world.ts'

export interface QuorumSeedResult {
  readonly seed: number
  /** Null if everything held. */
  readonly violation: string | null
  readonly trace: string
  readonly events: number
  readonly simulatedMs: number
  readonly committed: number
  readonly reads: number
  readonly fatals: number
}

const FAULT_MS = 12_000
const ACTION_MS = 150
const PROPOSE_MS = 25
const READ_MS = 60
/** Ten election timeouts of at most 600 ms. */
const HEALING_MS = 6000

export async function runQuorumSeed(seed: number): Promise<QuorumSeedResult> {
  const random = new SimRandom(`quorum ${seed}`)
  const sim = new Simulation({
    seed: `quorum ${seed}`,
    diskFaults: {
      maxDelayMs: random.chance(0.5) ? 0.3 : 10,
      syncWriteChance: random.fraction(),
      shortWriteChance: random.chance(0.3) ? 0.05 : 0,
    },
    netFaults: { minLatencyMs: 0.05, maxLatencyMs: random.chance(0.5) ? 1 : 30, splitChance: 0.3 },
  })
  const world = new QuorumWorld(sim, random.chance(0.7) ? 3 : 5)
  let violation: string | null = null
  try {
    await play(sim, world, random)
  } catch (error) {
    violation = errorMessage(error)
  }
  return {
    seed,
    violation,
    trace: sim.traceHash,
    events: sim.eventCount,
    simulatedMs: sim.nowMs,
    committed: world.committedIndex,
    reads: world.answeredReads,
    fatals: world.fatals,
  }
}

async function play(sim: Simulation, world: QuorumWorld, random: SimRandom): Promise<void> {
  for (const id of world.ids) world.start(id)
  const actions = chosenActions(world, sim, random)
  let isOver = false
  const repeat = (everyMs: number, act: () => void) => {
    sim.after(everyMs * (0.5 + random.fraction()), () => {
      if (isOver) return
      act()
      repeat(everyMs, act)
    })
  }
  repeat(PROPOSE_MS, () => world.propose())
  repeat(READ_MS, () => world.read())
  while (sim.nowMs < FAULT_MS) {
    await sim.run({ forMs: random.fraction() * 2 * ACTION_MS })
    world.check()
    actions[random.below(actions.length)]?.()
  }
  await finish(sim, world)
  isOver = true
  world.check()
}

/** A random half of what can go wrong. */
function chosenActions(world: QuorumWorld, sim: Simulation, random: SimRandom): (() => void)[] {
  const any = () => world.ids[random.below(world.ids.length)] ?? 1
  const often = () => (random.chance(0.5) ? (world.leaderId() ?? any()) : any())
  const later = (ms: number, act: () => void) => sim.after(random.fraction() * ms, act)
  const all: (() => void)[] = [
    () => world.crash(often(), random.fraction() * 1500),
    () => world.kill(often(), random.fraction() * 800),
    () => {
      for (const id of world.ids) if (random.chance(0.8)) world.crash(id, random.fraction() * 1000)
    },
    () => {
      const name = world.name(often())
      sim.pause(name)
      later(2000, () => sim.resume(name))
    },
    () => {
      const [a, b] = [world.name(often()), world.name(any())]
      if (a === b) return
      if (random.chance(0.5)) sim.network.cut(a, b)
      else sim.network.cutOneWay(a, b)
      later(3000, () => sim.network.heal(a, b))
    },
    () => {
      const lonely = often()
      for (const id of world.ids)
        if (id !== lonely) sim.network.cut(world.name(id), world.name(lonely))
      later(2500, () => {
        for (const id of world.ids) sim.network.heal(world.name(id), world.name(lonely))
      })
    },
    () => sim.network.reset(world.name(often()), world.name(any())),
    () => sim.skewWallClock(world.name(any()), (random.fraction() - 0.5) * 7_200_000),
    () => sim.disk(world.name(often())).fail('sync', 1 + random.below(4)),
    () => sim.disk(world.name(any())).fail('write', 1 + random.below(6), 'ENOSPC'),
    () => world.transfer(any()),
  ]
  return all.filter(() => random.chance(0.5)).concat(() => world.crash(often(), 500))
}

async function finish(sim: Simulation, world: QuorumWorld): Promise<void> {
  sim.network.healAll()
  for (const id of world.ids) {
    sim.resume(world.name(id))
    sim.disk(world.name(id)).heal()
  }
  // Restarts and messages of the past come to rest.
  await sim.run({ forMs: 3000 })
  for (const id of world.ids) world.start(id)
  await sim.run({ forMs: 1000 })
  const before = world.acknowledged
  const deadlineMs = sim.nowMs + HEALING_MS
  while (world.acknowledged === before) {
    if (sim.nowMs > deadlineMs) throw new Error(`no progress after healing: ${world.describe()}`)
    await sim.run({ forMs: 50 })
  }
  world.isQuiet = true
  await sim.run({ forMs: 3000 })
  world.checkAllAgree()
}
