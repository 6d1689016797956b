// A partition on its leader, for one leader epoch: who follows how far, who is in sync, how far the log
// is committed by that. Made when an epoch begins and dropped with it, and with it all it knew of
// followers (R10).
//
// Invariants: the high watermark is the least written end over the *maximal* ISR, that is the committed
// one and what is proposed (R6); at most one proposal is under way; only the controller's word makes it
// the committed ISR or takes it back (R9); a follower joins only by a fetch of this epoch (R8).

import type { PartitionImage } from '@weir/controller'
import type { Log } from '@weir/log'
import type { IsrResolution, IsrSubmission } from '../replication/isr-changes.ts'
import type { IsrChange } from '../replication/isr-channel.ts'
import { type FollowerFetch, FollowerState } from './follower-state.ts'

/** After the controller's no the same is not asked again at every fetch. */
const REFUSAL_REST_MS = 200

/** What a leader asks of its node. */
export interface IsrAuthority {
  readonly lagTimeMaxMs: number
  /** A live broker of that very registration, not about to leave (KIP-841, KIP-903). */
  isEligible(brokerId: number, brokerEpoch: number): boolean
  /** -1 if unknown. */
  brokerEpochOf(brokerId: number): number
  submit(change: IsrChange, done: (resolution: IsrResolution) => void): IsrSubmission
}

export interface LeaderOptions {
  readonly nodeId: number
  readonly log: Log
  /** Null on a node without peers: then the ISR is what the image says. */
  readonly authority: IsrAuthority | null
  readonly minInsyncReplicas: () => number
  readonly nowMs: () => number
  /** The ISR has changed, or a proposal was made or ended. */
  readonly onIsrChange: () => void
}

interface Proposal {
  readonly isr: readonly number[]
  readonly maximalIsr: readonly number[]
  submission: IsrSubmission | null
}

export class LeaderState {
  readonly leaderEpoch: number
  /** Log end when this broker became the leader; below it the end is not known yet (R7). */
  readonly epochStartOffset: number
  readonly #options: LeaderOptions
  /** Two or three: a list is the quickest way to find one, and the smallest. */
  #followers: FollowerState[] = []
  #image: PartitionImage
  #isr: readonly number[]
  #partitionEpoch: number
  #proposal: Proposal | null = null
  #refusedMs = Number.NEGATIVE_INFINITY

  constructor(options: LeaderOptions, image: PartitionImage) {
    this.#options = options
    this.#image = image
    this.#isr = image.isr
    this.#partitionEpoch = image.partitionEpoch
    this.leaderEpoch = image.leaderEpoch
    this.epochStartOffset = options.log.logEndOffset
    this.#takeFollowers()
  }

  /** The committed ISR. */
  get isr(): readonly number[] {
    return this.#isr
  }

  get maximalIsr(): readonly number[] {
    return this.#proposal?.maximalIsr ?? this.#isr
  }

  get partitionEpoch(): number {
    return this.#partitionEpoch
  }

  get isProposing(): boolean {
    return this.#proposal !== null
  }

