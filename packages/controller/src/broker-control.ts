// Brokers: registration, heartbeats, fencing, controlled shutdown. A broker registers at each start
// with a new incarnation; its epoch is the offset of that record, so a later incarnation always has a
// higher one (docs/traps.md R14).
//
// Only the broker's own state is decided here; what follows for its partitions is swept up by
// PartitionSweeps, which starts when these records are replayed.

import type { BrokerSessions } from './broker-sessions.ts'
import type { EffectiveSettings } from './effective-settings.ts'
import type { BrokerImage, MetadataImage, PartitionImage } from './image.ts'
import { partitionChange } from './partition-change.ts'
import type { PartitionKey } from './partition-set.ts'
import { MAX_CHANGES, type PartitionSweeps } from './partition-sweep.ts'
import type { BrokerChangeRecord, BrokerEndpoint, MetadataRecord } from './records.ts'
import { type ApiError, type Decision, failure, NO_ERROR } from './requests.ts'

export interface FeatureRange {
  readonly name: string
  readonly minLevel: number
  readonly maxLevel: number
}

export interface BrokerRegistration {
  readonly brokerId: number
  readonly incarnationId: string
  readonly endpoints: readonly BrokerEndpoint[]
  readonly rack: string | null
  readonly directoryIds: readonly string[]
  /**
   * What the marker of the last clean stop says; -1 without one. Anything but the epoch of the last
   * registration means a crash: what the broker wrote but did not sync may be gone.
   */
  readonly previousBrokerEpoch: number
  /** The levels that it can work with; not given: those of this controller. */
  readonly features?: readonly FeatureRange[]
  /** The broker runs in the process of this controller: an earlier incarnation cannot live. */
  readonly isSameProcess?: boolean
}

export interface RegisteredBroker extends ApiError {
  /** -1 if it was refused. */
  readonly brokerEpoch: number
}

export interface BrokerHeartbeat {
  readonly brokerId: number
  readonly brokerEpoch: number
  /** The last metadata offset that the broker's image has. */
  readonly currentMetadataOffset: number
  readonly wantFence: boolean
  readonly wantShutDown: boolean
  /** Partitions of which the broker can no longer read or write its replica: a directory failed. */
  readonly offlinePartitions?: readonly PartitionKey[]
  /** Partitions that it cannot write to for now: the disk is full. */
  readonly fullPartitions?: readonly PartitionKey[]
}

export interface HeartbeatResult extends ApiError {
  readonly isCaughtUp: boolean
  readonly isFenced: boolean
  readonly shouldShutDown: boolean
}

const NO_LEVELS = { minLevel: 0, maxLevel: 0 }

export interface BrokerControlParts {
  readonly image: MetadataImage
  readonly sessions: BrokerSessions
  readonly sweeps: PartitionSweeps
  readonly settings: EffectiveSettings
}

export class BrokerControl {
  readonly #image: MetadataImage
  readonly #sessions: BrokerSessions
  readonly #sweeps: PartitionSweeps
  readonly #settings: EffectiveSettings
  /** Brokers in controlled shutdown wait until all others know of this offset. Soft: made anew. */
  readonly #shutdownOffsets = new Map<number, number>()
  /** When the last registration was decided. */
  #registeredAtMs = 0

  constructor({ image, sessions, sweeps, settings }: BrokerControlParts) {
    this.#image = image
    this.#sessions = sessions
    this.#sweeps = sweeps
    this.#settings = settings
  }

  /** `recordOffset` is the offset that this decision will get: the new broker epoch. */
  register(
    registration: BrokerRegistration,
    recordOffset: number,
    nowMs: number,
  ): Decision<RegisteredBroker> {
    const { previousBrokerEpoch, isSameProcess, features, ...broker } = registration
    const { brokerId } = broker
    const unsupported = this.#featureProblem(features)
    if (unsupported !== null) {
      return { records: [], response: { ...unsupported, brokerEpoch: -1 } }
    }
    const known = this.#image.brokers.get(brokerId)
    if (known?.incarnationId === broker.incarnationId) {
      return this.#registerAgain(broker, known, nowMs)
    }
    if (known !== undefined && isSameProcess !== true && this.#sessions.isAlive(brokerId, nowMs)) {
      const message = `Another broker is registered with that broker id.`
      return {
        records: [],
        response: { ...failure('DUPLICATE_BROKER_REGISTRATION', message), brokerEpoch: -1 },
      }
    }
    // Whoever was unregistered and has replicas may have lost them; -1 is no epoch of anybody.
    const isSuspect =
      known === undefined
        ? this.#image.index.ofBroker(brokerId).size > 0
        : known.brokerEpoch !== previousBrokerEpoch
    this.#registeredAtMs = nowMs
    const record: MetadataRecord = {
      kind: 'registerBroker',
      ...broker,
      brokerEpoch: recordOffset,
      fenced: true,
      inControlledShutdown: false,
      isSuspect,
    }
    return { records: [record], response: { ...NO_ERROR, brokerEpoch: recordOffset } }
  }

