// Many groups with steady members on one topic, every group with all of its partitions.

import type { Env } from '@weir/core'
import { errorName, offsetFetchApi } from '@weir/protocol'
import { BenchError } from '../bench-error.ts'
import type { Address, Rpc } from '../rpc.ts'
import { ClassicMember } from './classic-member.ts'
import { ConsumerMember } from './consumer-member.ts'
import { type LoadObserver, MemberLoad } from './member-load.ts'

export type GroupProtocol = 'classic' | 'consumer'

export interface GroupLoadOptions {
  readonly protocol: GroupProtocol
  /** Where to ask for coordinators. */
  readonly seeds: readonly Address[]
  /** Groups are named after it and counted. */
  readonly prefix: string
  readonly groups: number
  readonly membersPerGroup: number
  readonly topic: string
  readonly partitionCount: number
  readonly commitIntervalMs: number
  readonly sessionTimeoutMs: number
}

/** Members that are started at the same time: a broker's backlog is short. */
const START_BATCH = 50
const START_PAUSE_MS = 20
const SETTLE_TIMEOUT_MS = 180_000
const SETTLE_POLL_MS = 20

export class GroupLoad {
  readonly #env: Env
  readonly #options: GroupLoadOptions
  readonly #groups = new Map<string, MemberLoad[]>()
  readonly #onFailure: (error: unknown) => void

  /** `onFailure` is told when a member ends by a fault of its own. */
  constructor(
    env: Env,
    options: GroupLoadOptions,
    parts: { readonly observer: LoadObserver; readonly onFailure: (error: unknown) => void },
  ) {
    this.#env = env
    this.#options = options
    this.#onFailure = parts.onFailure
    const { prefix, groups, membersPerGroup, topic, partitionCount } = options
    const { sessionTimeoutMs, commitIntervalMs, protocol, seeds } = options
    for (let index = 0; index < groups; index++) {
      const groupId = `${prefix}-${index}`
      const shape = { groupId, topic, partitionCount, sessionTimeoutMs }
      const members: MemberLoad[] = []
      for (let member = 0; member < membersPerGroup; member++) {
        const name = `${groupId}-member-${member}`
        const spoken =
          protocol === 'classic' ? new ClassicMember(shape) : new ConsumerMember(shape, name)
        const firstCommitMs = ((index + member / membersPerGroup) * 37) % commitIntervalMs
        members.push(
          new MemberLoad(
            env,
            { seeds: { addresses: seeds }, observer: parts.observer, protocol: spoken },
            { groupId, topic, commitIntervalMs, firstCommitMs },
          ),
        )
      }
      this.#groups.set(groupId, members)
    }
  }

  get groupIds(): readonly string[] {
    return [...this.#groups.keys()]
  }

  /** Every partition of the group has exactly one member that thinks it has it, and no member has none. */
  isStable(groupId: string): boolean {
    const parts = (this.#groups.get(groupId) ?? []).map(({ protocol }) => protocol.owned)
    const owned = parts.flat()
    const { partitionCount } = this.#options
    if (owned.length !== partitionCount || new Set(owned).size !== partitionCount) return false
    return partitionCount < parts.length || parts.every(part => part.length > 0)
  }

  /** Resolves when every group is stable. */
  async start(): Promise<void> {
    const members = [...this.#groups.values()].flat()
    for (let at = 0; at < members.length; at += START_BATCH) {
      for (const member of members.slice(at, at + START_BATCH)) {
        member.run().catch(this.#onFailure)
      }
      await this.#env.clock.sleep(START_PAUSE_MS)
    }
    await this.settled()
  }

  /** Resolves when every group is stable. */
  async settled(): Promise<void> {
    const endMs = this.#env.clock.monotonicMs() + SETTLE_TIMEOUT_MS
    while (!this.groupIds.every(groupId => this.isStable(groupId))) {
      if (this.#env.clock.monotonicMs() > endMs) {
        const count = this.groupIds.filter(groupId => !this.isStable(groupId)).length
        throw new BenchError(`${count} groups are not stable after ${SETTLE_TIMEOUT_MS} ms`)
      }
      await this.#env.clock.sleep(SETTLE_POLL_MS)
    }
  }

  /** The first member of every group leaves it for good. */
  async leaveFirst(): Promise<void> {
    const first = [...this.#groups.values()].flatMap(members => members.splice(0, 1))
    for (const member of first) member.stop()
    await Promise.all(first.map(member => member.leave()))
  }

  async stop(): Promise<void> {
    const members = [...this.#groups.values()].flat()
    for (const member of members) member.stop()
    await Promise.all(members.map(member => member.leave()))
  }
}

/** The committed offsets of a group, by partition. */
export async function committedOffsets(
  rpc: Rpc,
  groupId: string,
  topic: string,
): Promise<Map<number, number>> {
  const answer = await rpc.call(
    offsetFetchApi,
    { version: 9 },
    { groups: [{ groupId, topics: null }], requireStable: true },
  )
  const [group] = answer.groups
  const error = errorName(group?.errorCode ?? -1)
  if (error !== 'NONE') throw new BenchError(error)
  const partitions = group?.topics.find(each => each.name === topic)?.partitions ?? []
  return new Map(partitions.map(each => [each.partitionIndex, each.committedOffset]))
}
