import t from 'tap'
import { CommitHistory } from './commit-history.ts'
import { RecordHistory } from './record-history.ts'

function recordHistory() {
  const violations: string[] = []
  const history = new RecordHistory(message => violations.push(message))
  for (let number = 1; number <= 4; number++) history.sent(`p-${number}`, 't-0', 'ordered')
  return { history, violations }
}

const finish = (history: RecordHistory, values: readonly [number, string][], startOffset = 0) =>
  history.finish('t-0', startOffset, new Map(values))

for (const { name, events, expected } of [
  {
    name: 'a lost record',
    events: (history: RecordHistory) => {
      history.acked('p-1', 5, true)
      finish(history, [])
    },
    expected: /acknowledged at t-0\/5, where nothing is/,
  },
  {
    name: 'a record that was readable and is gone',
    events: (history: RecordHistory) => {
      history.read('t-0', 1, 'p-1')
      finish(history, [])
    },
    expected: /is not there any more/,
  },
  {
    name: 'a record that is there twice',
    events: (history: RecordHistory) => {
      history.read('t-0', 1, 'p-1')
      history.read('t-0', 2, 'p-1')
    },
    expected: /in t-0 twice/,
  },
  {
    name: 'an offset with another record than before',
    events: (history: RecordHistory) => {
      history.read('t-0', 1, 'p-1')
      history.read('t-0', 1, 'p-2')
    },
    expected: /held p-1, now p-2/,
  },
  {
    name: 'an acknowledgement of an offset where something else is',
    events: (history: RecordHistory) => {
      history.read('t-0', 1, 'p-1')
      history.acked('p-2', 1, true)
    },
    expected: /acknowledged at t-0\/1, where p-1 is/,
  },
  {
    name: 'a refused record that is there',
    events: (history: RecordHistory) => {
      history.failed('p-1')
      history.read('t-0', 1, 'p-1')
    },
    expected: /p-1 was refused and is at 1/,
  },
  {
    name: 'a record that lies before one which was acknowledged before it was sent',
    events: (history: RecordHistory) => {
      history.acked('p-1', 7, true)
      history.sent('q-1', 't-0', 'ordered')
      history.acked('q-1', 3, true)
    },
    expected: /before it was sent 7 was acknowledged/,
  },
  {
    name: 'records in the wrong order',
    events: (history: RecordHistory) =>
      finish(history, [
        [1, 'p-2'],
        [2, 'p-1'],
      ]),
    expected: /p-1 at t-0\/2 comes after p-2/,
  },
  {
    name: 'a record that nobody sent',
    events: (history: RecordHistory) => history.read('t-0', 1, 'x-1'),
    expected: /which nobody sent there/,
  },
])
  t.test(`the history of records notices ${name}`, async t => {
    const { history, violations } = recordHistory()
    events(history)
    t.match(violations[0], expected)
  })

t.test(
  'records that were deleted from the front, or not acknowledged, need not be there',
  async t => {
    const { history, violations } = recordHistory()
    history.acked('p-1', 0, true)
    history.acked('p-2', 1, false)
    finish(history, [[2, 'p-3']], 1)
    t.same(violations, [])
  },
)

function commitHistory() {
  const violations: string[] = []
  const clock = { nowMs: 0 }
  const history = new CommitHistory(
    () => clock.nowMs,
    message => violations.push(message),
  )
  const commit = (member: string, offset: number) => {
    clock.nowMs++
    history.acked('t-0', history.committing(member, 't-0', offset))
  }
  return { clock, history, violations, commit }
}

t.test('the history of commits notices a partition with two owners', async t => {
  const { clock, history, violations } = commitHistory()
  history.assigned('a', 't-0', 1000)
  clock.nowMs = 999
  history.assigned('b', 't-0', 2000)
  t.match(violations[0], /t-0 was given to b while a has it/)
})

t.test('a session that is over, or a release, frees the partition', async t => {
  const { clock, history, violations } = commitHistory()
  history.assigned('a', 't-0', 1000)
  clock.nowMs = 1000
  history.assigned('b', 't-0', 2000)
  history.renewed('b', 3000)
  history.released('b', 't-0')
  history.renewed('b', 4000)
  history.assigned('a', 't-0', 5000)
  t.same(violations, [])
})

t.test('the history of commits notices a commit of a member that was replaced', async t => {
  const { clock, history, violations, commit } = commitHistory()
  history.assigned('a', 't-0', 1000)
  clock.nowMs = 2000
  history.assigned('b', 't-0', 3000)
  commit('a', 7)
  t.match(violations[0], /a committed t-0 after it was given to b/)
})

t.test('the history of commits notices that a commit was taken back', async t => {
  const { history, violations, commit } = commitHistory()
  history.assigned('a', 't-0', 1000)
  commit('a', 7)
  commit('a', 9)
  history.fetched('t-0', 7, history.fetching('t-0'))
  t.match(violations[0], /t-0 has committed 7; 9 was acknowledged before/)
})

t.test('a commit without an answer may show, also after a later one', async t => {
  const { history, violations, commit } = commitHistory()
  history.assigned('a', 't-0', 1000)
  history.committing('a', 't-0', 7)
  commit('a', 9)
  history.fetched('t-0', 7, history.fetching('t-0'))
  history.fetched('t-0', 9, history.fetching('t-0'))
  t.same(violations, [])
})

/** The commit of 9 has no answer; the next owner finds it, while somebody else is asking. */
function handover() {
  const { clock, history, violations, commit } = commitHistory()
  history.assigned('a', 't-0', 1000)
  commit('a', 7)
  history.committing('a', 't-0', 8)
  history.committing('a', 't-0', 9)
  clock.nowMs = 2000
  const before = history.fetching('t-0')
  history.assigned('b', 't-0', 3000)
  clock.nowMs = 2010
  history.begins('b', 't-0', 9)
  clock.nowMs = 2020
  return { history, violations, before }
}

t.test('a fetch that began before an owner may show what that owner found', async t => {
  const { history, violations, before } = handover()
  history.fetched('t-0', 9, before)
  t.same(violations, [])
})

t.test('a fetch that began before an owner may show what was on its way until then', async t => {
  const { history, violations, before } = handover()
  history.fetched('t-0', 8, before)
  t.same(violations, [])
})

t.test('a commit of a former owner does not show to who asks after the next has begun', async t => {
  const { history, violations } = handover()
  history.fetched('t-0', 8, history.fetching('t-0'))
  t.match(violations[0], /t-0 has committed 8; 9 was acknowledged before/)
})

t.test('nor if the next owner found nothing new', async t => {
  const { clock, history, violations, commit } = commitHistory()
  history.assigned('a', 't-0', 1000)
  commit('a', 7)
  history.committing('a', 't-0', 9)
  clock.nowMs = 2000
  history.assigned('b', 't-0', 3000)
  history.begins('b', 't-0', 7)
  clock.nowMs = 2010
  history.fetched('t-0', 9, history.fetching('t-0'))
  t.match(violations[0], /t-0 has committed 9; 7 was acknowledged before/)
})
