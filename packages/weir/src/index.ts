export { type RunningWeir, type StartWeirOptions, startWeir } from './start-weir.ts'
export { VERSION } from './version.ts'
