// Simulation: clusters on a simulated world, checked at every step. Development only.

export { optionsOf, type RaftSimOptions } from './raft/raft-sim-options.ts'
export { NO_BUGS, runSeed, type SeedResult } from './raft/run-seed.ts'
