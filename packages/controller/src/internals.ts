// Parts of the controller for the simulation of a cluster, which breaks their rules one at a time to see
// that it notices. Nothing else may use them.

export { BrokerControl } from './broker-control.ts'
export { EffectiveSettings } from './effective-settings.ts'
export { ReassignmentControl } from './reassignment-control.ts'
