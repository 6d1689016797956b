// Leaders and replicas of existing partitions, as the controller offers them: ISR changes, elections,
// reassignments.

import type { EffectiveSettings } from './effective-settings.ts'
import { ElectionControl } from './election-control.ts'
import type { MetadataImage } from './image.ts'
import { IsrControl } from './isr-control.ts'
import { ReassignmentControl } from './reassignment-control.ts'

export class PartitionControl {
  readonly elections: ElectionControl
  readonly reassignments: ReassignmentControl
  readonly #isr: IsrControl

  constructor(image: MetadataImage, settings: EffectiveSettings) {
    this.#isr = new IsrControl(image, settings)
    this.elections = new ElectionControl(image, settings)
    this.reassignments = new ReassignmentControl(image, settings)
  }

  alterPartition(...args: Parameters<IsrControl['alterPartition']>) {
    return this.#isr.alterPartition(...args)
  }

  electLeaders(...args: Parameters<ElectionControl['electLeaders']>) {
    return this.elections.electLeaders(...args)
  }

  alterReassignments(...args: Parameters<ReassignmentControl['alterReassignments']>) {
    return this.reassignments.alterReassignments(...args)
  }

  listReassignments(...args: Parameters<ReassignmentControl['listReassignments']>) {
    return this.reassignments.listReassignments(...args)
  }
}
