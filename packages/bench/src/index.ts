export { Admin, BenchError } from './admin.ts'
export { readUsage, type Usage } from './process-usage.ts'
export { formatReport } from './report.ts'
export {
  type BenchOptions,
  type BenchReport,
  type BenchResult,
  type BenchTarget,
  runBench,
  type ScenarioResult,
} from './run.ts'
export { SCENARIOS, type Scenario, scenarioByName } from './scenarios.ts'
