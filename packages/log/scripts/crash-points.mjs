// Every event of scripted lives of a log as the moment of a power failure (simulated disk: what was not
// synced is lost, kept, torn or kept in part, directory entries too).
// node packages/log/scripts/crash-points.mjs [firstSeed] [seeds] [steps]

import { runCrash } from '../dist/testing/crash-harness.js'

const [firstSeed = 1, seeds = 5, steps = 60] = process.argv.slice(2).map(Number)
let points = 0
let torn = 0
let damaged = 0
let failures = 0
for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
  for (const config of [{}, { flushMessages: 1 }, { flushMs: 20 }]) {
    const whole = await runCrash({ seed, crashAtEvent: Number.POSITIVE_INFINITY, steps, config })
    for (let crashAtEvent = 1; crashAtEvent <= whole.events; crashAtEvent++) {
      points++
      try {
        const result = await runCrash({ seed, crashAtEvent, steps, config })
        if (result.hadTornTail) torn++
        if (result.hadDamage) damaged++
      } catch (error) {
        failures++
        process.stdout.write(`${error.message} ${JSON.stringify(config)}\n`)
      }
    }
  }
}
process.stdout.write(
  `${points} crash points, ${torn} with a torn tail, ${damaged} with unsynced data missing in the middle, ${failures} failures\n`,
)
process.exit(failures === 0 ? 0 : 1)
