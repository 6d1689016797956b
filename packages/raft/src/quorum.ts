// Counting: what a majority has agreed on. In a joint configuration both majorities have to.

export type VoteResult = 'pending' | 'won' | 'lost'

/** How many of `count` voters are a majority. */
function majority(count: number): number {
  return Math.floor(count / 2) + 1
}

/** The largest value that a majority of the voters has reached; Infinity without voters. */
function majorityValue(voters: readonly number[], reached: (id: number) => number): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY
  const values = voters.map(reached).sort((a, b) => b - a)
  return values[majority(voters.length) - 1] ?? 0
}

/** What a majority of both configurations has reached. */
export function jointValue(
  incoming: readonly number[],
  outgoing: readonly number[],
  reached: (id: number) => number,
): number {
  return Math.min(majorityValue(incoming, reached), majorityValue(outgoing, reached))
}

/** The vote of each voter: true, false, or undefined while it is not known. */
function majorityVote(
  voters: readonly number[],
  voteOf: (id: number) => boolean | undefined,
): VoteResult {
  if (voters.length === 0) return 'won'
  let granted = 0
  let open = 0
  for (const id of voters) {
    const vote = voteOf(id)
    if (vote === true) granted++
    else if (vote === undefined) open++
  }
  const needed = majority(voters.length)
  if (granted >= needed) return 'won'
  return granted + open >= needed ? 'pending' : 'lost'
}

/** The result over both configurations: lost in one is lost. */
export function jointVote(
  incoming: readonly number[],
  outgoing: readonly number[],
  voteOf: (id: number) => boolean | undefined,
): VoteResult {
  const first = majorityVote(incoming, voteOf)
  const second = majorityVote(outgoing, voteOf)
  if (first === second) return first
  return first === 'lost' || second === 'lost' ? 'lost' : 'pending'
}
