export { LATENCY_BOUNDS_SECONDS, LatencyHistogram } from './latency-histogram.ts'
export {
  METRIC_AREAS,
  type MetricName,
  type MetricRow,
  metricRow,
  metricRows,
} from './metric-table.ts'
export type { EventLoopStats, ProcessProbe, ProcessStats } from './process-stats.ts'
export {
  type AnySample,
  type HistogramSample,
  PROMETHEUS_CONTENT_TYPE,
  renderMetric,
  type Sample,
  type Samples,
} from './prometheus.ts'
