// What goes wrong in the soak: drawn from a seed, so that the same seed does the same in the same order
// (when it meets the cluster is real time, and differs).
import { join } from 'node:path'
import { damageTails } from './tails.mjs'

const sleep = delayMs => new Promise(resolve => setTimeout(resolve, delayMs))

/** Mulberry32: small, and the same everywhere. */
export function seededRandom(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = limit => Math.floor(next() * limit)
  const pick = list => list[below(list.length)]
  return { below, pick }
}

const FAULTS = [
  { name: 'kill -9', weight: 6, nodes: 1, run: killed },
  { name: 'SIGTERM', weight: 3, nodes: 1, run: stopped },
  { name: 'SIGSTOP', weight: 5, nodes: 1, run: paused },
  { name: 'SIGSTOP, then kill -9', weight: 1, nodes: 1, run: pausedAndKilled },
  { name: 'SIGSTOP again and again', weight: 2, nodes: 1, run: stuttered },
  { name: 'kill -9 while it starts', weight: 2, nodes: 1, run: killedWhileStarting },
  { name: 'kill -9 and power failure', weight: 3, nodes: 1, run: lostPower },
  { name: 'kill -9', weight: 2, nodes: 2, run: killed },
  { name: 'SIGSTOP', weight: 1, nodes: 2, run: paused },
  { name: 'kill -9', weight: 1, nodes: 3, run: killed },
]

export const PROCESS_FAULTS = FAULTS.flatMap(fault => new Array(fault.weight).fill(fault))

/**
 * One fault, to its end: the nodes run again when it resolves. `isWhole` says whether all replicas are in
 * sync: one at a time may lose what it had not synced (min.insync.replicas is 2).
 */
export async function strike(control, random, isWhole) {
  const fault = random.pick(PROCESS_FAULTS)
  const victims = [...control.ids]
  while (victims.length > fault.nodes) victims.splice(random.below(victims.length), 1)
  const durationMs = random.below(2) === 0 ? random.below(1_000) : random.below(6_000)
  const text = `${fault.name} of ${victims.join(', ')} for ${durationMs} ms`
  await fault.run(control, victims, { durationMs, seed: random.below(2 ** 31), isWhole })
  return text
}

const each = (victims, act) => Promise.all(victims.map(act))

async function killed(control, victims, { durationMs }) {
  await each(victims, id => control.kill(id))
  await sleep(durationMs)
  await each(victims, id => control.start(id))
}

async function stopped(control, victims, { durationMs }) {
  await each(victims, id => control.stop(id))
  await sleep(durationMs)
  await each(victims, id => control.start(id))
}

async function paused(control, victims, { durationMs }) {
  for (const id of victims) control.pause(id)
  await sleep(durationMs)
  for (const id of victims) control.continue(id)
}

async function pausedAndKilled(control, victims, { durationMs }) {
  for (const id of victims) control.pause(id)
  await sleep(durationMs)
  await killed(control, victims, { durationMs })
}

const STUTTERS = 8

async function stuttered(control, victims, { seed }) {
  const random = seededRandom(seed)
  for (let stops = 0; stops < STUTTERS; stops++) {
    await paused(control, victims, { durationMs: random.below(800) })
    await sleep(random.below(800))
  }
}

async function killedWhileStarting(control, victims, { durationMs }) {
  await each(victims, id => control.kill(id))
  // Its end is what it is killed for.
  const starts = victims.map(id => control.start(id).catch(() => {}))
  await sleep(durationMs / 4)
  await each(victims, id => control.kill(id))
  await Promise.all(starts)
  await each(victims, id => control.start(id))
}

async function lostPower(control, victims, { durationMs, seed, isWhole }) {
  const mayLose = await isWhole()
  await each(victims, id => control.kill(id))
  if (mayLose) {
    const random = seededRandom(seed)
    for (const id of victims) damageTails(join(control.directory, `data-${id}`), random)
  }
  await sleep(durationMs)
  await each(victims, id => control.start(id))
}
