// Tells the quorum where this voter is reached, when that is no longer what the membership says: it came
// back on another machine or port. Nodes that do not have this voter on a list find it by that.

import { type Env, errorMessage, type Timer } from '@weir/core'
import { errorName, updateRaftVoterApi } from '@weir/protocol'
import type { ControllerChannel } from './controller-channel.ts'
import type { NodeQuorum } from './node-quorum.ts'

const TIMEOUT_MS = 10_000
const RETRY_MS = 5_000

export interface OwnVoter {
  readonly nodeId: number
  readonly directoryId: string
  /** As others are to reach it; null if they cannot. */
  readonly address: { readonly host: string; readonly port: number } | null
  readonly listenerName: string
}

export class VoterAddress {
  readonly #env: Env
  readonly #own: OwnVoter
  readonly #quorum: NodeQuorum
  readonly #channel: ControllerChannel
  #isTelling = false
  #timer: Timer | null = null
  #isClosed = false

  constructor(env: Env, own: OwnVoter, quorum: NodeQuorum, channel: ControllerChannel) {
    this.#env = env
    this.#own = own
    this.#quorum = quorum
    this.#channel = channel
  }

  /** Called when there is a leader, or another one. */
  check(): void {
    if (this.#isTelling || this.#isClosed || this.#quorum.leadership.leaderId === null) return
    if (this.#isRight()) return
    this.#timer?.cancel()
    this.#isTelling = true
    this.#env.log.background(this.#tell(), "telling the quorum this voter's address")
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #isRight(): boolean {
    const { nodeId, address } = this.#own
    const { membership } = this.#quorum.status()
    const member = membership.members.find(one => one.id === nodeId)
    if (member === undefined || !membership.voters.includes(nodeId) || address === null) return true
    return member.address === `${address.host}:${address.port}`
  }

  async #tell(): Promise<void> {
    const { nodeId: voterId, directoryId: voterDirectoryId, address, listenerName } = this.#own
    try {
      const { errorCode } = await this.#channel.request(
        updateRaftVoterApi,
        {
          clusterId: null,
          currentLeaderEpoch: this.#quorum.leadership.term,
          voterId,
          voterDirectoryId,
          listeners: address === null ? [] : [{ name: listenerName, ...address }],
          kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
        },
        TIMEOUT_MS,
      )
      this.#env.log.info("the quorum was told this voter's address", {
        address: `${address?.host}:${address?.port}`,
        answer: errorName(errorCode),
      })
    } catch (error) {
      this.#env.log.warn("the quorum was not told this voter's address", {
        error: errorMessage(error),
      })
    }
    this.#isTelling = false
    // Until the membership here says it; whoever leads by then is asked.
    if (!this.#isClosed) this.#timer = this.#env.clock.after(RETRY_MS, () => this.check())
  }
}
