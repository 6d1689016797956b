// The life of this broker as the controller sees it: it registers, fenced, is unfenced once it has the
// metadata up to its registration, tells that it lives, and takes its leave before it stops.
//
// A registration that is not known any more (the broker was taken out of the cluster, or the controller
// has another one) is made again: the process has lost nothing.

import { type Env, OperatorError, type Timer } from '@weir/core'
import {
  type BrokerRegistrationRequestInit,
  brokerRegistrationApi,
  type Decoded,
  type ErrorName,
  errorName,
  errorText,
} from '@weir/protocol'
import { type ControllerChannel, passes } from './controller-channel.ts'
import { nodeHeartbeatApi } from './node-apis.ts'

/** Partitions of a topic with something to be said of their replica here. */
export interface ReportedTopic {
  readonly topicId: string
  readonly indexes: number[]
}

export interface BrokerLifecycleOptions {
  readonly nodeId: number
  readonly channel: Pick<ControllerChannel, 'attempt' | 'request'>
  /** All of the registration but what this class knows itself. */
  readonly registration: () => Omit<
    BrokerRegistrationRequestInit,
    'brokerId' | 'incarnationId' | 'previousBrokerEpoch'
  >
  /** The epoch of the last clean stop; -1 if there was none. */
  readonly previousBrokerEpoch: number
  readonly heartbeatIntervalMs: () => number
  readonly sessionTimeoutMs: () => number
  /** How long a start tries to register. */
  readonly registrationTimeoutMs: () => number
  /** The last entry of the metadata log that this broker has applied. */
  readonly metadataIndex: () => number
  /** True once that is at least `index`. */
  readonly whenApplied: (index: number, timeoutMs: number) => Promise<boolean>
  readonly offlineLogDirs: () => string[]
  /** What was in them: others have to lead that. */
  readonly offlinePartitions: () => ReportedTopic[]
  /** Not to be written to here: others may have room. */
  readonly fullPartitions: () => ReportedTopic[]
  /** A heartbeat that was sent at this monotonic time was answered: the broker is not fenced. */
  readonly onAlive: (sentMs: number) => void
  /** The node cannot be this broker any more. */
  readonly onFatal: (error: Error) => void
}

type Phase = 'starting' | 'running' | 'leaving' | 'stopped'

const REGISTER_ATTEMPT_MS = 5_000
const REGISTER_RETRY_MS = 50
/** While something is waited for: to be unfenced, to be let go; and between news. */
const EAGER_INTERVAL_MS = 20
/** Another process with this id that lives for so many sessions is no remains of ours. */
const RIVAL_SESSIONS = 5

export class BrokerLifecycle {
  readonly #env: Env
  readonly #options: BrokerLifecycleOptions
  readonly #incarnationId: string
  #phase: Phase = 'starting'
  #brokerEpoch = -1
  #isFenced = true
  #isBeating = false
  /** Since the last heartbeat was sent. */
  #hasNews = false
  #sentMs = 0
  #timer: Timer | null = null
  #onUnfenced: (() => void) | null = null
  #onReleased: ((isReleased: boolean) => void) | null = null
  /** While the broker leaves: when a controller answered last. */
  #answeredMs = 0

  constructor(env: Env, options: BrokerLifecycleOptions) {
    this.#env = env
    this.#options = options
    this.#incarnationId = env.random.uuid()
  }

  /** Of the registration; -1 before the first. */
  get brokerEpoch(): number {
    return this.#brokerEpoch
  }

  /** As the controller said last. */
  get isFenced(): boolean {
    return this.#isFenced
  }

