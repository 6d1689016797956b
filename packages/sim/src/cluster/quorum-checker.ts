// What must hold of the metadata quorum while its voters change (Q1, Q5): a term has one leader, whoever is
// asked; the voters change by one node at a time; at one point of the log all know the same voters.

import type { ClusterWorld, Machine } from './cluster-world.ts'

export class QuorumChecker {
  readonly #world: ClusterWorld
  readonly #leaders = new Map<number, number>()
  #voters: { readonly endOffset: number; readonly ids: readonly number[] } | null = null

  constructor(world: ClusterWorld) {
    this.#world = world
  }

  check(): void {
    for (const machine of this.#world.running) this.#checkNode(machine)
  }

  #checkNode({ name, node }: Machine): void {
    const status = node?.controlServices.quorum().status()
    if (status === undefined) return
    const { leaderId, leaderEpoch, membership, highWatermark } = status
    if (leaderId !== null) {
      const leader = this.#leaders.get(leaderEpoch)
      if (leader === undefined) this.#leaders.set(leaderEpoch, leaderId)
      else if (leader !== leaderId)
        this.#world.fail(`${name}: ${leaderId} leads term ${leaderEpoch}, which ${leader} led`)
    }
    if (membership.outgoingVoters.length > 0)
      this.#world.fail(`${name}: two sets of voters at once: ${membership.outgoingVoters}`)
    if (highWatermark <= (this.#voters?.endOffset ?? -1)) return
    this.#noteVoters(name, highWatermark, membership.voters)
  }

  /** As who knows most has them. */
  #noteVoters(name: string, endOffset: number, ids: readonly number[]): void {
    const before = this.#voters?.ids ?? ids
    this.#voters = { endOffset, ids }
    const changed = [
      ...ids.filter(id => !before.includes(id)),
      ...before.filter(id => !ids.includes(id)),
    ]
    if (changed.length > 0) this.#world.note(`voters: ${ids}`)
    if (changed.length > 1) this.#world.fail(`${name}: voters ${ids} after ${before}`)
  }
}
