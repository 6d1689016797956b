export { Admin } from './admin.ts'
export { BenchError } from './bench-error.ts'
export {
  type ClientFigures,
  clientResult,
  javaConsumerFigures,
  javaProducerFigures,
  librdkafkaFigures,
} from './client-figures.ts'
export {
  committedOffsets,
  GroupLoad,
  type GroupLoadOptions,
  type GroupProtocol,
} from './groups/group-load.ts'
export type { LoadObserver, MemberCommit } from './groups/member-load.ts'
export { formatHtml } from './html-report.ts'
export {
  BAD_PEERS,
  type BadPeerKind,
  BadPeers,
  type BadPeersOptions,
} from './isolation/bad-peers.ts'
export { type Disturbed, type IsolationBroker, IsolationRun } from './isolation/isolation.ts'
export { readUsage, type Usage } from './process-usage.ts'
export { formatReport } from './report.ts'
export { medianOf, resultOf, resultOfTime, type ScenarioResult } from './results.ts'
export { type Address, parseBootstrap, Rpc } from './rpc.ts'
export {
  type BenchOptions,
  type BenchReport,
  type BenchResult,
  benchResult,
  runBench,
} from './run.ts'
export type { BenchTarget } from './scenario-run.ts'
export { SCENARIOS, type Scenario, scenarioByName } from './scenarios.ts'
export { type LaunchedBroker, timeStart, untilAnswering } from './start-time.ts'
