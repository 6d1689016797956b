// Rules of correctness.md, broken on purpose, one at a time, to see that the simulation of the cluster
// notices (docs/cluster-simulation.md). The production code has no switches: its methods are replaced
// while a bug is planted.

import { Log } from '@weir/log'

export interface PlantedClusterBug {
  readonly name: string
  readonly rule: string
  readonly what: string
  /** Replaces methods; answers what puts them back. */
  plant(): () => void
}

/** Replaces one method of a class. */
function patch<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  method: T[K],
): () => void {
  const original = prototype[name]
  prototype[name] = method
  return () => {
    prototype[name] = original
  }
}

export const PLANTED_CLUSTER_BUGS: readonly PlantedClusterBug[] = [
  {
    rule: 'R4',
    name: 'no-epoch-of-leader',
    what: 'a new leader does not note its epoch before it appends',
    plant: () => patch(Log.prototype, 'assignEpoch', () => {}),
  },
]
