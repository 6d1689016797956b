// The state machine of the simulation: it counts commands and chains their hash, so that two
// nodes that applied different things differ for ever.

import type { Entry } from '@weir/raft'

export interface MachineState {
  readonly index: number
  readonly commands: number
  readonly hash: number
}

export const EMPTY_STATE: MachineState = { index: 1, commands: 0, hash: 0x811c9dc5 }

export function hashBytes(seed: number, bytes: Uint8Array): number {
  let hash = seed
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

export function applyEntry(state: MachineState, entry: Entry): MachineState {
  if (entry.kind !== 'normal') return { ...state, index: entry.index }
  return {
    index: entry.index,
    commands: state.commands + 1,
    hash: hashBytes(state.hash, entry.data),
  }
}

/** Padded, so that it takes several chunks. */
export function encodeState(state: MachineState): Buffer {
  return Buffer.from(JSON.stringify(state).padEnd(64 + (state.index % 64)))
}

export function decodeState(data: Buffer): MachineState {
  return data.length === 0 ? EMPTY_STATE : (JSON.parse(data.toString()) as MachineState)
}
