// Seeds of chaos: CHAOS_SEEDS=from-to and CHAOS_STEPS change how many and how long.

import t from 'tap'
import { Chaos } from './testing/chaos.ts'

const [from = 1, to = 6] = (process.env['CHAOS_SEEDS'] ?? '1-6').split('-').map(Number)
const steps = Number(process.env['CHAOS_STEPS'] ?? '15')

for (let seed = from; seed <= to; seed++) {
  t.test(`acknowledged records survive and logs become the same, seed ${seed}`, async t => {
    const report = await Chaos.run(seed, steps)
    t.ok(report.acked > 0, `${report.acked} acknowledged, ${report.faults} faults`)
  })
}
