// Everybody who uses the simulated cluster: producers, readers, groups, and who looks at what they left.

import { fetchGroupOffsets } from '@weir/client'
import { errorMessage } from '@weir/core'
import { CLASSIC_GROUP, ClassicMember } from './classic-member.ts'
import { clusterOf } from './clients.ts'
import type { ClusterWorld, Machine } from './cluster-world.ts'
import { CommitHistory } from './commit-history.ts'
import { CONSUMER_GROUP, ConsumerMember } from './consumer-member.ts'
import { OnceSending } from './once-sending.ts'
import { PauseProbe } from './pause-probe.ts'
import { PipelinedProducing } from './pipelined-producing.ts'
import { Producing } from './producing.ts'
import { EndWatcher, Reading, readAll } from './reading.ts'
import { partitionKey, RecordHistory } from './record-history.ts'
import {
  LASTING_TOPICS,
  partitionsOf,
  QUIET_TOPIC,
  TEMPORARY_TOPIC,
  type TopicPartitionName,
  WORKLOAD_TOPICS,
} from './workload-topics.ts'

const OFFSETS_TOPIC = '__consumer_offsets'
const GROUP_TOPICS = ['main', 'pair']
const WATCH_GROUPS_MS = 500

const kept = LASTING_TOPICS.filter(topic => topic.isKept)
const trimmed = LASTING_TOPICS.filter(topic => !topic.isKept)

