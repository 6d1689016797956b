import type { FindCoordinatorResponseInit } from '@weir/protocol'
import { errorCode, KafkaError } from '@weir/protocol'
import t from 'tap'
import type { DataPlane } from '../testing/data-plane.ts'
import { openGroupPlane } from '../testing/group-plane.ts'
import { handleFindCoordinator } from './find-coordinator.ts'

const LOAD_MS = 5_000

function ask(plane: DataPlane, coordinatorKeys: string[]) {
  return plane.ask(handleFindCoordinator, 4, { key: '', keyType: 0, coordinatorKeys })
}

function replace(plane: DataPlane, part: object): void {
  Object.assign(plane.services, part)
}

t.test('several groups whose shards load are waited for at the same time', async t => {
  const plane = await openGroupPlane()
  const { clock } = plane.env
  const find = async () => {
    await clock.sleep(LOAD_MS)
    return { kind: 'found', nodeId: 1 }
  }
  replace(plane, { groupCoordinator: { find } })
  const startedMs = plane.sim.nowMs
  const asked = ask(plane, ['a', 'b', 'c'])
  const { coordinators } = await plane.response<FindCoordinatorResponseInit>(asked)
  t.match(coordinators, [{ key: 'a', nodeId: 1 }, { key: 'b' }, { key: 'c' }])
  t.ok(asked.answeredAtMs - startedMs < 2 * LOAD_MS)
})

t.test(
  'while no controller can create the topic of the groups there is no coordinator',
  async t => {
    const plane = await openGroupPlane({
      create: () => Promise.reject(new KafkaError('REQUEST_TIMED_OUT', 'nobody answered')),
    })
    const { coordinators } = await plane.response<FindCoordinatorResponseInit>(ask(plane, ['g']))
    t.match(coordinators, [
      { key: 'g', nodeId: -1, errorCode: errorCode('COORDINATOR_NOT_AVAILABLE') },
    ])
  },
)
