// The whole cluster from the command line: `npm run sim -- --cluster` with
//   --seed N [--lines COUNT]     one seed, with its options and the last lines of its diary
//   --seeds COUNT [--from N]     many of them; those that fail are printed, and how fast it went
//   --hunt COUNT [--from N]      the same up to the first that fails
//   --planted [--bug NAME] [--seeds COUNT]   plants each known bug: the first seed that notices it
//   --shape combined|separate|single, --faults kill,pause,...   instead of the seed's choice
//   --bug NAME with --seed                   one seed with that bug planted

import type { ClusterShape } from './cluster/cluster-options.ts'
import { type ClusterSeedResult, runClusterSeed } from './cluster/cluster-sim.ts'
import { PLANTED_CLUSTER_BUGS, type PlantedClusterBug } from './cluster/planted-bugs.ts'

const MANY = 1000
// Errors of the network are made by the thousand, and nobody looks at where.
const STACK_LINES = 3

export async function clusterMain(args: readonly string[]): Promise<void> {
  Error.stackTraceLimit = STACK_LINES
  const has = (name: string) => args.includes(name)
  const textOf = (name: string) => (has(name) ? args[args.indexOf(name) + 1] : undefined)
  const numberOf = (name: string, otherwise: number) => Number(textOf(name) ?? otherwise)
  const shape = textOf('--shape') as ClusterShape | undefined
  const faults = textOf('--faults')?.split(',')
  const asked = {
    ...(shape === undefined ? {} : { shape }),
    ...(faults === undefined ? {} : { faults }),
    watchRejections,
  }
  const run = (seed: number) =>
    runClusterSeed(seed, { ...asked, diaryLines: numberOf('--lines', 60) })

  if (has('--planted')) {
    await huntPlanted(numberOf('--seeds', MANY), textOf('--bug'), run)
    return
  }
  if (has('--seed')) {
    const seed = numberOf('--seed', 1)
    const bug = PLANTED_CLUSTER_BUGS.find(({ name }) => name === textOf('--bug'))
    const result = await (bug === undefined ? run(seed) : planted(bug, () => run(seed)))
    printRun(result)
    process.exitCode = result.violation === null ? 0 : 1
    return
  }
  const count = numberOf('--hunt', numberOf('--seeds', 10))
  await runMany({ from: numberOf('--from', 1), count, isHunt: has('--hunt') }, run)
}

function watchRejections(onRejection: (reason: unknown) => void): () => void {
  process.on('unhandledRejection', onRejection)
  return () => process.off('unhandledRejection', onRejection)
}

function summary(result: ClusterSeedResult): string {
  const { seed, options, violation, acked, read, commits, restarts, trace } = result
  const outcome = violation === null ? 'ok' : `VIOLATION: ${violation}`
  return (
    `cluster seed ${seed}, ${options.shape}: ${outcome} (acknowledged ${acked}, read ${read}, ` +
    `commits ${commits}, restarts ${restarts}, trace ${trace})`
  )
}

function printRun(result: ClusterSeedResult): void {
  for (const line of result.diary) console.log(line)
  console.log(`options: ${JSON.stringify(result.options)}`)
  console.log(summary(result))
}

async function runMany(
  { from, count, isHunt }: { from: number; count: number; isHunt: boolean },
  run: (seed: number) => Promise<ClusterSeedResult>,
): Promise<void> {
  const cpuBefore = process.cpuUsage()
  let [seeds, failed, simulatedMs, events] = [0, 0, 0, 0]
  for (let seed = from; seed < from + count; seed++) {
    const result = await run(seed)
    seeds++
    simulatedMs += result.simulatedMs
    events += result.events
    if (result.violation === null) continue
    failed++
    if (isHunt) {
      printRun(result)
      break
    }
    console.log(summary(result))
  }
  const { user, system } = process.cpuUsage(cpuBefore)
  const seconds = (user + system) / 1_000_000
  const hours = simulatedMs / 3_600_000 / (seconds / 60)
  console.log(
    `${seeds} seeds, ${failed} violations, ${events} events in ${seconds.toFixed(1)} s of CPU: ` +
      `${hours.toFixed(2)} cluster-hours a CPU-minute`,
  )
  process.exitCode = failed === 0 ? 0 : 1
}

async function huntPlanted(
  seedCount: number,
  name: string | undefined,
  run: (seed: number) => Promise<ClusterSeedResult>,
): Promise<void> {
  console.log('| rule | planted bug | what is broken | seed | noticed as |')
  console.log('| --- | --- | --- | --- | --- |')
  for (const bug of PLANTED_CLUSTER_BUGS) {
    if (name !== undefined && bug.name !== name) continue
    let found: ClusterSeedResult | null = null
    for (let seed = 1; seed <= seedCount && found === null; seed++) {
      const result = await planted(bug, () => run(seed))
      // A seed that fails without the bug, too, says nothing about it.
      if (result.violation !== null && (await run(seed)).violation === null) found = result
    }
    const noticed = found?.violation?.split('\n')[0] ?? 'nothing'
    console.log(
      `| ${bug.rule} | ${bug.name} | ${bug.what} | ${found?.seed ?? 'none'} | ${noticed} |`,
    )
    if (found === null) process.exitCode = 1
  }
}

async function planted<R>(bug: PlantedClusterBug, act: () => Promise<R>): Promise<R> {
  const restore = bug.plant()
  try {
    return await act()
  } finally {
    restore()
  }
}
