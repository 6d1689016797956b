// The private API of the quorum (key 10000), version 0: messages of the consensus between nodes.

import { errorMessage } from '@weir/core'
import type { Decoded } from '@weir/protocol'
import { type quorumApi, RaftCodecError } from '@weir/quorum'
import { DEFERRED, type RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

export function handleQuorumMessages(
  { env, quorum }: ControlServices,
  context: RequestContext,
  { body }: Decoded<typeof quorumApi.request>,
): typeof DEFERRED {
  const handled = quorum().endpointOf(context.connection).handle(body)
  handled.then(
    answer => context.respond({ body: answer }),
    error => {
      if (!(error instanceof RaftCodecError)) env.log.error('a quorum message failed', { error })
      context.close(errorMessage(error))
    },
  )
  return DEFERRED
}
