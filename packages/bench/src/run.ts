// Runs scenarios against brokers: each round takes every scenario to every target in turn, so that
// what changes on the machine meets all of them alike; the median of the rounds is the result.

import { cpus } from 'node:os'
import type { Env } from '@weir/core'
import { medianOf, type ScenarioResult } from './results.ts'
import { type BenchTarget, type RunOptions, ScenarioRun } from './scenario-run.ts'
import type { Scenario } from './scenarios.ts'

export interface BenchOptions extends RunOptions {
  readonly targets: readonly BenchTarget[]
  readonly scenarios: readonly Scenario[]
  readonly rounds: number
  /** Told what runs now. */
  readonly onProgress?: (text: string) => void
}

export interface BenchResult {
  readonly target: string
  readonly scenario: string
  readonly title: string
  readonly median: ScenarioResult
  readonly rounds: readonly ScenarioResult[]
}

export interface BenchReport {
  readonly startedAt: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string }
  readonly rounds: number
  readonly seconds: number
  readonly partitions: number
  readonly replicationFactor: number
  readonly results: readonly BenchResult[]
}

/** Throws BenchError when a broker refuses something or goes away. */
export async function runBench(env: Env, options: BenchOptions): Promise<BenchReport> {
  const startedAt = new Date(env.clock.nowMs()).toISOString()
  const rounds = new Map<string, ScenarioResult[]>()
  for (let round = 1; round <= options.rounds; round++) {
    for (const scenario of options.scenarios) {
      for (const target of options.targets) {
        options.onProgress?.(`round ${round}/${options.rounds}: ${scenario.name} on ${target.name}`)
        const result = await new ScenarioRun(env, options, target, scenario).run()
        const key = `${scenario.name} ${target.name}`
        rounds.set(key, [...(rounds.get(key) ?? []), result])
      }
    }
  }
  const results: BenchResult[] = []
  for (const scenario of options.scenarios) {
    for (const target of options.targets) {
      const all = rounds.get(`${scenario.name} ${target.name}`) ?? []
      results.push(benchResult(target.name, scenario, all))
    }
  }
  const [cpu] = cpus()
  return {
    startedAt,
    machine: { cpu: cpu?.model ?? '', cores: cpus().length, node: process.version },
    rounds: options.rounds,
    seconds: options.seconds,
    partitions: options.partitions,
    replicationFactor: options.replicationFactor,
    results,
  }
}

/** The rounds of a scenario on a target, with their medians. */
export function benchResult(
  target: string,
  { name, title }: { readonly name: string; readonly title: string },
  rounds: readonly ScenarioResult[],
): BenchResult {
  return { target, scenario: name, title, median: medianOf(rounds), rounds }
}
