// What the metrics are read from.

import type { ProcessProbe } from '@weir/core/metrics'
import type { ControlServices, Services } from '../services.ts'

export interface MetricsSources {
  readonly version: string
  readonly nodeVersion: string
  readonly probe: ProcessProbe
  readonly isReady: boolean
  /** Null while the node starts. */
  readonly control: ControlServices | null
  /** Null as long as the node is no broker. */
  readonly broker: Services | null
}
