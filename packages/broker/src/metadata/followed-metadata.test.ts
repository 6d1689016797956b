import t from 'tap'
import { FollowedMetadata } from './followed-metadata.ts'

/** A node that has read up to `index`, with so many changes to be done. */
function sources(index: number, backlogSize: number) {
  const done: (() => void)[] = []
  return {
    done,
    controller: {
      appliedIndex: index,
      whenApplied: async (wanted: number) => wanted <= index,
    },
    replicaManager: {
      backlogSize,
      whenApplied: () => new Promise<void>(resolve => done.push(resolve)),
    },
  }
}

t.test('a decision is followed when its partitions are changed, not when it is read', async t => {
  const node = sources(5, 0)
  const followed = new FollowedMetadata(node)
  t.equal(followed.index, 5)
  node.controller.appliedIndex = 9
  node.replicaManager.backlogSize = 1
  t.equal(followed.index, 5)
  node.replicaManager.backlogSize = 0
  t.equal(followed.index, 9)
})

t.test('who waits for a decision waits for its partitions', async t => {
  const node = sources(5, 1)
  const followed = new FollowedMetadata(node)
  let answer: boolean | null = null
  const waiting = followed.whenFollowed(5, 1_000).then(is => {
    answer = is
  })
  await Promise.resolve().then(() => undefined)
  t.equal(answer, null)
  for (const wake of node.done) wake()
  await waiting
  t.equal(answer, true)
  t.equal(await followed.whenFollowed(6, 1_000), false)
})
