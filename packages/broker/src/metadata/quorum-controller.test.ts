// The controller of a node alone when its disk fails: what is answered, and that nothing is
// acknowledged that is not there after a restart. What a failover costs a node with many partitions.

import {
  type MetadataDelta,
  MetadataImage,
  type MetadataRecord,
  snapshotChunks,
} from '@weir/controller'
import { Simulation } from '@weir/core/sim'
import { createTopicsApi, errorCode } from '@weir/protocol'
import { settingRules } from '@weir/settings'
import t from 'tap'
import { TestNode } from '../testing/test-node.ts'
import type { WireClient } from '../testing/wire-client.ts'
import { QuorumController } from './quorum-controller.ts'

function create(client: WireClient, name: string) {
  const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  return client.request(createTopicsApi, 7, { topics: [topic] })
}

function names(node: TestNode): string[] {
  return [...node.node.services.metadata.topics].map(topic => topic.name).sort()
}

t.test('on a full disk the metadata goes on with the space that is kept for it', async t => {
  const node = await TestNode.start()
  const client = await node.connect()
  const disk = node.sim.disk(node.machine)
  disk.faults.capacityBytes = disk.usedBytes
  t.match(await node.complete(create(client, 'a')), { topics: [{ name: 'a', errorCode: 0 }] })
  t.ok(node.sim.logs.some(line => line.message.includes('the space reserved for the quorum')))
  disk.faults.capacityBytes = Number.POSITIVE_INFINITY
  node.crash()
  await node.start()
  t.same(names(node), ['a'])
  t.same(node.fatal, [])
})

for (const call of ['write', 'sync'] as const) {
  t.test(`a failed ${call} of the metadata ends the node, and what was answered stays`, async t => {
    for (let k = 1; k <= 6; k++) {
      const node = await TestNode.start([], { seed: `${call} ${k}` })
      const client = await node.connect()
      node.sim.disk(node.machine).fail(call, k)
      const acknowledged: string[] = []
      const refused: number[] = []
      for (let i = 0; i < 8; i++) {
        create(client, `t${i}`).then(
          ({ topics }) => {
            const code = topics[0]?.errorCode ?? -1
            if (code === 0) acknowledged.push(`t${i}`)
            else refused.push(code)
          },
          () => undefined,
        )
      }
      await node.sim.run({ forMs: 1_000 })
      t.ok(node.fatal.length > 0, `${call} ${k}: the node was told to stop`)
      // The leadership went with the disk: nobody answers any more, or that it may have happened.
      t.ok(refused.every(code => code === errorCode('REQUEST_TIMED_OUT')))
      node.crash()
      node.sim.disk(node.machine).heal()
      await node.start()
      const present = new Set(names(node))
      t.same(
        acknowledged.filter(name => !present.has(name)),
        [],
        `${call} ${k}: ${acknowledged.length} were acknowledged`,
      )
    }
  })
}

function snapshotOf(names: readonly string[]): Buffer[] {
  const image = new MetadataImage()
  for (const name of names) image.replay({ kind: 'topic', name, topicId: `id-${name}` })
  return [...snapshotChunks(image, 10, 2)]
}

t.test('a state that a snapshot replaces is published as what that changed', t => {
  const deltas: MetadataDelta[] = []
  const controller = new QuorumController(new Simulation({ seed: 1 }).env('n'), {
    controller: {
      newUuid: () => 'u',
      randomBelow: () => 0,
      topicDefaults: () => ({ partitionCount: 1, replicationFactor: 1 }),
      configRules: settingRules(() => t.fail('not asked') as never),
    },
    onChange: delta => deltas.push(delta),
    onLeadership: () => undefined,
  })
  const { image } = controller
  controller.restore(snapshotOf(['a', 'b']), 9, 2)
  controller.restore(snapshotOf(['b', 'c']), 20, 3)
  t.same([...image.topics].map(topic => topic.name).sort(), ['b', 'c'])
  t.equal(controller.image, image, 'whoever has it has the new state')
  t.same([...(deltas[1]?.changedPartitions.keys() ?? [])], ['id-c'])
  t.same(
    deltas[1]?.removedTopics.map(topic => topic.name),
    ['a'],
  )
  t.equal(controller.appliedIndex, 20)
  // What is taken piece by piece is the state of the first moment.
  const pieces = controller.snapshot()
  const record: MetadataRecord = { kind: 'topic', name: 'd', topicId: 'id-d' }
  image.replay(record)
  controller.restore([...pieces], 20, 3)
  t.equal(image.topic('d'), undefined)
  t.end()
})
