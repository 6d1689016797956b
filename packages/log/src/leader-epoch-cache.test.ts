import t from 'tap'
import { LeaderEpochCache } from './leader-epoch-cache.ts'

const LOG_END = 100

t.test('the end of an epoch, asked for by a follower', async t => {
  const cache = new LeaderEpochCache([
    [2, 10],
    [5, 40],
    [6, 40],
    [9, 70],
  ])
  const cases: [asked: number, leaderEpoch: number, endOffset: number][] = [
    [-1, -1, -1],
    [0, 0, 10],
    [1, 1, 10],
    [2, 2, 40],
    [3, 2, 40],
    [5, 5, 40],
    [6, 6, 70],
    [8, 6, 70],
    [9, 9, LOG_END],
    [10, -1, -1],
  ]
  for (const [asked, leaderEpoch, endOffset] of cases) {
    t.same(cache.endOffsetFor(asked, LOG_END), { leaderEpoch, endOffset }, `epoch ${asked}`)
  }
  t.same(new LeaderEpochCache().endOffsetFor(3, LOG_END), { leaderEpoch: -1, endOffset: -1 })
})

t.test('the epoch of an offset is that of the batch there, not of one without records', async t => {
  const cache = new LeaderEpochCache([
    [2, 10],
    [5, 40],
    [6, 40],
  ])
  t.same(
    [9, 10, 39, 40, 1000].map(offset => cache.epochForOffset(offset)),
    [-1, 2, 2, 6, 6],
  )
})

t.test('epochs only grow', async t => {
  const cache = new LeaderEpochCache()
  t.equal(cache.assign(3, 0), true)
  t.equal(cache.assign(3, 5), false)
  t.equal(cache.assign(2, 5), false)
  t.equal(cache.assign(-1, 5), false)
  t.equal(cache.latestEpoch, 3)
})

t.test(
  'cutting the end forgets epochs that began there, cutting the start keeps the one it is in',
  async t => {
    const cache = new LeaderEpochCache([
      [2, 10],
      [5, 40],
      [9, 70],
    ])
    t.equal(cache.truncateFromEnd(70), true)
    t.same(cache.entries(), [
      [2, 10],
      [5, 40],
    ])
    t.equal(cache.truncateFromStart(5), false)
    t.equal(cache.truncateFromStart(20), true)
    t.same(cache.entries(), [
      [2, 20],
      [5, 40],
    ])
    cache.truncateFromStart(60)
    t.same(cache.entries(), [[5, 60]])
    cache.truncateFromEnd(0)
    t.same(cache.entries(), [])
  },
)
