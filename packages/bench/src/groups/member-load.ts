// One member of a load: finds its coordinator, keeps itself in its group and commits steadily. When the
// coordinator goes away it is found again, and the member goes on with the epoch that it has.

import { type Env, NetError } from '@weir/core'
import { errorName, findCoordinatorApi, offsetCommitApi } from '@weir/protocol'
import { BenchError } from '../bench-error.ts'
import { type Address, Rpc } from '../rpc.ts'
import { COORDINATOR_ERRORS, type MemberProtocol } from './member-protocol.ts'

/** Where to ask for coordinators; any of them may be gone. */
export interface Seeds {
  readonly addresses: readonly Address[]
}

/** What the load is told. Times in milliseconds, from when a request was due to its answer. */
export interface LoadObserver {
  /** Grows with every call: offsets that are committed later are higher. */
  nextOffset(): number
  onStep(groupId: string, latencyMs: number, error: string): void
  onCommit(commit: MemberCommit, latencyMs: number, error: string): void
  /** A connection broke, or the coordinator was another one. */
  onTrouble(groupId: string, reason: string): void
}

export interface MemberCommit {
  readonly groupId: string
  readonly partitions: readonly number[]
  readonly offset: number
}

export interface MemberLoadOptions {
  readonly groupId: string
  readonly topic: string
  readonly commitIntervalMs: number
  /** Of the first commit, so that members do not commit all at once. */
  readonly firstCommitMs: number
}

const GROUP_KEY = 0
const RETRY_MS = 50
const CALL_TIMEOUT_MS = 3_000

export class MemberLoad {
  readonly protocol: MemberProtocol
  readonly #env: Env
  readonly #seeds: Seeds
  readonly #observer: LoadObserver
  readonly #options: MemberLoadOptions
  #rpc: Rpc | null = null
  #seedIndex = 0
  #isRunning = true

  constructor(
    env: Env,
    parts: {
      readonly seeds: Seeds
      readonly observer: LoadObserver
      readonly protocol: MemberProtocol
    },
    options: MemberLoadOptions,
  ) {
    this.#env = env
    this.#seeds = parts.seeds
    this.#observer = parts.observer
    this.protocol = parts.protocol
    this.#options = options
  }

  /** Runs until `stop`; faults of the network are part of the load, anything else rejects. */
  async run(): Promise<void> {
    const { clock } = this.#env
    let stepDueMs = clock.monotonicMs()
    let commitDueMs = stepDueMs + this.#options.firstCommitMs
    while (this.#isRunning) {
      const dueMs = Math.min(stepDueMs, commitDueMs)
      const waitMs = dueMs - clock.monotonicMs()
      if (waitMs > 0) await clock.sleep(waitMs)
      if (!this.#isRunning) return
      try {
        this.#rpc ??= await this.#connect()
        if (dueMs === stepDueMs) {
          const { error, delayMs } = await this.protocol.step(this.#rpc)
          this.#observer.onStep(this.#options.groupId, clock.monotonicMs() - dueMs, error)
          if (COORDINATOR_ERRORS.has(error)) throw new BenchError(error)
          stepDueMs = clock.monotonicMs() + delayMs
        } else {
          await this.#commit(this.#rpc, dueMs)
          commitDueMs = Math.max(dueMs, clock.monotonicMs() - this.#options.commitIntervalMs)
          commitDueMs += this.#options.commitIntervalMs
        }
      } catch (error) {
        if (!(error instanceof BenchError || error instanceof NetError)) throw error
        if (!this.#isRunning) return
        this.#drop(error.message)
        await clock.sleep(RETRY_MS)
        stepDueMs = Math.min(stepDueMs, clock.monotonicMs())
      }
    }
  }

  stop(): void {
    this.#isRunning = false
  }

  /** Leaves the group, so that it need not wait for a session to end. */
  async leave(): Promise<void> {
    try {
      if (this.#rpc !== null) await this.protocol.leave(this.#rpc)
    } catch (error) {
      // It is gone one way or the other.
      if (!(error instanceof BenchError)) throw error
    }
    this.#rpc?.close()
  }

  #drop(reason: string): void {
    this.#rpc?.close()
    this.#rpc = null
    this.#observer.onTrouble(this.#options.groupId, reason)
  }

  async #connect(): Promise<Rpc> {
    const { groupId } = this.#options
    const { addresses } = this.#seeds
    const seed = addresses[this.#seedIndex++ % addresses.length]
    if (seed === undefined) throw new BenchError('no address to ask for a coordinator')
    const rpc = await Rpc.connect(this.#env, seed)
    try {
      const { coordinators } = await rpc.call(
        findCoordinatorApi,
        { version: 4, timeoutMs: CALL_TIMEOUT_MS },
        { keyType: GROUP_KEY, coordinatorKeys: [groupId] },
      )
      const [found] = coordinators
      const error = errorName(found?.errorCode ?? -1)
      if (found === undefined || error !== 'NONE') throw new BenchError(error)
      return await Rpc.connect(this.#env, { host: found.host, port: found.port })
    } finally {
      rpc.close()
    }
  }

  async #commit(rpc: Rpc, dueMs: number): Promise<void> {
    const { groupId, topic } = this.#options
    const { memberId, epoch, owned } = this.protocol
    if (owned.length === 0) return
    const offset = this.#observer.nextOffset()
    const commit: MemberCommit = { groupId, partitions: [...owned], offset }
    const answer = await rpc.call(
      offsetCommitApi,
      { version: 9, timeoutMs: CALL_TIMEOUT_MS },
      {
        groupId,
        generationIdOrMemberEpoch: epoch,
        memberId,
        topics: [
          {
            name: topic,
            partitions: owned.map(partitionIndex => ({
              partitionIndex,
              committedOffset: offset,
              committedMetadata: '',
            })),
          },
        ],
      },
    )
    const codes = answer.topics.flatMap(each => each.partitions.map(({ errorCode }) => errorCode))
    const error = errorName(codes.find(code => code !== 0) ?? 0)
    this.#observer.onCommit(commit, this.#env.clock.monotonicMs() - dueMs, error)
    if (COORDINATOR_ERRORS.has(error)) throw new BenchError(error)
  }
}
