// weir bench: the load harness against any address.
import { BenchError, formatReport, runBench, SCENARIOS, scenarioByName } from '@weir/bench'
import { NetError } from '@weir/core'
import { createClientEnv } from '../client-env.ts'
import { defineCommand } from '../command.ts'
import { bootstrapText } from '../connect.ts'
import { CommandError, UsageError } from '../errors.ts'
import { bootstrapOption, jsonOption } from '../options.ts'
import { printJson } from '../output/json.ts'
import { styled } from '../output/style.ts'
import { checkInteger } from '../values/key-values.ts'

const NAMES = SCENARIOS.map(scenario => scenario.name)

export const benchCommand = defineCommand({
  positionals: {
    scenarios: {
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'all',
      describe: `Which: ${NAMES.join(', ')}`,
    },
  },
  options: {
    bootstrap: bootstrapOption.bootstrap,
    ...jsonOption,
    rounds: { type: 'number', default: 1, describe: 'How often; the median counts' },
    seconds: { type: 'number', default: 4, describe: 'Length of a measurement' },
    warmup: { type: 'number', default: 1, describe: 'Seconds before it' },
    partitions: { type: 'number', default: 6, describe: 'Partitions of the topics that it makes' },
    replication: { type: 'number', default: 1, describe: 'Their replication factor' },
    pid: {
      type: 'string',
      describe: 'Process ids of the brokers, whose CPU time and memory are read: 12,13',
      requiresArg: true,
    },
  },
  examples: [
    ['$0 bench', 'every scenario once'],
    [
      `$0 bench ${NAMES[0]} --rounds 3 --pid $(pgrep -nf 'weir.* start')`,
      'one, with CPU and memory',
    ],
  ],
  async run({ io }, args) {
    const scenarios = (args.scenarios.length === 0 ? NAMES : args.scenarios).map(name => {
      const scenario = scenarioByName(name)
      if (scenario === undefined) {
        throw new UsageError(`there is no scenario '${name}': choose from ${NAMES.join(', ')}`)
      }
      return scenario
    })
    const range = { min: 1, max: 1_000_000 }
    try {
      const report = await runBench(createClientEnv(), {
        targets: [{ name: 'broker', bootstrap: bootstrapText(io, args), pids: pidsOf(args.pid) }],
        scenarios,
        rounds: checkInteger(args.rounds, '--rounds', range) ?? 1,
        seconds: args.seconds,
        warmupSeconds: args.warmup,
        partitions: checkInteger(args.partitions, '--partitions', range) ?? 1,
        replicationFactor: checkInteger(args.replication, '--replication', range) ?? 1,
        onProgress(text) {
          void io.stderr.write(`${styled(io.stderr, 'dim', text)}\n`)
        },
      })
      if (args.json) printJson(io, report)
      else void io.stdout.write(`${formatReport(report)}\n`)
      return 0
    } catch (error) {
      if (error instanceof BenchError) throw new CommandError(error.message, error)
      if (error instanceof NetError && error.code === 'ECONNREFUSED') {
        const advice = "start a broker with 'weir start', or name another address with --bootstrap"
        throw new CommandError(`${error.message}: nothing listens there; ${advice}`, error)
      }
      throw error
    }
  },
})

function pidsOf(text: string | undefined): number[] {
  if (text === undefined) return []
  if (!/^\d+([,\s]+\d+)*$/.test(text.trim())) throw new UsageError('--pid takes numbers: 12,13')
  const pids = text
    .trim()
    .split(/[,\s]+/)
    .map(Number)
  const missing = pids.find(pid => !isRunning(pid))
  if (missing !== undefined) throw new UsageError(`--pid: there is no process ${missing} here`)
  return pids
}

/** Also of another user. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
