// A controller with its log, and an image that follows it, for tests: what is decided is encoded,
// decoded and replayed in both, and every change is held against the invariants.

import type { ConfigRules } from '../config-control.ts'
import { Controller } from '../controller.ts'
import { EffectiveSettings } from '../effective-settings.ts'
import { MetadataImage } from '../image.ts'
import { changeProblem, indexProblems, partitionProblems, settledProblems } from '../invariants.ts'
import { decodeMetadataBatch, encodeMetadataBatch } from '../record-codec.ts'
import type { MetadataRecord } from '../records.ts'
import type { Decision } from '../requests.ts'
import { decodeSnapshot, encodeSnapshot } from '../snapshot.ts'

export const SESSION_MS = 2_000
export const GRACE_MS = 250

const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['min.insync.replicas', '1'],
  ['unclean.leader.election.enable', 'false'],
  ['retention.ms', '604800000'],
  ['offsets.topic.replication.factor', '3'],
])

const RULES: ConfigRules = {
  problem: (_type, overrides) => {
    const unknown = [...overrides.keys()].find(key => !DEFAULTS.has(key))
    return unknown === undefined ? null : `Unknown topic config name: ${unknown}`
  },
  inherited: (_type, key) => DEFAULTS.get(key) ?? null,
  isList: () => false,
}

export class Cluster {
  /** Follows with what is committed, as a broker does. */
  readonly follower = new MetadataImage()
  controller: Controller
  nowMs = 0
  /** The last decision's. */
  offset = 0
  /** The log refuses what is decided next. */
  refuses = false
  readonly violations: string[] = []
  #uuids = 0
  #random: () => number

  constructor(random: () => number = () => 0) {
    this.#random = random
    this.controller = this.#newController()
    this.submit(machine => machine.activate(this.nowMs))
  }

  /** The records, if they were accepted; the answer also if not. */
  submit<R>(decide: (machine: Controller, nextOffset: number) => Decision<R>): {
    records: readonly MetadataRecord[]
    response: R
  } {
    const { records, response } = decide(this.controller, this.offset + 1)
    if (records.length === 0 || this.refuses) return { records: [], response }
    this.offset++
    const bytes = encodeMetadataBatch(records)
    for (const record of decodeMetadataBatch(bytes)) this.#replay(record)
    return { records, response }
  }

  /** Lets the controller do all that is due; answers what it decided. */
  settle(): MetadataRecord[] {
    const done: MetadataRecord[] = []
    for (let round = 0; this.controller.nextDeadlineMs() <= this.nowMs; round++) {
      if (round === 1_000) throw new Error('the controller does not come to rest')
      done.push(...this.submit(machine => machine.expire(this.nowMs)).records)
      // The shell would try again later.
      if (this.refuses) break
    }
    return done
  }

  /** Time goes by without anybody being heard of; pauses of this process do not happen. */
  wait(forMs: number): MetadataRecord[] {
    const untilMs = this.nowMs + forMs
    const done = this.settle()
    while (this.nowMs < untilMs) {
      this.nowMs = Math.min(untilMs, Math.max(this.controller.nextDeadlineMs(), this.nowMs + 1))
      done.push(...this.settle())
    }
    return done
  }

  /** Another node becomes active, with what is committed. */
  failOver(): void {
    this.controller = this.#newController(this.follower.copy())
    this.submit(machine => machine.activate(this.nowMs))
  }

  /** What has to hold when nothing is left to do, and that both images are the same. */
  check({ isSettled }: { isSettled: boolean }): void {
    const { image } = this.controller
    const add = (problems: readonly string[]) => this.violations.push(...problems)
    add(indexProblems(image))
    if (isSettled) {
      for (const topic of image.topics) {
        for (const partition of topic.partitions) add(settledProblems(image, partition))
      }
    }
    const own = encodeMetadataBatch(image.records())
    if (!own.equals(encodeMetadataBatch(this.follower.records()))) add(['the images differ'])
    const loaded = new MetadataImage()
    for (const record of decodeSnapshot(encodeSnapshot(image, 1, 1)).records) loaded.replay(record)
    if (!own.equals(encodeMetadataBatch(loaded.records()))) add(['a snapshot makes another image'])
  }

  #replay(record: MetadataRecord): void {
    const isPartition = record.kind === 'partition' || record.kind === 'partitionChange'
    const find = () =>
      isPartition ? this.follower.partitionById(record.topicId, record.partitionIndex) : undefined
    const before = find()
    this.controller.replay(record)
    this.follower.replay(record)
    const after = find()
    if (after === undefined) return
    const topic = this.follower.topicById(after.topicId)?.name ?? ''
    const settings = new EffectiveSettings(this.follower, RULES)
    const problems = partitionProblems(after, settings.minInsyncReplicas(topic))
    const change = before === undefined ? null : changeProblem(before, after)
    if (change !== null) problems.push(change)
    for (const problem of problems) {
      this.violations.push(`${topic}-${after.partitionIndex}: ${problem}: ${JSON.stringify(after)}`)
    }
  }

  #newController(image?: MetadataImage): Controller {
    const options = {
      nodeId: 1,
      newUuid: () => `topic-id-${String(++this.#uuids).padStart(13, '0')}`,
      randomBelow: (limit: number) => Math.floor(this.#random() * limit),
      topicDefaults: () => ({ partitionCount: 1, replicationFactor: 1 }),
      configRules: RULES,
      sessionTimeoutMs: () => SESSION_MS,
      resetGraceMs: () => GRACE_MS,
    }
    return new Controller(options, image)
  }
}
