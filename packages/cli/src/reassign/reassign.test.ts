import t from 'tap'
import { CommandError } from '../errors.ts'
import { parseBytes } from '../values/size.ts'
import { addedBy, movesBetween, parsePlan, planDocument, removedBy } from './reassignment-plan.ts'
import { throttledReplicas } from './throttle.ts'

const place = (partition: number, ...replicas: number[]) => ({ topic: 't', partition, replicas })

t.test('a plan has only what changes, the order of the replicas included', t => {
  const moves = movesBetween(
    [place(0, 1, 2), place(1, 2, 3), place(2, 3, 1)],
    [place(0, 1, 2), place(1, 3, 2), place(2, 3, 4)],
  )
  t.same(
    moves.map(move => [move.partition, addedBy(move), removedBy(move)]),
    [
      [1, [], []],
      [2, [4], [1]],
    ],
  )
  t.throws(() => movesBetween([], [place(7, 1)]), /partition t-7 does not exist/)
  t.end()
})

t.test('a plan is read as it is written, and as Kafka writes it', t => {
  const wanted = [place(0, 1, 2)]
  t.same(parsePlan(JSON.stringify(planDocument(wanted))), wanted)
  const kafka =
    '{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","any"]}]}'
  t.same(parsePlan(kafka), wanted)
  t.end()
})

t.test('what is no plan is refused with the entry', t => {
  const entry = (text: string) => `{"version":1,"partitions":[${text}]}`
  const good = '{"topic":"t","partition":0,"replicas":[1]}'
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{', /the plan is not JSON/],
    ['null', /names no partitions/],
    ['{"version":2,"partitions":[]}', /has version 2/],
    [entry(''), /names no partitions/],
    [entry(`${good},{}`), /entry 2 of the plan is not/],
    [entry('{"topic":"t","partition":0,"replicas":[]}'), /entry 1/],
    [entry('{"topic":"t","partition":-1,"replicas":[1]}'), /entry 1/],
    [entry('{"topic":"t","partition":0,"replicas":["1"]}'), /entry 1/],
    [entry('{"topic":"t","partition":0,"replicas":[1,1]}'), /a broker twice for t-0/],
    [entry(`${good},${good}`), /t-0 twice/],
  ]
  for (const [text, expected] of cases) {
    t.throws(() => parsePlan(text), CommandError)
    t.throws(() => parsePlan(text), expected, text)
  }
  t.end()
})

t.test('a throttle is for those that are read from and those that are copied to', t => {
  const moves = movesBetween([place(0, 1, 2), place(1, 2)], [place(0, 2, 3), place(1, 2, 4)])
  t.same([...throttledReplicas(moves)], [['t', { leader: '0:1,0:2,1:2', follower: '0:3,1:4' }]])
  t.end()
})

t.test('sizes', t => {
  const sizes = ['50MB', '1.5KiB', '7', '2 gb'].map(text => parseBytes(text, '--x'))
  t.same(sizes, [50e6, 1536, 7, 2e9])
  for (const text of ['', 'MB', '-1', '0', '5XB', '1e99GB']) {
    t.throws(() => parseBytes(text, '--x'), /--x takes a size/, text)
  }
  t.end()
})
