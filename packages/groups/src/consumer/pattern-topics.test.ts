import t from 'tap'
import { NO_TOPICS } from '../testing/shard-harness.ts'
import { PatternTopics } from './pattern-topics.ts'

class Names {
  names: string[] = []
  version = 0
  /** How often all names were looked through. */
  looks = 0

  patterns(): PatternTopics {
    const look = () => {
      this.looks++
      return this.names
    }
    const version = () => this.version
    return new PatternTopics({
      ...NO_TOPICS,
      names: look,
      get namesVersion() {
        return version()
      },
    })
  }
}

function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `t${index}`)
}

t.test('a few topics are matched at once, and again when topics came', async t => {
  const names = new Names()
  names.names = ['logs-a', 'audit']
  const patterns = names.patterns()
  t.same([...(patterns.resolve('logs-.*') ?? [])], ['logs-a'])
  patterns.resolve('logs-.*')
  t.equal(names.looks, 1, 'nothing has changed')
  names.names.push('logs-b')
  names.version++
  t.same([...(patterns.resolve('logs-.*') ?? [])], ['logs-a', 'logs-b'])
  t.equal(patterns.advance(), false)
})

t.test('many topics are matched step by step, whatever else is asked meanwhile', async t => {
  const names = new Names()
  names.names = many(3500)
  const patterns = names.patterns()
  t.equal(patterns.resolve('t.*9'), null)
  t.equal(patterns.resolve('t.*9'), null, 'asking is no step')
  for (let step = 0; step < 3; step++) t.equal(patterns.advance(), true)
  t.equal(patterns.resolve('t.*9')?.size, 350)
  t.equal(patterns.advance(), false)
})

t.test('topics that come while a pattern is matched are not missed', async t => {
  const names = new Names()
  names.names = many(1500)
  const patterns = names.patterns()
  t.equal(patterns.resolve('t.*|new'), null)
  names.names = ['new', ...many(1500)]
  names.version++
  patterns.advance()
  t.equal(patterns.resolve('t.*|new'), null, 'what was matched is of the past')
  patterns.advance()
  t.equal(patterns.resolve('t.*|new')?.size, 1501)
})

t.test('patterns are bounded: the oldest is forgotten', async t => {
  const names = new Names()
  names.names = ['t1']
  const patterns = names.patterns()
  for (let index = 0; index < 300; index++) patterns.resolve(`t${index}`)
  t.equal(names.looks, 300)
  patterns.resolve('t299')
  t.equal(names.looks, 300)
  patterns.resolve('t0')
  t.equal(names.looks, 301)
})
