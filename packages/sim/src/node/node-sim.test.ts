import t from 'tap'
import { runNodeSeed } from './node-sim.ts'
import { RecordHistory } from './record-history.ts'

const SEEDS = 2

t.test(`a node with producers and a consumer: seeds 1 to ${SEEDS} keep every promise`, async t => {
  let acked = 0
  let restarts = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await runNodeSeed(seed)
    t.equal(result.violation, null, `seed ${seed}`)
    acked += result.acked
    restarts += result.restarts
  }
  t.ok(acked > SEEDS * 200, `${acked} records were acknowledged`)
  t.ok(restarts > SEEDS, `${restarts} times the node ended and came back`)
})

t.test('the same seed gives the same trace, twice', async t => {
  t.same(await runNodeSeed(2), await runNodeSeed(2))
})

for (const { name, events, expected } of [
  {
    name: 'a lost record',
    events: (history: RecordHistory) => history.acked('p-1', 0, 5),
    expected: /is not there/,
  },
  {
    name: 'a record that is there twice',
    events: (history: RecordHistory) => {
      history.read(0, 1, 'p-1')
      history.read(0, 2, 'p-1')
    },
    expected: /there twice/,
  },
  {
    name: 'an offset with another record than before',
    events: (history: RecordHistory) => {
      history.read(0, 1, 'p-1')
      history.read(0, 1, 'p-2')
    },
    expected: /held p-1, now p-2/,
  },
  {
    name: 'records in the wrong order',
    events: (history: RecordHistory) => {
      history.read(0, 1, 'p-2')
      history.read(0, 2, 'p-1')
    },
    expected: /comes late/,
  },
])
  t.test(`the history notices ${name}`, async t => {
    const history = new RecordHistory()
    events(history)
    history.finish()
    t.match(history.violations[0], expected)
  })
