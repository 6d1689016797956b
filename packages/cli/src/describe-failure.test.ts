import { ClientError } from '@weir/client'
import t from 'tap'
import { describeFailure } from './describe-failure.ts'

t.test(
  'what the active controller did not answer is missing most likely for want of one',
  async t => {
    const said = (isOfController: boolean) =>
      describeFailure(new ClientError('timeout', 'h:1 did not answer', { isOfController }))
    t.match(said(true), /That takes an active controller: does a majority of the voters run/)
    t.match(said(false), /Give it more time with --timeout/)
  },
)