  /**
   * Registers with the active controller, whoever it is by then; resolves with the broker epoch.
   * Rejects with an OperatorError if the cluster does not take this broker.
   */
  async register(): Promise<number> {
    const { clock } = this.#env
    const startedMs = clock.monotonicMs()
    const timeoutMs = this.#options.registrationTimeoutMs()
    let rivalSinceMs: number | null = null
    for (;;) {
      const error = await this.#tryRegister()
      if (error === 'NONE') return this.#brokerEpoch
      const nowMs = clock.monotonicMs()
      if (error === 'DUPLICATE_BROKER_REGISTRATION') {
        rivalSinceMs ??= nowMs
        const limitMs = this.#options.sessionTimeoutMs() * RIVAL_SESSIONS
        if (nowMs - rivalSinceMs > limitMs) throw refusal(this.#options.nodeId, error)
      } else if (FINAL_ERRORS.has(error)) throw refusal(this.#options.nodeId, error)
      if (nowMs - startedMs > timeoutMs) throw refusal(this.#options.nodeId, error)
      if (this.#phase === 'stopped') throw new OperatorError('the broker stops while it registers')
      await clock.sleep(REGISTER_RETRY_MS)
    }
  }

  async #tryRegister(): Promise<ErrorName> {
    const { nodeId, channel, registration, previousBrokerEpoch } = this.#options
    try {
      const { errorCode, brokerEpoch } = await channel.request(
        brokerRegistrationApi,
        {
          ...registration(),
          brokerId: nodeId,
          incarnationId: this.#incarnationId,
          previousBrokerEpoch: this.#brokerEpoch === -1 ? previousBrokerEpoch : this.#brokerEpoch,
        },
        REGISTER_ATTEMPT_MS,
      )
      if (errorCode === 0) this.#brokerEpoch = brokerEpoch
      return errorName(errorCode)
    } catch (error) {
      this.#env.log.warn('no controller takes the registration of this broker', { error })
      return 'REQUEST_TIMED_OUT'
    }
  }

  /** Begins to send heartbeats; resolves once the broker is not fenced. */
  run(): Promise<void> {
    this.#phase = 'running'
    const unfenced = new Promise<void>(resolve => {
      this.#onUnfenced = resolve
    })
    this.#beat()
    return unfenced
  }

  /** The metadata or the leadership has moved: what is waited for may be there. */
  nudge(): void {
    if (this.#phase === 'stopped' || this.#phase === 'starting' || this.#isBeating) return
    this.#beat()
  }

  /** A heartbeat has something new to say: it does not wait for its time. */
  tellNews(): void {
    if (this.#phase !== 'running') return
    this.#hasNews = true
    if (!this.#isBeating) this.#beatLater()
  }

  /**
   * Lets the leaders of this broker be moved; resolves when that is done, when no controller has
   * answered for a session (all nodes may be stopping), or after the time.
   */
  async leave(timeoutMs: number): Promise<void> {
    if (this.#phase !== 'running') return
    this.#phase = 'leaving'
    const released = new Promise<boolean>(resolve => {
      this.#onReleased = isReleased => resolve(isReleased)
      this.#env.clock.after(timeoutMs, () => resolve(false))
    })
    this.#answeredMs = this.#env.clock.monotonicMs()
    this.nudge()
    const isReleased = await released
    if (!isReleased) this.#env.log.warn('the controller did not release this broker in time')
  }

  stop(): void {
    this.#phase = 'stopped'
    this.#timer?.cancel()
  }

  #beat(): void {
    this.#timer?.cancel()
    this.#isBeating = true
    this.#hasNews = false
    this.#sentMs = this.#env.clock.monotonicMs()
    this.#env.log.background(this.#heartbeat(this.#sentMs), 'heartbeat of the broker')
  }

  async #heartbeat(sentMs: number): Promise<void> {
    const { nodeId, channel, metadataIndex, sessionTimeoutMs } = this.#options
    const brokerEpoch = this.#brokerEpoch
    try {
      const answer = await channel.attempt(
        nodeHeartbeatApi,
        {
          brokerId: nodeId,
          brokerEpoch,
          currentMetadataOffset: metadataIndex(),
          wantFence: false,
          wantShutDown: this.#phase === 'leaving',
          offlineLogDirs: this.#options.offlineLogDirs(),
          offlinePartitions: this.#options.offlinePartitions(),
          fullPartitions: this.#options.fullPartitions(),
        },
        sessionTimeoutMs() / 2,
      )
      this.#answeredMs = this.#env.clock.monotonicMs()
      if (brokerEpoch === this.#brokerEpoch) await this.#answered(answer, sentMs)
    } catch (error) {
      if (!passes(error)) throw error
      this.#env.log.debug('a heartbeat was not answered', { error })
    } finally {
      this.#isBeating = false
      this.#beatLater()
    }
  }

  async #answered(
    answer: Decoded<typeof nodeHeartbeatApi.response>,
    sentMs: number,
  ): Promise<void> {
    const error = errorName(answer.errorCode)
    if (error === 'STALE_BROKER_EPOCH' || error === 'BROKER_ID_NOT_REGISTERED') {
      this.#isFenced = true
      if (this.#phase === 'leaving') this.#onReleased?.(true)
      else await this.#registerAgain(error)
      return
    }
    if (error !== 'NONE') {
      this.#env.log.warn('a heartbeat was refused', { error })
      return
    }
    if (answer.isFenced !== this.#isFenced && this.#phase === 'running') {
      this.#env.log.info(answer.isFenced ? 'the broker is fenced' : 'the broker is not fenced', {
        brokerEpoch: this.#brokerEpoch,
      })
    }
    this.#isFenced = answer.isFenced
    if (!answer.isFenced) this.#alive(answer.metadataIndex, sentMs)
    if (answer.shouldShutDown) this.#onReleased?.(true)
  }

  /** Nothing is served in the belief of what was decided otherwise before this answer (R16). */
  #alive(index: number, sentMs: number): void {
    const { whenApplied, onAlive, sessionTimeoutMs } = this.#options
    const followed = whenApplied(index, sessionTimeoutMs()).then(hasFollowed => {
      if (!hasFollowed || this.#isFenced) return
      onAlive(sentMs)
      this.#onUnfenced?.()
      this.#onUnfenced = null
    })
    this.#env.log.background(followed, 'following the controller')
  }

  async #registerAgain(error: ErrorName): Promise<void> {
    this.#env.log.warn('the controller does not know this broker any more: it registers again', {
      error,
    })
    try {
      await this.register()
    } catch (failure) {
      if (!(failure instanceof OperatorError)) throw failure
      if (this.#phase !== 'stopped') this.#options.onFatal(failure)
    }
  }

  #beatLater(): void {
    if (this.#phase === 'stopped') return
    this.#timer?.cancel()
    const silentMs = this.#env.clock.monotonicMs() - this.#answeredMs
    if (this.#phase === 'leaving' && silentMs > this.#options.sessionTimeoutMs()) {
      this.#onReleased?.(false)
    }
    const isEager = this.#isFenced || this.#phase === 'leaving' || this.#hasNews
    const intervalMs = isEager ? EAGER_INTERVAL_MS : this.#options.heartbeatIntervalMs()
    const delayMs = Math.max(0, this.#sentMs + intervalMs - this.#env.clock.monotonicMs())
    this.#timer = this.#env.clock.after(delayMs, () => this.#beat())
  }
}

const FINAL_ERRORS: ReadonlySet<ErrorName> = new Set([
  'INCONSISTENT_CLUSTER_ID',
  'UNSUPPORTED_VERSION',
  'INVALID_REGISTRATION',
  'INVALID_REQUEST',
])

function refusal(nodeId: number, error: ErrorName): OperatorError {
  switch (error) {
    case 'DUPLICATE_BROKER_REGISTRATION':
      return new OperatorError(
        `another broker with the id ${nodeId} is running in this cluster: stop it, or start this one ` +
          'with another --node-id and its own --data-dir',
      )
    case 'INCONSISTENT_CLUSTER_ID':
      return new OperatorError(
        'the controllers belong to another cluster than the data of this node: check --voters and --data-dir',
      )
    case 'UNSUPPORTED_VERSION':
      return new OperatorError(
        'the cluster has switched on features that this version does not know: use a newer one',
      )
    case 'REQUEST_TIMED_OUT':
      return new OperatorError(
        'no active controller took the registration of this broker: are the nodes of --voters running?',
      )
    default:
      return new OperatorError(`the controller refuses this broker: ${error}, ${errorText(error)}`)
  }
}
