// The quorum of controllers: consensus on disks and networks.

export { RaftCodecError } from '@weir/raft'
export {
  type DecidingMachine,
  type DecisionMade,
  type DecisionParts,
  DecisionRuntime,
  NotLeaderError,
  type Proposer,
  QuorumBusyError,
} from './decision-runtime.ts'
export { DEFAULT_LIMITS, QuorumNode, type QuorumNodeOptions } from './quorum-node.ts'
export type { QuorumStatus, ReplicaStatus } from './quorum-status.ts'
export { type DriverOptions, RaftDriver } from './raft-driver.ts'
export type { CommittedEntry, Leadership, StateMachine } from './state-machine.ts'
export { makeDirectory } from './storage/files.ts'
export { Endpoint } from './transport/endpoint.ts'
export type { Refusal } from './transport/identity.ts'
export { quorumApi } from './transport/private-api.ts'
export { QuorumServer } from './transport/quorum-server.ts'
export { Transport } from './transport/transport.ts'
export { type VoterChangeOutcome, VoterChanges } from './voter-changes.ts'
export type { ProposalOutcome } from './waiters.ts'
