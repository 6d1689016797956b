// What the members of groups own and commit (G1, G2, P6): a partition has one owner at a time; a member
// that was replaced commits nothing; a commit that was acknowledged is not taken back.
//
// A commit whose answer is lost may take effect as long as its member is not replaced, also after a
// later one of the same member: then the older value is there again, as with any Kafka.

interface Owner {
  readonly member: string
  readonly sinceMs: number
  /** When the coordinator may give the partition to another one, as far as this member can tell. */
  validUntilMs: number
  hasReleased: boolean
}

interface Commit {
  readonly member: string
  readonly offset: number
  readonly sentMs: number
  doneMs: number
}

interface PartitionCommits {
  owner: Owner | null
  acked: Commit | null
  /** In flight, or never answered. */
  open: Commit[]
  /** Acknowledged or given up of late: a fetch that began before may show what was there until then. */
  recent: Commit[]
}

const RECENT = 20

export class CommitHistory {
  readonly #partitions = new Map<string, PartitionCommits>()
  readonly #fail: (message: string) => void
  readonly #nowMs: () => number
  commitCount = 0

  constructor(nowMs: () => number, fail: (message: string) => void) {
    this.#nowMs = nowMs
    this.#fail = fail
  }

  /** A member was given the partition, and keeps it until it says so or its session is over. */
  assigned(member: string, partition: string, validUntilMs: number): void {
    const commits = this.#of(partition)
    const { owner } = commits
    const nowMs = this.#nowMs()
    const isInUse = owner !== null && !owner.hasReleased && owner.validUntilMs > nowMs
    if (isInUse && owner.member !== member)
      this.#fail(`${partition} was given to ${member} while ${owner.member} has it`)
    if (owner?.member === member) Object.assign(owner, { validUntilMs, hasReleased: false })
    else commits.owner = { member, sinceMs: nowMs, validUntilMs, hasReleased: false }
  }

  /** The coordinator answered: the session of the member goes on. */
  renewed(member: string, validUntilMs: number): void {
    for (const { owner } of this.#partitions.values())
      if (owner?.member === member) owner.validUntilMs = Math.max(owner.validUntilMs, validUntilMs)
  }

  /** The member stopped using the partition. */
  released(member: string, partition: string): void {
    const { owner } = this.#of(partition)
    if (owner?.member === member) owner.hasReleased = true
  }

  committing(member: string, partition: string, offset: number): Commit {
    const commits = this.#of(partition)
    const commit: Commit = {
      member,
      offset,
      sentMs: this.#nowMs(),
      doneMs: Number.POSITIVE_INFINITY,
    }
    commits.open.push(commit)
    return commit
  }

  acked(partition: string, commit: Commit): void {
    const commits = this.#of(partition)
    this.refused(partition, commit)
    this.commitCount++
    const { owner } = commits
    const wasReplaced = owner !== null && owner.member !== commit.member
    if (wasReplaced && owner.sinceMs < commit.sentMs)
      this.#fail(`${commit.member} committed ${partition} after it was given to ${owner.member}`)
    // An answer may come after the next owner has begun: then it was over before.
    commit.doneMs = Math.min(commit.doneMs, this.#nowMs())
    // Of two members whose commits were under way together the later owner's is the last one.
    if (!wasReplaced || commits.acked === null || commits.acked.sentMs < commit.sentMs)
      commits.acked = commit
    commits.recent = [...commits.recent, commit].slice(-RECENT)
  }

  /** It did not and will not take effect. */
  refused(partition: string, commit: Commit): void {
    const commits = this.#of(partition)
    commits.open = commits.open.filter(one => one !== commit)
  }

  /** The newest commit that was acknowledged before: what a fetch that begins now has to show. */
  fetching(partition: string): Commit | null {
    return this.#of(partition).acked
  }

  /** `offset` -1: nothing is committed. */
  fetched(partition: string, offset: number, before: Commit | null): void {
    const commits = this.#of(partition)
    if (offset === (before?.offset ?? -1)) return
    const isPossible = [...commits.open, ...commits.recent].some(
      commit => commit.offset === offset && commit.doneMs > (before?.doneMs ?? -1),
    )
    if (isPossible) return
    this.#fail(
      `${partition} has committed ${offset}; ${before?.offset ?? 'nothing'} was acknowledged before`,
    )
  }

  /**
   * An owner begins at what it found: nothing of its predecessors can take effect from here on. A fetch
   * that began before may still show it, or what the owner found.
   */
  begins(member: string, partition: string, offset: number): void {
    const commits = this.#of(partition)
    if (commits.owner?.member !== member) return
    const nowMs = this.#nowMs()
    const over = commits.open.filter(commit => commit.member !== member)
    for (const commit of over) commit.doneMs = nowMs
    commits.open = commits.open.filter(commit => commit.member === member)
    const found = { member, offset, sentMs: nowMs, doneMs: nowMs }
    commits.acked = found
    commits.recent = [...commits.recent, ...over, found].slice(-RECENT)
  }

  #of(partition: string): PartitionCommits {
    const existing = this.#partitions.get(partition)
    if (existing !== undefined) return existing
    const commits = { owner: null, acked: null, open: [], recent: [] }
    this.#partitions.set(partition, commits)
    return commits
  }
}