  follower(replicaId: number): FollowerState | undefined {
    for (const follower of this.#followers) if (follower.replicaId === replicaId) return follower
    return undefined
  }

  /** What the controller has decided in this leader epoch. */
  applyImage(image: PartitionImage): void {
    this.#image = image
    this.#takeFollowers()
    // What this leader has heard from the controller itself may be newer than the metadata log here.
    if (image.partitionEpoch > this.#partitionEpoch) this.#adopt(image.isr, image.partitionEpoch)
  }

  /** False if it is none of the partition's replicas. */
  onFetch(fetch: FollowerFetch): boolean {
    const follower = this.follower(fetch.replicaId)
    if (follower === undefined) return false
    const { log } = this.#options
    follower.onFetch(fetch, log.logEndOffset, this.#options.nowMs())
    if (this.#isr.includes(fetch.replicaId)) this.#maybeExpelDamaged(follower)
    else this.#maybeExpand(follower)
    return true
  }

  /** Called by the clock: expels who lags, lets in whom nothing else would. */
  sweep(): void {
    const { authority, log } = this.#options
    if (authority === null) return
    const nowMs = this.#options.nowMs()
    const { lagTimeMaxMs } = authority
    for (const follower of this.#followers) follower.refresh(log.logEndOffset, nowMs)
    const lagging = this.#isr.filter(replicaId => {
      const follower = this.follower(replicaId)
      return follower !== undefined && !follower.isCaughtUp(log.logEndOffset, nowMs, lagTimeMaxMs)
    })
    if (lagging.length > 0) this.#shrink(lagging)
    this.#letIn()
  }

  /** One at a time: the next one when this is decided. */
  #letIn(): void {
    for (const follower of this.#followers) {
      if (!this.#isr.includes(follower.replicaId)) this.#maybeExpand(follower)
    }
  }

  /** Every replica is in the committed ISR, and nothing else is proposed. */
  get isFull(): boolean {
    return this.#proposal === null && this.#isr.length === this.#image.replicas.length
  }

  /** Enough for a produce with acks=all to begin, and for the high watermark to move. */
  get hasEnoughInsync(): boolean {
    return this.#isr.length >= this.#minInsync
  }

  /** Enough for one that is committed to be called a success (R11). */
  get hasEnoughMaximal(): boolean {
    return this.maximalIsr.length >= this.#minInsync
  }

  /** Where the high watermark may stand by now; null if it must rest. */
  highWatermark(): number | null {
    if (!this.hasEnoughInsync) return null
    const { log } = this.#options
    const { maximalIsr } = this
    let end = log.writtenEndOffset
    for (const follower of this.#followers) {
      if (follower.logEndOffset >= end) continue
      if (maximalIsr.includes(follower.replicaId) || this.#isAboutToJoin(follower)) {
        end = follower.logEndOffset
      }
    }
    return end
  }

  /** The least log start over all replicas that are alive: DeleteRecords waits for it. */
  lowWatermark(): number {
    const { authority, log } = this.#options
    let low = log.logStartOffset
    for (const follower of this.#followers) {
      const isAlive =
        authority?.isEligible(follower.replicaId, authority.brokerEpochOf(follower.replicaId)) ??
        true
      if (isAlive) low = Math.min(low, follower.logStartOffset)
    }
    return low
  }

  close(): void {
    this.#proposal?.submission?.cancel()
    this.#proposal = null
  }

  get #minInsync(): number {
    return Math.min(this.#options.minInsyncReplicas(), this.#image.replicas.length)
  }

  #takeFollowers(): void {
    const { replicas, isr } = this.#image
    const known = this.#followers
    const isSame =
      known.length === replicas.length - 1 && known.every(each => replicas.includes(each.replicaId))
    if (isSame) return
    this.#followers = []
    for (const replicaId of replicas) {
      if (replicaId === this.#options.nodeId) continue
      const caughtUpMs = isr.includes(replicaId) ? this.#options.nowMs() : Number.NEGATIVE_INFINITY
      const follower = known.find(each => each.replicaId === replicaId)
      this.#followers.push(follower ?? new FollowerState(replicaId, caughtUpMs))
    }
  }

  /** The high watermark waits for it, or it would have to be expelled as soon as it has joined. */
  #isAboutToJoin(follower: FollowerState): boolean {
    const { authority, log } = this.#options
    if (authority === null || follower.logEndOffset < 0) return false
    return (
      follower.isCaughtUp(log.logEndOffset, this.#options.nowMs(), authority.lagTimeMaxMs) &&
      authority.isEligible(follower.replicaId, follower.brokerEpoch)
    )
  }

  #maybeExpand(follower: FollowerState): void {
    const { authority, log } = this.#options
    if (authority === null || this.#proposal !== null || follower.logEndOffset < 0) return
    const hasAll =
      follower.logEndOffset >= log.highWatermark && follower.logEndOffset >= this.epochStartOffset
    if (!hasAll || !authority.isEligible(follower.replicaId, follower.brokerEpoch)) return
    if (this.#options.nowMs() - this.#refusedMs < REFUSAL_REST_MS) return
    const isr = [...this.#isr, follower.replicaId]
    this.#propose(isr, isr)
  }

  /** A member that has less than what is committed has lost some of it: it says so by its fetch. */
  #maybeExpelDamaged(follower: FollowerState): void {
    if (follower.logEndOffset < this.#options.log.highWatermark) this.#shrink([follower.replicaId])
  }

  #shrink(leaving: readonly number[]): void {
    if (this.#options.authority === null || this.#proposal !== null) return
    const isr = this.#isr.filter(replicaId => !leaving.includes(replicaId))
    // Until it is committed the leaving ones count: they may still be elected.
    this.#propose(isr, this.#isr)
  }

  #propose(isr: readonly number[], maximalIsr: readonly number[]): void {
    const { authority } = this.#options
    if (authority === null) return
    const { topicId, partitionIndex } = this.#image
    const change: IsrChange = {
      topicId,
      partitionIndex,
      leaderEpoch: this.leaderEpoch,
      partitionEpoch: this.#partitionEpoch,
      newIsr: isr.map(brokerId => ({ brokerId, brokerEpoch: this.#brokerEpochOf(brokerId) })),
      leaderRecoveryState: 0,
    }
    const proposal: Proposal = { isr, maximalIsr, submission: null }
    this.#proposal = proposal
    proposal.submission = authority.submit(change, resolution => {
      if (this.#proposal === proposal) this.#resolve(resolution)
    })
    this.#options.onIsrChange()
  }

  /** Of the registration that fetched here; of one that has not fetched yet, what the image says. */
  #brokerEpochOf(brokerId: number): number {
    const known = this.follower(brokerId)?.brokerEpoch ?? -1
    return known >= 0 ? known : (this.#options.authority?.brokerEpochOf(brokerId) ?? -1)
  }

  #resolve(resolution: IsrResolution): void {
    switch (resolution.kind) {
      case 'wait':
        // The metadata will tell; until then the maximal ISR stays as large as it may be.
        return
      case 'refused':
        this.#proposal = null
        this.#refusedMs = this.#options.nowMs()
        this.#options.onIsrChange()
        return
      case 'accepted': {
        const { leaderEpoch, partitionEpoch, isr } = resolution.partition
        if (leaderEpoch !== this.leaderEpoch || partitionEpoch < this.#partitionEpoch) return
        this.#adopt(isr, partitionEpoch)
        this.#options.onIsrChange()
        this.#letIn()
      }
    }
  }

  #adopt(isr: readonly number[], partitionEpoch: number): void {
    this.#proposal?.submission?.cancel()
    this.#proposal = null
    for (const follower of this.#followers) {
      const { replicaId } = follower
      if (this.#isr.includes(replicaId) && !isr.includes(replicaId)) follower.leftIsr()
    }
    this.#isr = isr
    this.#partitionEpoch = partitionEpoch
  }
}
