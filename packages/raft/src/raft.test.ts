import t from 'tap'
import { encodeConfigChange } from './codec.ts'
import { bootstrapSnapshot, changeMembership, EMPTY_MEMBERSHIP } from './confchange.ts'
import { Progress } from './progress.ts'
import { jointValue, jointVote } from './quorum.ts'
import { Raft } from './raft.ts'
import { isAhead, RaftLog } from './raft-log.ts'
import type { Entry, Message, Ready } from './types.ts'

const LIMITS = {
  electionTicks: 10,
  heartbeatTicks: 2,
  maxAppendBytes: 1 << 16,
  maxInflightMessages: 64,
  maxInflightBytes: 1 << 20,
  maxUncommittedBytes: 4096,
  maxApplyBytes: 1 << 20,
  maxObservers: 1000,
}

function member(id: number) {
  return { id, directoryId: `d${id}`, address: '' }
}

function entry(index: number, term: number): Entry {
  return { index, term, kind: 'normal', data: Buffer.from(`${index}@${term}`) }
}

function raftOf(id: number, voters: readonly number[], snapshotAt = { index: 1, term: 1 }): Raft {
  return new Raft({
    ...LIMITS,
    id,
    hardState: null,
    snapshot: { ...bootstrapSnapshot(voters.map(member)), ...snapshotAt },
    entries: [],
    random: () => 0,
  })
}

/** Does all rounds of a node and answers its messages. */
function rounds(raft: Raft, seen: (ready: Ready) => void = () => {}): Message[] {
  const messages: Message[] = []
  while (raft.hasReady()) {
    const ready = raft.ready()
    seen(ready)
    messages.push(...ready.messages, ...ready.promises)
    raft.advance()
  }
  return messages
}

for (const { name, incoming, outgoing, values, expected } of [
  { name: 'one voter', incoming: [1], outgoing: [], values: [7], expected: 7 },
  { name: 'two voters', incoming: [1, 2], outgoing: [], values: [7, 3], expected: 3 },
  { name: 'three voters', incoming: [1, 2, 3], outgoing: [], values: [7, 3, 5], expected: 5 },
  { name: 'four voters', incoming: [1, 2, 3, 4], outgoing: [], values: [7, 3, 5, 6], expected: 5 },
  { name: 'both', incoming: [1, 2, 3], outgoing: [3, 4], values: [9, 9, 5, 2], expected: 2 },
  { name: 'nobody', incoming: [], outgoing: [], values: [], expected: Infinity },
])
  t.test(`what a majority has reached: ${name}`, async t => {
    t.equal(
      jointValue(incoming, outgoing, id => values[id - 1] ?? 0),
      expected,
    )
  })

for (const { name, incoming, outgoing, votes, expected } of [
  { name: 'two of three', incoming: [1, 2, 3], outgoing: [], votes: [true, true], expected: 'won' },
  { name: 'one of three', incoming: [1, 2, 3], outgoing: [], votes: [true], expected: 'pending' },
  {
    name: 'two refuse',
    incoming: [1, 2, 3],
    outgoing: [],
    votes: [true, false, false],
    expected: 'lost',
  },
  {
    name: 'half of four',
    incoming: [1, 2, 3, 4],
    outgoing: [],
    votes: [true, true, false, false],
    expected: 'lost',
  },
  {
    name: 'lost in the old one',
    incoming: [1],
    outgoing: [2, 3],
    votes: [true, false],
    expected: 'lost',
  },
  {
    name: 'open in the old one',
    incoming: [1],
    outgoing: [1, 2],
    votes: [true],
    expected: 'pending',
  },
])
  t.test(`an election: ${name}`, async t => {
    t.equal(
      jointVote(incoming, outgoing, id => votes[id - 1]),
      expected,
    )
  })

t.test('a log that would be cut below its commit index is fatal', async t => {
  const log = new RaftLog({ term: 1, index: 1 }, [entry(2, 2), entry(3, 2)], 3)
  t.throws(() => log.append([entry(3, 3)]), /truncation below the commit index/)
  t.throws(() => log.commitTo(4), /commit beyond the end/)
  t.throws(() => log.append([entry(9, 3)]), /gap/)
  t.throws(() => log.compact(2), /compaction of entries that are not applied/)
})

t.test('an entry of an old term is not committed by counting', async t => {
  const log = new RaftLog({ term: 1, index: 1 }, [entry(2, 2), entry(3, 4)], 1)
  t.equal(log.maybeCommit(2, 4), false)
  t.equal(log.commitIndex, 1)
  t.equal(log.maybeCommit(3, 4), true)
  t.equal(log.commitIndex, 3)
})

