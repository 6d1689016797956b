// What an operator should know about a node's own list of voters, although the node starts with it.

import type { LogFields } from '@weir/core'
import type { Voter } from '@weir/settings'

export interface ListWarning {
  readonly message: string
  readonly fields: LogFields
}

export interface VoterListing {
  readonly nodeId: number
  /** As in controller.quorum.voters; empty if that was not given. */
  readonly listed: readonly Voter[]
  /** Who votes, by what this node has of the metadata log. */
  readonly voterIds: readonly number[]
  /** Where this node's controller listens; null if it is none. */
  readonly boundPort: number | null
}

export function voterListWarnings({
  nodeId,
  listed,
  voterIds,
  boundPort,
}: VoterListing): ListWarning[] {
  const warnings: ListWarning[] = []
  const listedIds = listed.map(voter => voter.nodeId)
  if (listed.length > 0 && voterIds.length > 0 && !isSameSet(listedIds, voterIds)) {
    warnings.push({
      message:
        'the quorum has other voters than --voters, and its own hold: bring --voters up to date',
      fields: { listed: inOrder(listedIds).join(), quorum: inOrder(voterIds).join() },
    })
  }
  const own = listed.find(voter => voter.nodeId === nodeId)
  if (own !== undefined && boundPort !== null && own.port !== boundPort) {
    warnings.push({
      message:
        'the other nodes look for this one where it does not listen: correct --voters or --controller-listen, ' +
        'unless something forwards that port',
      fields: { listed: `${own.host}:${own.port}`, listensAt: boundPort },
    })
  }
  return warnings
}

function isSameSet(a: readonly number[], b: readonly number[]): boolean {
  return inOrder(a).join() === inOrder(b).join()
}

function inOrder(ids: readonly number[]): number[] {
  return [...ids].sort((a, b) => a - b)
}
