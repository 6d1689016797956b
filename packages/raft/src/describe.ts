// Messages and states as one line of text, for traces and scripted scenarios.

import type { Entry, Message, RaftStatus } from './types.ts'

export function describeEntry(entry: Entry): string {
  const text = entry.kind === 'normal' ? JSON.stringify(entry.data.toString('latin1')) : entry.kind
  return `${entry.index}@${entry.term} ${text}`
}

function details(message: Message): string {
  switch (message.type) {
    case 'pre-vote':
    case 'vote':
      return `last ${message.lastIndex}@${message.lastTerm}${message.isTransfer ? ' transfer' : ''}`
    case 'pre-vote-reply':
    case 'vote-reply':
      return message.isGranted ? 'yes' : 'no'
    case 'append':
      return `after ${message.previousIndex}@${message.previousTerm} commit ${message.commitIndex} [${message.entries
        .map(describeEntry)
        .join(', ')}]`
    case 'append-reply': {
      const damaged = message.isDamaged ? ' damaged' : ''
      if (!message.isRejected) return `has ${message.index}${damaged}`
      return `rejects ${message.index}, hint ${message.hintIndex}@${message.hintTerm}${damaged}`
    }
    case 'heartbeat':
      return `commit ${message.commitIndex} read ${message.readSequence}`
    case 'heartbeat-reply':
      return `read ${message.readSequence}${message.isDamaged ? ' damaged' : ''}`
    case 'snapshot':
      return `${message.snapshot.index}@${message.snapshot.term} offset ${message.offset} bytes ${message.data.length}${message.isLast ? ' last' : ''}`
    case 'snapshot-reply':
      return `${message.index} wants offset ${message.nextOffset}`
    case 'timeout-now':
      return ''
    case 'read':
      return `read ${message.context}`
    case 'read-reply':
      return `read ${message.context} at ${message.index}`
    case 'observe':
      return `last ${message.lastIndex}`
  }
}

export function describeMessage(message: Message): string {
  const { from, to, term, type } = message
  return `${from}>${to} ${type} term ${term} ${details(message)}`.trimEnd()
}

export function describeStatus(status: RaftStatus): string {
  const { membership } = status
  const voters = membership.voters.join(',')
  const outgoing = membership.outgoingVoters.length > 0 ? `&${membership.outgoingVoters}` : ''
  const learners = membership.learners.length > 0 ? ` learners ${membership.learners}` : ''
  const next = membership.nextLearners.length > 0 ? ` next-learners ${membership.nextLearners}` : ''
  return (
    `${status.id}: ${status.role} term ${status.term} leader ${status.leaderId ?? '-'} ` +
    `vote ${status.vote ?? '-'} log ${status.firstIndex}..${status.lastIndex} ` +
    `commit ${status.commitIndex} applied ${status.appliedIndex} ` +
    `voters ${voters}${outgoing}${learners}${next}${status.isDamaged ? ' DAMAGED' : ''}`
  )
}
