// Somebody who may take a request before its handler does: a test that wants a broker to misbehave.

import type { PendingRequest } from './pending-request.ts'
import type { RequestContext } from './request-context.ts'

/** Lets the handler have the request; with a context of its own, that one gets the answer. */
export type RunRequest = (context?: RequestContext) => void

export interface RequestInterceptor {
  /**
   * True: the interceptor has taken the request. It answers it, closes it, or calls `run`, at most
   * once and now or later.
   */
  intercept(request: PendingRequest, body: unknown, run: RunRequest): boolean
}
