// Steady groups as a load of the harness: heartbeats and commits count as requests.

import type { Env } from '@weir/core'
import type { Meter } from '../meter.ts'
import type { Address } from '../rpc.ts'
import type { GroupsShape } from '../scenarios.ts'
import { GroupLoad, type GroupLoadOptions } from './group-load.ts'

const SESSION_TIMEOUT_MS = 45_000

export interface GroupsRunOptions {
  readonly shape: GroupsShape
  readonly bootstrap: Address
  readonly topic: string
}

/** Of the load behind them. */
export function loadOptions({ shape, bootstrap, topic }: GroupsRunOptions): GroupLoadOptions {
  return {
    ...shape,
    seeds: [bootstrap],
    prefix: topic,
    topic,
    partitionCount: shape.membersPerGroup,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  }
}

export class GroupsRun {
  readonly #meter: Meter
  readonly #load: GroupLoad
  #offset = 0
  /** While groups form, their members are told to join again, as they should be. */
  #isSteady = false

  constructor(env: Env, meter: Meter, options: GroupsRunOptions) {
    this.#meter = meter
    this.#load = new GroupLoad(env, loadOptions(options), {
      observer: {
        nextOffset: () => ++this.#offset,
        onStep: (_groupId, latencyMs, error) => this.#count('a heartbeat', latencyMs, error),
        onCommit: (_commit, latencyMs, error) => this.#count('a commit', latencyMs, error),
        onTrouble: (_groupId, reason) => this.#fail(reason),
      },
      onFailure: error => {
        meter.error ??= error instanceof Error ? error.message : String(error)
      },
    })
  }

  /** Resolves when every group is stable. */
  async start(): Promise<void> {
    await this.#load.start()
    this.#isSteady = true
  }

  async stop(): Promise<void> {
    this.#isSteady = false
    await this.#load.stop()
  }

  close(): void {
    // The members closed their connections when they left.
  }

  #count(what: string, latencyMs: number, error: string): void {
    if (error !== 'NONE') {
      this.#fail(`${what} was answered with ${error}`)
      return
    }
    this.#meter.requests++
    this.#meter.latency.record(latencyMs)
  }

  #fail(reason: string): void {
    if (this.#isSteady) this.#meter.error ??= reason
  }
}