t.test('the place where two logs may agree skips whole terms', async t => {
  const entries = [entry(2, 2), entry(3, 2), entry(4, 5), entry(5, 5), entry(6, 5)]
  const log = new RaftLog({ term: 1, index: 1 }, entries, 1)
  t.same(log.lastAgreement(6, 4), { term: 2, index: 3 })
  t.same(log.lastAgreement(9, 7), { term: 5, index: 6 })
  t.same(log.lastAgreement(6, 1), { term: 1, index: 1 })
})

t.test('a position is compared by term first', async t => {
  t.equal(isAhead({ term: 3, index: 1 }, { term: 2, index: 9 }), true)
  t.equal(isAhead({ term: 2, index: 9 }, { term: 2, index: 9 }), false)
})

t.test('the window of a follower is bounded in bytes and opens again by a heartbeat', async t => {
  const progress = new Progress(2, { maxInflightMessages: 10, maxInflightBytes: 100 })
  progress.becomeReplicate()
  progress.sent(2, 60)
  t.equal(progress.canSend, true)
  progress.sent(3, 60)
  t.equal(progress.canSend, false)
  progress.beat()
  t.equal(progress.canSend, true)
  progress.acknowledge(3)
  t.equal(progress.inflightBytes, 0)
})

t.test('promises are apart from what may leave before the sync', async t => {
  const leader = raftOf(1, [1, 2, 3])
  leader.campaign()
  const asked = leader.ready()
  t.same(asked.messages, [])
  t.same(
    asked.promises.map(message => message.type),
    ['pre-vote', 'pre-vote'],
  )
  leader.advance()
  const reply = { from: 2, to: 1, term: 2, isGranted: true, commitIndex: 1, commitTerm: 1 }
  leader.step({ ...reply, type: 'pre-vote-reply' })
  const voting = leader.ready()
  t.equal(voting.mustSync, true, 'the own vote is written before others are asked')
  t.same(voting.hardState?.vote, 1)
  t.same(voting.messages, [])
  leader.advance()
  leader.step({ ...reply, type: 'vote-reply' })
  const elected = leader.ready()
  t.equal(elected.entries.length, 1)
  t.same(
    elected.messages.map(message => message.type),
    ['append', 'append'],
    'a leader sends while it writes',
  )
  t.equal(leader.commitIndex, 1)
  leader.advance()
})

t.test('a leader does not count its own entry before it is written', async t => {
  const leader = raftOf(1, [1])
  leader.campaign()
  const ready = leader.ready()
  t.equal(ready.entries.length, 1)
  t.equal(leader.commitIndex, 1)
  leader.advance()
  t.equal(leader.commitIndex, 2)
})

t.test('hundreds of learners cost messages, not elections or commits', async t => {
  const leader = raftOf(1, [1, 2, 3])
  leader.campaign()
  const from = { from: 2, to: 1, term: 2 }
  const granted = { ...from, isGranted: true, commitIndex: 1, commitTerm: 1 }
  rounds(leader)
  leader.step({ ...granted, type: 'pre-vote-reply' })
  rounds(leader)
  leader.step({ ...granted, type: 'vote-reply' })
  rounds(leader)
  for (let id = 100; id < 600; id++)
    leader.step({ type: 'observe', from: id, to: 1, term: 0, lastIndex: 0 })
  rounds(leader)
  const has = (id: number, index: number) =>
    leader.step({
      ...from,
      type: 'append-reply',
      from: id,
      isRejected: false,
      index,
      hintIndex: 0,
      hintTerm: 0,
      isDamaged: false,
    })
  for (let id = 100; id < 600; id++) has(id, 2)
  has(2, 2)
  rounds(leader)
  t.equal(leader.commitIndex, 2)
  leader.propose([Buffer.from('x')])
  const messages = rounds(leader).filter(message => message.type === 'append')
  t.equal(messages.length, 501, 'one follower is still probed')
  const lists = new Set(messages.map(message => message.type === 'append' && message.entries))
  t.ok(lists.size <= 2, 'they share the list of entries, and with it its bytes')
  for (let id = 100; id < 600; id++) has(id, 3)
  t.equal(leader.commitIndex, 2, 'observers do not count')
  has(3, 3)
  rounds(leader)
  t.equal(leader.commitIndex, 3)
})

t.test(
  'proposals beyond the bound are refused, one of any size goes when nothing is open',
  async t => {
    const leader = raftOf(1, [1])
    leader.campaign()
    rounds(leader)
    const large = Buffer.alloc(100_000)
    t.equal(leader.propose([large]).kind, 'appended')
    t.same(leader.propose([Buffer.alloc(1)]), { kind: 'refused', reason: 'busy' })
    rounds(leader)
    t.equal(leader.propose([Buffer.alloc(1)]).kind, 'appended')
  },
)

