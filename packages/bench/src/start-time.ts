// From the start of a broker's processes to the first answer, and what memory they have when idle.

import { type Env, NetError } from '@weir/core'
import { metadataApi } from '@weir/protocol'
import { BenchError } from './bench-error.ts'
import { readUsage } from './process-usage.ts'
import { resultOfTime, type ScenarioResult } from './results.ts'
import { parseBootstrap, Rpc } from './rpc.ts'

/** Processes that were just started. */
export interface LaunchedBroker {
  readonly name: string
  /** HOST:PORT[,...], one address a node. */
  readonly bootstrap: string
  readonly pids: readonly number[]
  /** Null while all of them run. */
  whyEnded(): string | null
  /** Resolves when they are gone. */
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 180_000
const CALL_TIMEOUT_MS = 5_000
const POLL_MS = 5

/** Stops what it launched. Memory is taken after `idleSeconds` in which nothing is asked. */
export async function timeStart(
  env: Env,
  launch: () => LaunchedBroker,
  idleSeconds: number,
): Promise<ScenarioResult> {
  const startMs = env.clock.monotonicMs()
  const broker = launch()
  try {
    await untilAnswering(env, broker)
    const milliseconds = env.clock.monotonicMs() - startMs
    const atAnswer = readUsage(broker.pids)
    await env.clock.sleep(idleSeconds * 1_000)
    return resultOfTime(milliseconds, atAnswer, readUsage(broker.pids))
  } finally {
    await broker.stop()
  }
}

/** Resolves when every node has answered Metadata with all of the nodes. */
export async function untilAnswering(env: Env, broker: LaunchedBroker): Promise<void> {
  const deadlineMs = env.clock.monotonicMs() + START_TIMEOUT_MS
  const addresses = broker.bootstrap.split(',')
  for (const address of addresses) {
    while ((await brokerCount(env, address)) < addresses.length) {
      const why = broker.whyEnded()
      if (why !== null) throw new BenchError(`${broker.name} ended: ${why}`)
      if (env.clock.monotonicMs() > deadlineMs) {
        throw new BenchError(`${broker.name} does not answer after ${START_TIMEOUT_MS} ms`)
      }
      await env.clock.sleep(POLL_MS)
    }
  }
}

/** How many brokers the node knows; none while it does not answer. */
async function brokerCount(env: Env, address: string): Promise<number> {
  let rpc: Rpc | null = null
  try {
    rpc = await Rpc.connect(env, parseBootstrap(address))
    const options = { version: 8, timeoutMs: CALL_TIMEOUT_MS }
    const { brokers } = await rpc.call(metadataApi, options, {
      topics: [],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    })
    return brokers.length
  } catch (error) {
    if (error instanceof BenchError || error instanceof NetError) return 0
    throw error
  } finally {
    rpc?.close()
  }
}
