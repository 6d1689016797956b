export type { DiskFaults, SimDisk } from './sim-disk.ts'
export type { NetFaults } from './sim-net.ts'
export { hashText, SimRandom } from './sim-random.ts'
export { Simulation, type SimulationOptions } from './simulation.ts'
