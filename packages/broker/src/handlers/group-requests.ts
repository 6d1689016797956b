// What the handlers of the groups share.

import type { RequestContext as GroupContext } from '@weir/groups'
import type { ErrorName } from '@weir/protocol'
import { coordinatorErrorOf } from '../coordinator/group-coordinator.ts'
import type { RequestContext } from '../server/request-context.ts'

/** A request's context as the shards take it. */
export function groupContext(context: RequestContext, nowMs: number): GroupContext {
  return {
    nowMs,
    apiVersion: context.apiVersion,
    clientId: context.clientId ?? '',
    clientHost: `/${context.connection.remoteAddress}`,
  }
}

/** The answer of the shard, or the one for the reason why it could not take the request. */
export async function orFailure<Response>(
  answer: Promise<Response>,
  onFailure: (error: ErrorName) => Response,
): Promise<Response> {
  try {
    return await answer
  } catch (error) {
    return onFailure(coordinatorErrorOf(error))
  }
}