t.test('what is written before a log is cut knows nothing of the log after it', async t => {
  const old = [entry(2, 2), entry(3, 2), entry(4, 2)]
  const follower = new Raft({
    ...LIMITS,
    id: 2,
    hardState: { term: 2, vote: null, commitIndex: 2, acked: { term: 2, index: 4 } },
    snapshot: bootstrapSnapshot([1, 2, 3].map(member)),
    entries: old,
    random: () => 0,
  })
  follower.step({
    type: 'append',
    from: 1,
    to: 2,
    term: 3,
    previousIndex: 2,
    previousTerm: 2,
    entries: [entry(3, 3), entry(4, 3)],
    commitIndex: 4,
  })
  const [ready] = [follower.ready()]
  t.same(
    ready.truncation,
    { term: 3, vote: null, commitIndex: 2, acked: { term: 2, index: 2 } },
    'a crash now must not commit the old entries 3 and 4',
  )
  t.match(ready.hardState, { commitIndex: 4, acked: { term: 3, index: 4 } })
})

t.test(
  'a node does not campaign before it has applied a committed change of the voters',
  async t => {
    const change = { changes: [{ kind: 'add-learner' as const, member: member(3) }] }
    const data = encodeConfigChange(change)
    const raft = new Raft({
      ...LIMITS,
      id: 1,
      hardState: { term: 2, vote: null, commitIndex: 2, acked: { term: 2, index: 2 } },
      snapshot: bootstrapSnapshot([member(1), member(2)]),
      entries: [{ index: 2, term: 2, kind: 'config', data }],
      random: () => 0,
    })
    raft.campaign()
    t.equal(raft.role, 'follower')
    rounds(raft)
    t.equal(raft.appliedIndex, 2)
    raft.campaign()
    t.equal(raft.role, 'pre-candidate')
  },
)

t.test('a stale snapshot is answered with what the follower has', async t => {
  const follower = raftOf(2, [1, 2], { index: 5, term: 2 })
  follower.step({
    type: 'snapshot',
    from: 1,
    to: 2,
    term: 3,
    snapshot: bootstrapSnapshot([member(1), member(2)]),
    offset: 0,
    data: Buffer.alloc(0),
    isLast: true,
  })
  const [reply] = rounds(follower)
  t.match(reply, { type: 'append-reply', index: 5, isRejected: false })
})

for (const { name, change, expected } of [
  {
    name: 'add a stranger',
    change: [['add-voter', 4]],
    expected: { voters: [1, 2, 3, 4], outgoingVoters: [] },
  },
  { name: 'remove one', change: [['remove', 3]], expected: { voters: [1, 2], outgoingVoters: [] } },
  { name: 'demote one', change: [['add-learner', 3]], expected: { voters: [1, 2], learners: [3] } },
  {
    name: 'replace one',
    change: [
      ['add-voter', 4],
      ['remove', 3],
    ],
    expected: { voters: [1, 2, 4], outgoingVoters: [1, 2, 3], autoLeave: true },
  },
  {
    name: 'demote two',
    change: [
      ['add-learner', 2],
      ['add-learner', 3],
    ],
    expected: { voters: [1], outgoingVoters: [1, 2, 3], nextLearners: [2, 3] },
  },
] as const)
  t.test(`a change of the membership: ${name}`, async t => {
    const before = bootstrapSnapshot([1, 2, 3].map(member)).membership
    const changes = change.map(([kind, id]) => ({ kind, member: member(id) }))
    const outcome = changeMembership(before, { changes })
    t.match(outcome, { kind: 'changed', membership: expected })
    if (outcome.kind !== 'changed' || outcome.membership.outgoingVoters.length === 0) return
    t.equal(changeMembership(outcome.membership, { changes }).kind, 'invalid', 'not while joint')
    const left = changeMembership(outcome.membership, { changes: [] })
    t.match(left, {
      membership: {
        voters: outcome.membership.voters,
        outgoingVoters: [],
        learners: outcome.membership.nextLearners,
      },
    })
  })

t.test('a node that was never added has no say', async t => {
  t.equal(changeMembership(EMPTY_MEMBERSHIP, { changes: [] }).kind, 'invalid')
  const stranger = new Raft({
    ...LIMITS,
    id: 9,
    hardState: null,
    snapshot: null,
    entries: [],
    random: () => 0,
  })
  for (let i = 0; i < 100; i++) stranger.tick()
  t.equal(stranger.role, 'follower')
  t.equal(stranger.term, 0)
})
