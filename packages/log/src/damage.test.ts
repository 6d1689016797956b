import t from 'tap'
import { checkDamage, damageSetup, damagesOf } from './testing/damage-harness.ts'

for (const isClean of [true, false]) {
  t.test(
    `a bit flipped or a file cut anywhere, after ${isClean ? 'a clean stop' : 'kill -9'}`,
    async t => {
      const setup = await damageSetup(isClean, 7000)
      let cases = 0
      let found = 0
      const kinds = new Set<string>()
      for (const [path, bytes] of setup.files) {
        kinds.add(path.slice(path.lastIndexOf('.')))
        const stride = Math.max(8, Math.ceil((bytes.length * 8) / 11)) | 1
        for (const damage of damagesOf(path, bytes, stride, 5)) {
          cases++
          const outcome = await checkDamage(setup, damage)
          if (outcome.damagedOffsets > 0) found++
        }
      }
      for (const kind of [
        '.log',
        '.index',
        '.timeindex',
        '.txnindex',
        '.snapshot',
        '.producers',
        '.checkpoint',
      ]) {
        t.ok(kinds.has(kind), kind)
      }
      t.ok(cases > 150, `${cases} cases`)
      t.ok(found > 25, `${found} with damage`)
    },
  )
}
