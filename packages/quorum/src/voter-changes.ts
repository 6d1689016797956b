// Adding, moving and removing voters at run time, as an operator or the voter itself asks for it: on the
// leader, one change at a time, each resolved when it is in force or known not to be.

import type { Env } from '@weir/core'
import type { ConfigChange, Member, Membership } from '@weir/raft'
import type { RaftDriver } from './raft-driver.ts'

export type VoterChangeOutcome =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'refused'
      readonly reason: 'not-leader' | 'invalid' | 'timeout'
      /** For an operator. */
      readonly message: string
    }

const RETRY_MS = 50

export class VoterChanges {
  readonly #env: Env
  readonly #driver: RaftDriver
  /** The directory that a node was last seen with; empty if it never was. */
  readonly #directoryOf: (id: number) => string

  constructor(env: Env, driver: RaftDriver, directoryOf: (id: number) => string) {
    this.#env = env
    this.#driver = driver
    this.#directoryOf = directoryOf
  }

  /**
   * Makes a node a voter that already follows the log, as an observer or learner; waits for it to
   * catch up, unless the leader's word that it has begun is enough. A voter with this directory
   * already: done.
   */
  addVoter(member: Member, timeoutMs: number, awaitsCommit = true): Promise<VoterChangeOutcome> {
    return this.#change({
      timeoutMs,
      awaitsCommit,
      changes: [{ kind: 'add-voter', member }],
      isDone: ({ voters, members, outgoingVoters }) =>
        voters.includes(member.id) &&
        outgoingVoters.length === 0 &&
        members.some(one => one.id === member.id && one.directoryId === member.directoryId),
      waitsFor: `node ${member.id} to follow the log: is it running, with this cluster's voters?`,
    })
  }

  /**
   * Removes a voter or learner. With the directory that it has, if that is known: the same disk
   * never comes back. The leader may remove itself; another is elected then.
   */
  removeVoter(id: number, directoryId: string, timeoutMs: number): Promise<VoterChangeOutcome> {
    const actual = this.directoryOf(id)
    if (directoryId !== '' && actual !== '' && directoryId !== actual)
      return Promise.resolve({
        kind: 'refused',
        reason: 'invalid',
        message: `node ${id} has the directory ${actual}, not ${directoryId}`,
      })
    const member = { id, directoryId: actual || directoryId, address: '' }
    return this.#change({
      timeoutMs,
      changes: [{ kind: 'remove', member }],
      isDone: ({ members }) => !members.some(one => one.id === id),
      waitsFor: 'a majority to take the change over',
    })
  }

  /** A voter is reached at another address from now on. It is a voter with this directory: checked by the caller. */
  moveVoter(id: number, address: string, timeoutMs: number): Promise<VoterChangeOutcome> {
    const hasMoved = ({ members }: Membership) =>
      members.some(one => one.id === id && one.address === address)
    if (hasMoved(this.#driver.membership)) return Promise.resolve({ kind: 'done' })
    const member = { id, directoryId: '', address }
    return this.#change({
      timeoutMs,
      changes: [{ kind: 'add-voter', member }],
      isDone: hasMoved,
      waitsFor: 'a majority to take the change over',
    })
  }

  /** The directory of a member; empty if it is not known. */
  directoryOf(id: number): string {
    const known = this.#driver.membership.members.find(one => one.id === id)
    return known?.directoryId || this.#directoryOf(id)
  }

  /** Proposes until the change is taken, then waits until it is in force. */
  async #change(wanted: {
    readonly timeoutMs: number
    /** False: done as soon as the leader has taken the change into its log. Default true. */
    readonly awaitsCommit?: boolean
    readonly changes: ConfigChange['changes']
    readonly isDone: (membership: Membership) => boolean
    readonly waitsFor: string
  }): Promise<VoterChangeOutcome> {
    const { clock } = this.#env
    const deadlineMs = clock.monotonicMs() + wanted.timeoutMs
    let isProposed = false
    const { term } = this.#driver.leadership
    for (;;) {
      if (isProposed && wanted.isDone(this.#driver.membership)) return { kind: 'done' }
      if (!isProposed) {
        const refusal = this.#propose({ changes: wanted.changes })
        if (refusal === 'taken') isProposed = true
        else if (refusal !== 'again') return refusal
      }
      if (isProposed && wanted.awaitsCommit === false) return { kind: 'done' }
      // The change may still come into force under another leader, which can be asked.
      const { leadership } = this.#driver
      if (isProposed && leadership.term !== term)
        return {
          kind: 'refused',
          reason: 'not-leader',
          message: 'the leader has changed meanwhile',
        }
      if (clock.monotonicMs() >= deadlineMs)
        return {
          kind: 'refused',
          reason: 'timeout',
          message: `no answer in ${wanted.timeoutMs} ms; waiting for ${wanted.waitsFor}`,
        }
      await clock.sleep(RETRY_MS)
    }
  }

  #propose(change: ConfigChange): 'taken' | 'again' | VoterChangeOutcome {
    const outcome = this.#driver.proposeChange(change)
    if (outcome.kind === 'appended') return 'taken'
    switch (outcome.reason) {
      case 'not-leader':
      case 'transferring':
        return { kind: 'refused', reason: 'not-leader', message: 'this node does not lead' }
      case 'invalid-change': {
        const message = this.#driver.changeRefusal(change) ?? 'the membership has changed'
        return { kind: 'refused', reason: 'invalid', message }
      }
      default:
        return 'again'
    }
  }
}
