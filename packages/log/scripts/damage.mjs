// Every bit flip and every truncation of each file of a log, after a clean stop and after kill -9.
// node packages/log/scripts/damage.mjs [bytes of log] [stride] : 64 KiB and 1 take long; the default
// is a log of 64 KiB with every 37th bit, and every bit of the first 64 bytes of each segment's head.

import { checkDamage, damageSetup, damagesOf } from '../dist/testing/damage-harness.js'

const [bytes = 65_536, stride = 37] = process.argv.slice(2).map(Number)
const say = line => process.stdout.write(`${line}\n`)
let failures = 0
for (const isClean of [true, false]) {
  const setup = await damageSetup(isClean, bytes)
  for (const [path, content] of setup.files) {
    let cases = 0
    let damaged = 0
    const run = async damage => {
      cases++
      try {
        const outcome = await checkDamage(setup, damage)
        if (outcome.damagedOffsets > 0) damaged++
      } catch (error) {
        failures++
        say(error.message)
      }
    }
    for (const damage of damagesOf(path, content, content.length <= 4096 ? 1 : stride))
      await run(damage)
    if (content.length > 4096 && stride > 1) {
      for (const damage of damagesOf(path, content.subarray(0, 64), 1)) {
        await run({ ...damage, bytes: Buffer.concat([damage.bytes, content.subarray(64)]) })
      }
    }
    say(
      `${isClean ? 'clean' : 'killed'} ${path}: ${cases} cases, ${damaged} with offsets reported damaged`,
    )
  }
}
say(`${failures} failures`)
process.exit(failures === 0 ? 0 : 1)