  /** A broker that cannot read what is finalised must not join. */
  #featureProblem(features: readonly FeatureRange[] | undefined): ApiError | null {
    if (features === undefined) return null
    for (const [name, level] of this.#image.features) {
      const { minLevel, maxLevel } = features.find(each => each.name === name) ?? NO_LEVELS
      if (level >= minLevel && level <= maxLevel) continue
      const message =
        `Unable to register because the broker does not support finalized version ${level} of ` +
        `${name}. The broker wants a version between ${minLevel} and ${maxLevel}, inclusive.`
      return failure('UNSUPPORTED_VERSION', message)
    }
    return null
  }

  /** The same process asks again: its answer got lost, or its endpoints have changed. */
  #registerAgain(
    broker: Omit<BrokerRegistration, 'previousBrokerEpoch' | 'isSameProcess' | 'features'>,
    known: BrokerImage,
    nowMs: number,
  ): Decision<RegisteredBroker> {
    this.#registeredAtMs = nowMs
    const record: MetadataRecord = { kind: 'registerBroker', ...known, ...broker }
    return { records: [record], response: { ...NO_ERROR, brokerEpoch: known.brokerEpoch } }
  }

  /** An answer without records need not wait for anything: nothing has changed. */
  heartbeat(
    request: BrokerHeartbeat,
    nowMs: number,
    recordOffset: number,
  ): Decision<HeartbeatResult> {
    const { brokerId, brokerEpoch } = request
    const broker = this.#image.brokers.get(brokerId)
    const problem = registrationProblem(broker, brokerId, brokerEpoch)
    if (broker === undefined || problem !== null) return refused(problem ?? NO_ERROR)
    const session = this.#sessions.renew(brokerId, brokerEpoch, nowMs)
    session.metadataOffset = Math.max(session.metadataOffset, request.currentMetadataOffset)
    const isCaughtUp = request.currentMetadataOffset >= brokerEpoch
    if (request.wantShutDown) return this.#shutDown(broker, request, isCaughtUp, recordOffset)
    if (!broker.fenced) {
      const records = request.wantFence
        ? [changeOf(broker, { fenced: true })]
        : this.#withoutReplicas(request)
      return answered(records, { isCaughtUp, isFenced: request.wantFence, shouldShutDown: false })
    }
    if (request.wantFence || !isCaughtUp) {
      return answered([], { isCaughtUp, isFenced: true, shouldShutDown: false })
    }
    return this.#unfence(broker)
  }

  /** What the broker cannot serve any more goes to others: some now, more at the next heartbeat. */
  #withoutReplicas(request: BrokerHeartbeat): MetadataRecord[] {
    const { brokerId, offlinePartitions = [], fullPartitions = [] } = request
    const records: MetadataRecord[] = []
    const add = (record: MetadataRecord | null) => {
      if (record !== null && records.length < MAX_CHANGES) records.push(record)
    }
    for (const key of offlinePartitions) add(this.#withoutLost(brokerId, key))
    // One decision changes a partition once.
    if (records.length > 0) return records
    for (const key of fullPartitions) add(this.#withoutFull(brokerId, key))
    return records
  }

  /** As if the broker had crashed, for this partition only (D6). */
  #withoutLost(brokerId: number, key: PartitionKey): MetadataRecord | null {
    const partition = this.#image.partitionById(key.topicId, key.partitionIndex)
    if (partition === undefined) return null
    if (!partition.isr.includes(brokerId) && !partition.elr.includes(brokerId)) return null
    return this.#without(brokerId, partition, true)
  }

  /** Others who are in sync may have room, and need not wait for it. It has lost nothing. */
  #withoutFull(brokerId: number, key: PartitionKey): MetadataRecord | null {
    const partition = this.#image.partitionById(key.topicId, key.partitionIndex)
    if (partition?.isr.includes(brokerId) !== true) return null
    const hasOther = partition.isr.some(id => id !== brokerId && this.#image.isActive(id))
    return hasOther ? this.#without(brokerId, partition, false) : null
  }

  #without(brokerId: number, partition: PartitionImage, isLost: boolean): MetadataRecord | null {
    const topic = this.#image.topicById(partition.topicId)
    if (topic === undefined) return null
    const rules = this.#settings.rulesOf(topic.name)
    return partitionChange(
      partition,
      {},
      {
        ...rules,
        isAlive: id => id !== brokerId && rules.isAlive(id),
        isSuspect: id => (isLost && id === brokerId) || rules.isSuspect(id),
      },
    )
  }

  /** Once nothing counts any more on what it may have lost. */
  #unfence(broker: BrokerImage): Decision<HeartbeatResult> {
    const { records, isLast } = this.#sweeps.next(broker.brokerId)
    const change = isLast ? [changeOf(broker, { fenced: false })] : []
    return answered([...records, ...change], {
      isCaughtUp: true,
      isFenced: !isLast,
      shouldShutDown: false,
    })
  }

  #shutDown(
    broker: BrokerImage,
    request: BrokerHeartbeat,
    isCaughtUp: boolean,
    recordOffset: number,
  ): Decision<HeartbeatResult> {
    const { brokerId } = broker
    if (broker.fenced) {
      // It goes for good: the next incarnation need not wait for the end of its session.
      this.#sessions.end(brokerId)
      return answered([], { isCaughtUp, isFenced: true, shouldShutDown: true })
    }
    if (this.#image.brokers.size === 1) {
      return answered([], { isCaughtUp, isFenced: false, shouldShutDown: true })
    }
    if (request.wantFence || this.#mayStop(broker, recordOffset)) {
      const records = [changeOf(broker, { fenced: true })]
      return answered(records, { isCaughtUp, isFenced: true, shouldShutDown: true })
    }
    const records = broker.inControlledShutdown
      ? []
      : [changeOf(broker, { inControlledShutdown: true })]
    return answered(records, { isCaughtUp, isFenced: false, shouldShutDown: false })
  }

  /** It has no part in any partition, and every active broker knows that (R15). */
  #mayStop({ brokerId, inControlledShutdown }: BrokerImage, recordOffset: number): boolean {
    if (this.#image.index.ofBroker(brokerId).size === 0) return true
    const isDone = this.#image.index.ledCount(brokerId) === 0 && !this.#sweeps.isBusyWith(brokerId)
    if (!inControlledShutdown || !isDone) {
      this.#shutdownOffsets.delete(brokerId)
      return false
    }
    const offset = this.#shutdownOffsets.get(brokerId) ?? recordOffset - 1
    this.#shutdownOffsets.set(brokerId, offset)
    for (const other of this.#image.brokers.values()) {
      if (!this.#image.isActive(other.brokerId)) continue
      const session = this.#sessions.get(other.brokerId, other.brokerEpoch)
      if (session === undefined || session.metadataOffset < offset) return false
    }
    return true
  }

  /** A heartbeat makes the session whole again. */
  connectionReset(brokerId: number, nowMs: number): void {
    this.#sessions.shorten(brokerId, nowMs)
  }

  /** The process of the controller was paused: nobody could be heard. */
  refreshSessions(nowMs: number): void {
    this.#sessions.renewAll(nowMs)
  }

  /** A registered broker is taken out for good; its replicas stay assigned. */
  unregister(brokerId: number): Decision<ApiError> {
    if (!this.#image.brokers.has(brokerId)) {
      const message = `Broker ID ${brokerId} is not currently registered`
      return { records: [], response: failure('BROKER_ID_NOT_REGISTERED', message) }
    }
    return { records: [{ kind: 'unregisterBroker', brokerId }], response: NO_ERROR }
  }

  /** Fences the silent ones. */
  expire(nowMs: number): BrokerChangeRecord[] {
    const records: BrokerChangeRecord[] = []
    for (const brokerId of this.#sessions.expired(nowMs)) {
      const broker = this.#image.brokers.get(brokerId)
      if (broker !== undefined && !broker.fenced) {
        records.push(changeOf(broker, { fenced: true }))
        continue
      }
      this.#sessions.end(brokerId)
      // It registered and never came: what was kept for it goes on without it.
      if (broker !== undefined) this.#sweeps.brokerGone(brokerId)
    }
    return records
  }

  replay(record: MetadataRecord): void {
    if (record.kind === 'brokerChange' && record.fenced === true) this.#forget(record.brokerId)
    else if (record.kind === 'unregisterBroker') this.#forget(record.brokerId)
    else if (record.kind === 'registerBroker') {
      // Not before: a registration that the log refuses may be tried again at once.
      this.#sessions.renew(record.brokerId, record.brokerEpoch, this.#registeredAtMs)
      this.#shutdownOffsets.delete(record.brokerId)
    }
  }

  #forget(brokerId: number): void {
    this.#sessions.end(brokerId)
    this.#shutdownOffsets.delete(brokerId)
  }
}

