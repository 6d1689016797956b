import { Simulation } from '@weir/core/sim'
import t, { type Test } from 'tap'
import { PauseGuard } from './pause-guard.ts'

const SESSION_MS = 2_000

function guardOf(t: Test, decidesAlone?: () => boolean) {
  const env = new Simulation({ seed: 1 }).env('node')
  let nowMs = 0
  const clock = {
    ...env.clock,
    monotonicMs: () => nowMs,
    after: () => ({ cancel: () => undefined }),
  }
  const guard = new PauseGuard({ ...env, clock }, () => SESSION_MS, decidesAlone)
  t.teardown(() => guard.close())
  return {
    guard,
    standStill(milliseconds: number) {
      nowMs += milliseconds
      return nowMs
    },
  }
}

t.test('after a pause only a heartbeat that was sent after it opens the guard again', async t => {
  const { guard, standStill } = guardOf(t)
  t.equal(guard.mayServe(), true)
  standStill(SESSION_MS / 2)
  t.equal(guard.mayServe(), true, 'half a session is not too long')
  const wokeMs = standStill(SESSION_MS / 2 + 1)
  t.equal(guard.mayServe(), false)
  guard.confirm(wokeMs - 1)
  t.equal(guard.mayServe(), false, 'an answer to what was sent before')
  guard.confirm(wokeMs)
  t.equal(guard.mayServe(), true)
})

t.test('where all decisions are made in this process a pause leaves no doubt', async t => {
  const { guard, standStill } = guardOf(t, () => true)
  standStill(10 * SESSION_MS)
  t.equal(guard.mayServe(), true)
})
