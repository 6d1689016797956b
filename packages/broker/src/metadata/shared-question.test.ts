import t from 'tap'
import { SharedQuestion } from './shared-question.ts'

t.test('each question is answered by one that was asked after it, and many share it', async t => {
  const asked: ((answer: boolean) => void)[] = []
  const question = new SharedQuestion<boolean>(() => new Promise(resolve => asked.push(resolve)))
  const first = question.ask()
  const later = [question.ask(), question.ask(), question.ask()]
  t.equal(asked.length, 1, 'the later ones wait: the running one began before them')
  asked[0]?.(true)
  t.equal(await first, true)
  await Promise.resolve()
  t.equal(asked.length, 2)
  const last = question.ask()
  asked[1]?.(false)
  t.same(await Promise.all(later), [false, false, false])
  await Promise.resolve()
  asked[2]?.(true)
  t.equal(await last, true)
  t.equal(asked.length, 3)
})
