// The active controller: decides about the cluster's metadata. Each method answers the records of its
// decision and what to tell the client once they are committed; nothing changes before `replay`.
//
// The shell runs one decision at a time: decide, append, replay; on a failed append it forgets this
// object and rebuilds one from snapshot and log (architecture.md section 4). It calls `activate` once
// the node leads, and `expire` when `nextDeadlineMs` has come. Times are monotonic milliseconds.

import { BrokerControl } from './broker-control.ts'
import { BrokerSessions } from './broker-sessions.ts'
import { ConfigControl, type ConfigRules } from './config-control.ts'
import { EffectiveSettings } from './effective-settings.ts'
import { ElectionControl } from './election-control.ts'
import { FeatureControl } from './feature-control.ts'
import { MetadataImage } from './image.ts'
import { InternalTopics } from './internal-topics.ts'
import { IsrControl } from './isr-control.ts'
import { PartitionSweeps } from './partition-sweep.ts'
import { ProducerIdControl } from './producer-id-control.ts'
import { ReassignmentControl } from './reassignment-control.ts'
import type { MetadataRecord } from './records.ts'
import type { Decision } from './requests.ts'
import { TopicControl, type TopicDefaults } from './topic-control.ts'

export interface ControllerOptions {
  /** The node that decides, for messages. Default 1. */
  readonly nodeId?: number
  /** A random uuid that does not begin with '-' (command lines). */
  readonly newUuid: () => string
  readonly randomBelow: (limit: number) => number
  readonly topicDefaults: () => TopicDefaults
  readonly configRules: ConfigRules
  /** A broker that was silent for this long is fenced. Default 2,000. */
  readonly sessionTimeoutMs?: () => number
  /** How long a broker has to come back whose connections were reset. Default 250. */
  readonly resetGraceMs?: () => number
  readonly leaderRebalance?: () => LeaderRebalance
}

export interface LeaderRebalance {
  readonly enabled: boolean
  readonly intervalMs: number
}

const SESSION_TIMEOUT_MS = 2_000
const RESET_GRACE_MS = 250
const LEADER_REBALANCE: LeaderRebalance = {
  enabled: true,
  intervalMs: 300_000,
}

export class Controller {
  /** What has been decided, committed or about to be: decisions build on each other. */
  readonly image: MetadataImage
  readonly topics: TopicControl
  readonly isr: IsrControl
  readonly elections: ElectionControl
  readonly reassignments: ReassignmentControl
  readonly brokers: BrokerControl
  readonly configs: ConfigControl
  readonly features: FeatureControl
  readonly producerIds: ProducerIdControl
  readonly #sessions: BrokerSessions
  readonly #sweeps: PartitionSweeps
  readonly #internalTopics: InternalTopics
  readonly #leaderRebalance: () => LeaderRebalance
  #rebalanceAtMs = Number.POSITIVE_INFINITY

  /** `image` is the committed one to begin with; this controller owns it from now on. */
  constructor(options: ControllerOptions, image = new MetadataImage()) {
    this.image = image
    const { configRules } = options
    this.#sessions = new BrokerSessions({
      sessionTimeoutMs: options.sessionTimeoutMs ?? (() => SESSION_TIMEOUT_MS),
      resetGraceMs: options.resetGraceMs ?? (() => RESET_GRACE_MS),
    })
    this.#leaderRebalance = options.leaderRebalance ?? (() => LEADER_REBALANCE)
    const settings = new EffectiveSettings(image, configRules)
    this.#sweeps = new PartitionSweeps(image, settings, id => this.#sessions.has(id))
    this.#internalTopics = new InternalTopics(image, settings)
    this.configs = new ConfigControl(image, configRules, settings)
    this.topics = new TopicControl(image, {
      configs: this.configs,
      defaults: options.topicDefaults,
      newUuid: options.newUuid,
      randomBelow: options.randomBelow,
    })
    this.isr = new IsrControl(image, settings)
    this.elections = new ElectionControl(image, settings)
    this.reassignments = new ReassignmentControl(image, settings)
    this.brokers = new BrokerControl({
      image,
      sessions: this.#sessions,
      sweeps: this.#sweeps,
      settings,
    })
    this.features = new FeatureControl(image, options.nodeId ?? 1, settings)
    this.producerIds = new ProducerIdControl(image)
    this.topics.addAll(image)
  }

  /** Once, when this node has become active: everybody gets a fresh session, loose ends are taken up. */
  activate(nowMs: number): Decision<void> {
    for (const { brokerId, brokerEpoch, fenced } of this.image.brokers.values()) {
      if (!fenced) this.#sessions.renew(brokerId, brokerEpoch, nowMs)
    }
    this.#sessions.renewAll(nowMs)
    this.#sweeps.resume()
    this.#rebalanceAtMs = nowMs + this.#leaderRebalance().intervalMs
    return { records: [...this.features.finaliseDefaults()], response: undefined }
  }

  /** When `expire` is due; 0 if there is work to be gone on with at once. */
  nextDeadlineMs(): number {
    if (this.#sweeps.isBusy || this.#internalTopics.isDue) return 0
    return Math.min(this.#sessions.nextDeadlineMs(), this.#rebalanceAtMs)
  }

  /** Fences silent brokers, goes on with the consequences of what happened, balances leaders. */
  expire(nowMs: number): Decision<void> {
    const fencings = this.brokers.expire(nowMs)
    if (fencings.length > 0) return { records: fencings, response: undefined }
    if (this.#sweeps.isBusy) return { records: this.#sweeps.next().records, response: undefined }
    if (this.#internalTopics.isDue) {
      return { records: this.#internalTopics.next(), response: undefined }
    }
    this.#maybeRebalance(nowMs)
    return { records: [], response: undefined }
  }

  /** Kafka 4 has no threshold for it any more (leader.imbalance.per.broker.percentage is gone). */
  #maybeRebalance(nowMs: number): void {
    if (nowMs < this.#rebalanceAtMs) return
    const { enabled, intervalMs } = this.#leaderRebalance()
    this.#rebalanceAtMs = nowMs + intervalMs
    if (enabled) this.#sweeps.electPreferred()
  }

  /** Applies a record of the log; the only method that changes state. */
  replay(record: MetadataRecord): void {
    this.topics.replay(record)
    this.image.replay(record)
    this.brokers.replay(record)
    this.#internalTopics.replay(record)
    this.#sweeps.replay(record)
  }
}
