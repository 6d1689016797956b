export type { ApiName } from './api-name.ts'
export type { ErrorName } from './error-name.ts'
export { startWeir } from './start-weir.ts'
export { VERSION } from './version.ts'
export type {
  Fault,
  FaultFilter,
  Faults,
  StartWeirOptions,
  TopicOptions,
  Weir,
  WeirBroker,
} from './weir.ts'
