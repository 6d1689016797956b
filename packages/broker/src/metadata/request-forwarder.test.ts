// What a node does around a request that the active controller answers for it.

import { Simulation } from '@weir/core/sim'
import t from 'tap'
import type { ForwardableRequest } from './request-forwarder.ts'
import { RequestForwarder } from './request-forwarder.ts'

t.test(
  'an answer waits until this node has what it tells of: a client reads what it wrote',
  async t => {
    const env = new Simulation({ seed: 1 }).env('a')
    let follow: (hasFollowed: boolean) => void = () => undefined
    let awaited = -1
    const controller = {
      isActive: false,
      appliedIndex: 3,
      whenApplied: (index: number) => {
        awaited = index
        return new Promise<boolean>(resolve => {
          follow = resolve
        })
      },
    }
    const answer = { errorCode: 0, responseData: Buffer.from('answer'), metadataIndex: 7 }
    const channel = {
      until: (_timeoutMs: number, attempt: (leftMs: number) => unknown) => attempt(1_000),
      attempt: async () => answer,
    }
    const forwarder = new RequestForwarder(env, controller as never, channel as never)
    const request = {
      frame: Buffer.alloc(1),
      principal: { type: 'User', name: 'a' },
      connection: { remoteAddress: 'b' },
    }
    let isAnswered = false
    const forwarded = forwarder
      .forward(request as ForwardableRequest, {}, () => t.fail('another node decides'))
      .then(result => {
        isAnswered = true
        return result
      })
    await new Promise(setImmediate)
    t.equal(awaited, 7)
    t.equal(isAnswered, false)
    follow(true)
    t.match(await forwarded, { kind: 'encoded', bytes: answer.responseData })
  },
)
