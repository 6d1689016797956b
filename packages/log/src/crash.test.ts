import t from 'tap'
import { runCrash } from './testing/crash-harness.ts'

t.test(
  'whatever was synced survives a power failure at any moment, and nothing is invented',
  async t => {
    let torn = 0
    let crashed = 0
    for (let seed = 1; seed <= 7; seed++) {
      const whole = await runCrash({ seed, crashAtEvent: Number.POSITIVE_INFINITY, steps: 60 })
      for (let share = 0.07; share < 1; share += 0.11) {
        const crashAtEvent = Math.floor(whole.events * share)
        const result = await runCrash({ seed, crashAtEvent, steps: 60 })
        if (result.hadTornTail) torn++
        if (result.hasCrashed) crashed++
      }
    }
    t.ok(crashed > 45, `${crashed} crashes`)
    t.ok(torn > 2, `${torn} torn tails`)
  },
)

t.test('with flush.messages=1 every record below the written end survives', async t => {
  for (let seed = 101; seed <= 105; seed++) {
    const config = { flushMessages: 1 }
    const whole = await runCrash({
      seed,
      crashAtEvent: Number.POSITIVE_INFINITY,
      steps: 40,
      config,
    })
    for (let share = 0.1; share < 1; share += 0.2) {
      await runCrash({ seed, crashAtEvent: Math.floor(whole.events * share), steps: 40, config })
    }
  }
  t.pass()
})