/** Null if the broker is registered with that epoch. */
export function registrationProblem(
  broker: BrokerImage | undefined,
  brokerId: number,
  brokerEpoch: number,
): ApiError | null {
  if (broker === undefined) {
    return failure(
      'BROKER_ID_NOT_REGISTERED',
      `No broker registration found for broker id ${brokerId}`,
    )
  }
  if (broker.brokerEpoch === brokerEpoch) return null
  const message = `Expected broker epoch ${brokerEpoch}, but got broker epoch ${broker.brokerEpoch}`
  return failure('STALE_BROKER_EPOCH', message)
}

function changeOf(
  { brokerId, brokerEpoch }: BrokerImage,
  change: { readonly fenced?: boolean; readonly inControlledShutdown?: boolean },
): BrokerChangeRecord {
  return {
    kind: 'brokerChange',
    brokerId,
    brokerEpoch,
    fenced: change.fenced ?? null,
    inControlledShutdown: change.inControlledShutdown ?? null,
  }
}

function answered(
  records: readonly MetadataRecord[],
  result: Omit<HeartbeatResult, keyof ApiError>,
): Decision<HeartbeatResult> {
  return { records, response: { ...NO_ERROR, ...result } }
}

function refused(error: ApiError): Decision<HeartbeatResult> {
  const result = { isCaughtUp: false, isFenced: true, shouldShutDown: false }
  return { records: [], response: { ...error, ...result } }
}
