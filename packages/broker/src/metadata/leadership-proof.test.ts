import t from 'tap'
import { LeadershipProof } from './leadership-proof.ts'

t.test('each question is answered by one that was asked after it, and many share it', async t => {
  const asked: ((isLeader: boolean) => void)[] = []
  const proof = new LeadershipProof(() => new Promise(resolve => asked.push(resolve)))
  const first = proof.confirm()
  const later = [proof.confirm(), proof.confirm(), proof.confirm()]
  t.equal(asked.length, 1, 'the later ones wait: the running one began before them')
  asked[0]?.(true)
  t.equal(await first, true)
  await Promise.resolve()
  t.equal(asked.length, 2)
  const last = proof.confirm()
  asked[1]?.(false)
  t.same(await Promise.all(later), [false, false, false])
  await Promise.resolve()
  asked[2]?.(true)
  t.equal(await last, true)
  t.equal(asked.length, 3)
})
