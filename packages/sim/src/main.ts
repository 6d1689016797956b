// `npm run sim -- --seed N | --seeds COUNT [--from N]`: replays seeds of the raft simulation. A
// failure prints the seed, which together with the commit is the whole bug report.
// `--quorum` with these: the same for the real driver, storage and transport.
// `--node` with these: a whole node with producers and consumers.
// `--controller` with these: the metadata controller on the quorum.
// `--cluster` with these: the whole cluster; `--hunt COUNT` stops at the first seed that fails, and
// `--planted` plants each known bug in turn and prints the first seed that notices it.
// `--hunt COUNT [--bug NAME]`: plants each known bug and prints the first seed that notices it, as a table.

import { clusterMain } from './cluster-main.ts'
import { runControllerSeed } from './controller/controller-sim.ts'
import { runNodeSeed } from './node/node-sim.ts'
import { huntAll } from './raft/hunt.ts'
import { runQuorumSeed } from './raft/quorum-sim.ts'
import { runSeed, type SeedResult } from './raft/run-seed.ts'

function numberAfter(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name)
  const value = at < 0 ? otherwise : Number(process.argv[at + 1])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`${name} takes a number`)
  process.exit(2)
}

function line(result: SeedResult): string {
  const { seed, violation, committed, reads, leaderTerms, trace } = result
  const outcome = violation === null ? 'ok' : `VIOLATION: ${violation}`
  return `seed ${seed}: ${outcome} (committed ${committed}, reads ${reads}, terms ${leaderTerms}, trace ${trace.toString(16)})`
}

function huntBugs(): void {
  console.log('| rule | planted bug | what it does | seed | noticed as |')
  console.log('| --- | --- | --- | --- | --- |')
  const at = process.argv.indexOf('--bug')
  const names = at < 0 ? [] : [process.argv[at + 1] ?? '']
  huntAll(numberAfter('--hunt', 1000), names, ({ bug, seed, mask, violation }) => {
    const where = seed ?? (mask === null ? 'none' : `link mask ${mask}`)
    console.log(
      `| ${bug.rule} | ${bug.name} | ${bug.what} | ${where} | ${violation.split('\n')[0]} |`,
    )
  })
}

function quorumLine(result: Awaited<ReturnType<typeof runQuorumSeed>>): string {
  const { seed, violation, committed, reads, fatals, trace } = result
  const outcome = violation === null ? 'ok' : `VIOLATION: ${violation}`
  return `quorum seed ${seed}: ${outcome} (committed ${committed}, reads ${reads}, disk failures ${fatals}, trace ${trace})`
}

/** Runs the seeds that were asked for; `run` answers what to print of each. */
async function replaySeeds(
  run: (
    seed: number,
  ) => Promise<{ violation: string | null; simulatedMs: number; events: number; text: string }>,
): Promise<void> {
  const isSingle = process.argv.includes('--seed')
  const from = isSingle ? numberAfter('--seed', 1) : numberAfter('--from', 1)
  const count = isSingle ? 1 : numberAfter('--seeds', 1000)
  const cpuBefore = process.cpuUsage()
  let failed = 0
  let simulatedMs = 0
  let events = 0
  for (let seed = from; seed < from + count; seed++) {
    const result = await run(seed)
    simulatedMs += result.simulatedMs
    events += result.events
    if (result.violation !== null) failed++
    if (result.violation !== null || isSingle) console.log(result.text)
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  const seconds = (user + system) / 1_000_000
  const hours = simulatedMs / 3_600_000 / (seconds / 60)
  console.log(
    `${count} seeds, ${failed} violations, ${events} events in ${seconds.toFixed(1)} s of CPU: ` +
      `${hours.toFixed(1)} cluster-hours a CPU-minute`,
  )
  process.exitCode = failed === 0 ? 0 : 1
}

if (process.argv.includes('--cluster')) await clusterMain(process.argv)
else if (process.argv.includes('--hunt')) huntBugs()
else if (process.argv.includes('--controller'))
  await replaySeeds(async seed => {
    const result = await runControllerSeed(seed)
    const { violation, decisions, topics, trace } = result
    const outcome = violation === null ? 'ok' : `VIOLATION: ${violation}`
    const text = `controller seed ${seed}: ${outcome} (decisions ${decisions}, topics ${topics}, trace ${trace})`
    return { ...result, text }
  })
else if (process.argv.includes('--node'))
  await replaySeeds(async seed => {
    const result = await runNodeSeed(seed)
    const { violation, acked, read, restarts, trace } = result
    const outcome = violation === null ? 'ok' : `VIOLATION: ${violation}`
    const text = `node seed ${seed}: ${outcome} (acknowledged ${acked}, read ${read}, restarts ${restarts}, trace ${trace})`
    return { ...result, text }
  })
else if (process.argv.includes('--quorum'))
  await replaySeeds(async seed => {
    const result = await runQuorumSeed(seed)
    return { ...result, text: quorumLine(result) }
  })
else
  await replaySeeds(async seed => {
    const result = runSeed(seed)
    return { ...result, text: line(result) }
  })
