// Rules of docs/traps.md, broken on purpose, one at a time, to see that the simulation of the cluster
// notices (docs/cluster-simulation.md).

import { CONTROLLER_BUGS } from './planted-controller-bugs.ts'
import { REPLICATION_BUGS } from './planted-replication-bugs.ts'
import type { PlantedClusterBug } from './planting.ts'

export type { PlantedClusterBug } from './planting.ts'

const ruleOf = ({ rule }: PlantedClusterBug) => Number(rule.slice(1))

/** In the order of the rules. */
export const PLANTED_CLUSTER_BUGS: readonly PlantedClusterBug[] = [
  ...REPLICATION_BUGS,
  ...CONTROLLER_BUGS,
].sort((a, b) => ruleOf(a) - ruleOf(b))
