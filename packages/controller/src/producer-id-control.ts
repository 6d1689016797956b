// Producer ids are given to brokers in blocks. Invariant (docs/traps.md T5): a block is committed
// before any id of it is handed out, so no id is ever given twice, whatever crashes.

import type { MetadataImage } from './image.ts'
import type { Decision, ProducerIdBlock } from './requests.ts'

const PRODUCER_ID_BLOCK_SIZE = 1_000

export class ProducerIdControl {
  readonly #image: MetadataImage

  constructor(image: MetadataImage) {
    this.#image = image
  }

  allocate(): Decision<ProducerIdBlock> {
    const firstProducerId = this.#image.nextProducerId
    const nextProducerId = firstProducerId + PRODUCER_ID_BLOCK_SIZE
    return {
      records: [{ kind: 'producerIds', nextProducerId }],
      response: { firstProducerId, count: PRODUCER_ID_BLOCK_SIZE },
    }
  }
}
