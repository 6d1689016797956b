// How long one large group takes until it is stable: after all of its members came, or after one left.

import type { Env } from '@weir/core'
import { BenchError } from '../bench-error.ts'
import type { RebalanceCause } from '../scenarios.ts'
import { GroupLoad } from './group-load.ts'
import { type GroupsRunOptions, loadOptions } from './groups-run.ts'

/** Milliseconds from the cause until every partition has one owner. All members have left afterwards. */
export async function timeRebalance(
  env: Env,
  cause: RebalanceCause,
  options: GroupsRunOptions,
): Promise<number> {
  let failure: unknown = null
  let offset = 0
  const load = new GroupLoad(env, loadOptions(options), {
    // Members are told to join again, and commits come too late: that is what a rebalance is.
    observer: {
      nextOffset: () => ++offset,
      onStep: () => undefined,
      onCommit: () => undefined,
      onTrouble: () => undefined,
    },
    onFailure: error => {
      failure ??= error
    },
  })
  try {
    const joinMs = env.clock.monotonicMs()
    await load.start()
    const leaveMs = env.clock.monotonicMs()
    if (cause === 'leave') {
      await load.leaveFirst()
      await load.settled()
    }
    if (failure !== null) throw new BenchError(`a member of the group failed: ${String(failure)}`)
    return env.clock.monotonicMs() - (cause === 'leave' ? leaveMs : joinMs)
  } finally {
    await load.stop()
  }
}