/** Machines of clients, by the options that decide how many of each there are. */
export function clientNames(counts: {
  readonly producers: number
  readonly readers: number
  readonly classicMembers: number
  readonly consumerMembers: number
}): string[] {
  const numbered = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`)
  return [
    ...numbered('p', counts.producers),
    ...numbered('r', counts.readers),
    ...numbered('g', counts.classicMembers),
    ...numbered('m', counts.consumerMembers),
    'careless',
    'once',
    'pipeline',
    'scenes',
    'probe',
  ]
}

export class ClusterWorkload {
  readonly records: RecordHistory
  readonly commits: CommitHistory
  readonly #world: ClusterWorld
  readonly #producers: Producing[] = []
  #temporary: Producing | null = null
  #careless: Producing | null = null
  #once: OnceSending | null = null
  #pipeline: PipelinedProducing | null = null
  #scenes: OnceSending | null = null
  #probe: PauseProbe | null = null
  readonly #readers: Reading[] = []
  readonly #members: { stop(): void }[] = []
  #watcher: EndWatcher | null = null
  /** What the groups have committed, as of the last look. */
  readonly #committed = new Map<string, number>()
  #isOver = false

  constructor(world: ClusterWorld) {
    this.#world = world
    const fail = (message: string) => world.fail(message)
    this.records = new RecordHistory(fail)
    this.commits = new CommitHistory(() => world.nowMs, fail)
  }

  start(): void {
    const { options } = this.#world
    const everywhere = partitionsOf(WORKLOAD_TOPICS)
    for (const name of clientNames(options)) {
      const kind = name[0]
      if (name === 'once') {
        this.#once = new OnceSending(this.#world, this.records, name, everywhere)
      } else if (name === 'pipeline') {
        this.#pipeline = new PipelinedProducing(this.#world, this.records, name, everywhere)
      } else if (name === 'scenes') {
        this.#scenes = new OnceSending(this.#world, this.records, name, [])
      } else if (name === 'probe') {
        this.#probe = new PauseProbe(this.#world)
      } else if (name === 'careless') {
        const partitions = partitionsOf(WORKLOAD_TOPICS.slice(0, 2))
        this.#careless = new Producing(this.#world, this.records, { name, partitions, acks: 1 })
      } else if (kind === 'p') {
        this.#producers.push(
          new Producing(this.#world, this.records, { name, partitions: everywhere, acks: -1 }),
        )
      } else if (kind === 'r') this.#startReaders(name)
      else if (kind === 'g') {
        this.#members.push(
          new ClassicMember(this.#world, this.commits, { name, topics: GROUP_TOPICS }),
        )
      } else {
        this.#members.push(
          new ConsumerMember(this.#world, this.commits, { name, topics: GROUP_TOPICS }),
        )
      }
    }
    this.#watcher = new EndWatcher(this.#world, partitionsOf(kept))
    for (const group of this.#groups()) this.#watchGroup(group)
  }

  #startReaders(name: string): void {
    const read = (partitions: typeof kept, isTrimmed: boolean) =>
      this.#readers.push(
        new Reading(this.#world, this.records, {
          name,
          partitions: partitionsOf(partitions),
          isTrimmed,
        }),
      )
    read(kept, false)
    read(trimmed, true)
  }

  /** The temporary topic is there anew: its producer starts over under another name. */
  onRecreated(incarnation: number): void {
    if (this.#isOver) return
    this.#temporary?.stop()
    this.#temporary = new Producing(this.#world, new RecordHistory(() => {}), {
      name: `t${incarnation}`,
      partitions: partitionsOf([TEMPORARY_TOPIC]),
      acks: -1,
    })
  }

  #groups(): string[] {
    const { classicMembers, consumerMembers } = this.#world.options
    return [
      ...(classicMembers > 0 ? [CLASSIC_GROUP] : []),
      ...(consumerMembers > 0 ? [CONSUMER_GROUP] : []),
    ]
  }

  #watchGroup(group: string): void {
    const cluster = clusterOf(this.#world, `watcher-of-${group}`)
    const partitions = partitionsOf(
      WORKLOAD_TOPICS.filter(({ name }) => GROUP_TOPICS.includes(name)),
    )
    const look = async () => {
      const keys = partitions.map(({ topic, partition }) => partitionKey(topic, partition))
      // It may be the one who answers, from the past: nothing of a member depends on that (R16).
      const isInDoubt = this.#world.hasDeposedLeader(OFFSETS_TOPIC)
      const before = keys.map(key => this.commits.fetching(`${group}:${key}`))
      const found = new Map(
        (await fetchGroupOffsets(cluster, group, partitions)).map(each => [
          partitionKey(each.topic, each.partition),
          each.offset,
        ]),
      )
      keys.forEach((key, index) => {
        const offset = found.get(key) ?? -1
        if (!isInDoubt) this.commits.fetched(`${group}:${key}`, offset, before[index] ?? null)
        this.#committed.set(`${group}:${key}`, offset)
      })
    }
    const next = () => {
      if (this.#isOver) return
      const again = () => this.#world.sim.after(WATCH_GROUPS_MS, next)
      look().then(again, (error: unknown) => {
        this.#world.note(`watcher of ${group}: ${errorMessage(error)}`)
        again()
      })
    }
    next()
  }

  /** Null once every partition took a record of somebody after `ackedBefore`. */
  partitionWithoutWrites(ackedBefore: ReadonlyMap<string, number>): string | null {
    const acked = this.ackedByPartition()
    for (const { topic, partition } of partitionsOf(WORKLOAD_TOPICS)) {
      const key = partitionKey(topic, partition)
      if ((acked.get(key) ?? 0) <= (ackedBefore.get(key) ?? 0)) return key
    }
    return null
  }

  ackedByPartition(): Map<string, number> {
    const sums = new Map<string, number>()
    for (const producer of this.#producers)
      for (const [key, count] of producer.ackedIn) sums.set(key, (sums.get(key) ?? 0) + count)
    return sums
  }

  /** One record, once, to this machine. */
  write(machine: Machine, target: TopicPartitionName, acks: -1 | 1): void {
    this.#scenes?.send(machine, target, acks)
  }

  /** Quiet partitions take records, too. */
  breakSilence(): void {
    for (const target of partitionsOf([QUIET_TOPIC])) this.#producers[0]?.send(target)
  }

  stopCareless(): void {
    this.#once?.stop()
    this.#careless?.stop()
    this.#temporary?.stop()
  }

  stopProducing(): void {
    for (const producer of this.#producers) producer.stop()
    this.#pipeline?.stop()
  }

  get pendingCount(): number {
    const all = [...this.#producers, ...(this.#careless === null ? [] : [this.#careless])]
    const others = this.#pipeline?.pendingCount ?? 0
    return all.reduce((sum, producer) => sum + producer.pendingCount, others)
  }

  /** A partition whose end a group has not committed; null if there is none. */
  laggingGroup(endOf: (key: string) => number): string | null {
    for (const group of this.#groups())
      for (const { topic, partition } of partitionsOf(WORKLOAD_TOPICS)) {
        if (!GROUP_TOPICS.includes(topic)) continue
        const key = partitionKey(topic, partition)
        const committed = this.#committed.get(`${group}:${key}`) ?? -1
        const end = endOf(key)
        if (end > 0 && committed !== end) return `${group}:${key} at ${committed} of ${end}`
      }
    return null
  }

  laggingReader(endOf: (key: string) => number): string | null {
    for (const [index, reader] of this.#readers.entries())
      for (const { topic, partition } of partitionsOf(index % 2 === 0 ? kept : trimmed)) {
        const key = partitionKey(topic, partition)
        if (reader.position(key) < endOf(key)) return `${key} at ${reader.position(key)}`
      }
    return null
  }

  stop(): void {
    this.#isOver = true
    this.#probe?.stop()
    this.#watcher?.stop()
    for (const reader of this.#readers) reader.stop()
    for (const member of this.#members) member.stop()
  }

  /** Everything as it is at the end, against what was promised. */
  async audit(): Promise<void> {
    const all = await readAll(this.#world, partitionsOf(LASTING_TOPICS))
    for (const [key, { startOffset, records }] of all) {
      for (const [offset, value] of records) this.records.read(key, offset, value)
      this.records.finish(key, startOffset, records)
    }
  }
}
