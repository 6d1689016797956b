// One node, built from an Env and settings: controller, broker or both in one. Nothing here knows
// whether the world is real.
//
// Start: identity of the data directories (read only), locks and logs, listeners (bound), the quorum,
// then the broker. The stop goes the other way: first the broker takes its leave of the cluster.

import { type DiskLock, type Env, OperatorError } from '@weir/core'
import { makeDirectory } from '@weir/quorum'
import { type BrokerSettings, dataDirectories } from '@weir/settings'
import { BrokerRole } from './broker-role.ts'
import { ControlPlane } from './control-plane.ts'
import { NodeIdentity } from './metadata/node-identity.ts'
import type { BoundListener } from './node-listeners.ts'
import type { RequestInterceptor } from './server/request-interceptor.ts'
import type { ControlServices, Services } from './services.ts'

export interface WeirNodeOptions {
  /** Loaded and validated (loadSettings). */
  readonly settings: BrokerSettings
  /** What other machines call this one; advertised for a listener on every address. */
  readonly hostName: string
  /** A broken invariant or a lost metadata log: the process should end. */
  readonly onFatal: (error: Error) => void
  /** Resolves when the start should be given up: it may wait for other nodes for a long time. */
  readonly cancelled?: Promise<unknown>
  /** Sees each request of clients before its handler, for tests. */
  readonly interceptor?: ((services: Services) => RequestInterceptor) | undefined
}

const STOP_GRACE_MS = 2_000
const POLL_MS = 5
/** A start that waits for others says so this often. */
const TELL_EVERY_MS = 5_000
/** A node that is refused and has no leader for so long does not fit its cluster. */
const REFUSED_LIMIT_MS = 7_000
/** Below the first data directory, beside the logs of partitions. */
const METADATA_DIRECTORY = 'metadata'

/** The start was given up because it was asked to. */
export class StartCancelledError extends OperatorError {
  constructor() {
    super('the start was given up')
    this.name = 'StartCancelledError'
  }
}

export class WeirNode {
  readonly nodeId: number
  readonly clusterId: string
  readonly dataDirectories: readonly string[]
  /** Of clients; empty on a node that is a controller only. */
  readonly listeners: readonly BoundListener[]
  /** Where other nodes reach this one; null on a node that is a broker only. */
  readonly controllerListener: BoundListener | null
  readonly #parts: NodeParts
  #stopping: Promise<void> | null = null

  private constructor(parts: NodeParts) {
    const { services } = parts.plane
    this.#parts = parts
    this.nodeId = services.nodeId
    this.clusterId = services.clusterId
    this.dataDirectories = parts.directories
    this.listeners = parts.listeners
    this.controllerListener = parts.plane.bound
  }

  /** Resolves when the node does its part. Rejects with OperatorError for what an operator can mend. */
  static async start(env: Env, options: WeirNodeOptions): Promise<WeirNode> {
    const parts = new NodeParts(env, options)
    const cancelled = options.cancelled?.then(() => {
      throw new StartCancelledError()
    })
    try {
      await Promise.race([parts.start(), ...(cancelled === undefined ? [] : [cancelled])])
      return new WeirNode(parts)
    } catch (error) {
      await parts.stop()
      throw error
    }
  }

  /** For tests and for callers inside the process. Throws on a node without a broker. */
  get services(): Services {
    const { broker } = this.#parts
    if (broker === null) throw new OperatorError(`node ${this.nodeId} is no broker`)
    return broker.services
  }

  /** What every node has. */
  get controlServices(): ControlServices {
    return this.#parts.plane.services
  }

  /** False on a node that is a controller only. */
  get isBroker(): boolean {
    return this.#parts.broker !== null
  }

  /** What the controller said last; true on a node that is no broker. */
  get isFenced(): boolean {
    return this.#parts.broker?.lifecycle.isFenced ?? true
  }

  /** Leaves the cluster in order, closes the logs cleanly. May be called more than once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#parts.leaveAndStop()
    return this.#stopping
  }
}

class NodeParts {
  readonly directories: readonly string[]
  readonly #env: Env
  readonly #options: WeirNodeOptions
  #plane: ControlPlane | null = null
  #broker: BrokerRole | null = null
  #listeners: readonly BoundListener[] = []
  #locks: DiskLock[] = []
  #opening: Promise<void> | null = null
  #hasJoined = false
  #isStopping = false

  constructor(env: Env, options: WeirNodeOptions) {
    this.#env = env
    this.#options = options
    this.directories = dataDirectories(options.settings)
  }

  get plane(): ControlPlane {
    if (this.#plane === null) throw new OperatorError('the node has not started')
    return this.#plane
  }

  get broker(): BrokerRole | null {
    return this.#broker
  }

  get listeners(): readonly BoundListener[] {
    return this.#listeners
  }

  async start(): Promise<void> {
    this.#opening = this.#open()
    await this.#opening
    const { plane } = this
    await Promise.race([this.#join(plane), this.#refused(plane)])
    this.#hasJoined = true
  }

  /** Waits at most for the controllers that are to name the voters. */
  async #open(): Promise<void> {
    const { settings, hostName, onFatal, interceptor } = this.#options
    const metadata = settings.get('metadata.log.dir') ?? this.directories[0] ?? ''
    const identity = await NodeIdentity.read(this.#env, settings.get('node.id'), {
      directories: this.directories,
      metadataDirectory: metadata,
    })
    const directory = `${metadata}/${METADATA_DIRECTORY}`
    const plane = new ControlPlane(this.#env, {
      settings,
      hostName,
      identity,
      directory,
      onFatal,
      cancelled: () => this.#isStopping,
    })
    this.#plane = plane
    const { directories } = this
    const roles: readonly string[] = settings.get('process.roles')
    if (roles.includes('broker')) {
      const options = { directories, hostName, identity, onFatal, interceptor }
      this.#broker = await BrokerRole.open(this.#env, plane, options)
    } else await this.#lockDirectories()
    await identity.save()
    this.#listeners = (await this.#broker?.bind()) ?? []
    await plane.bind()
    await plane.open()
  }

  /** A broker is ready when it serves; a controller when its quorum has a leader. */
  async #join(plane: ControlPlane): Promise<void> {
    const { clock, log } = this.#env
    const misfit = await plane.listMisfit
    if (misfit !== null) throw new OperatorError(misfit)
    const startedMs = clock.monotonicMs()
    let toldMs = startedMs
    while (plane.controller.leadership.leaderId === null || plane.services.clusterId === '') {
      await clock.sleep(POLL_MS)
      this.#goOn()
      const nowMs = clock.monotonicMs()
      if (nowMs - startedMs > this.#waitLimitMs(plane)) throw unreachable()
      if (nowMs - toldMs < TELL_EVERY_MS) continue
      toldMs = nowMs
      log.warn('waiting for a majority of the controllers', { voters: plane.votersAsked })
    }
    await this.#broker?.start()
  }

  /** Controllers wait for each other as long as it takes. */
  #waitLimitMs({ listeners, settings }: ControlPlane): number {
    if (listeners.controller !== null) return Number.POSITIVE_INFINITY
    return settings.get('initial.broker.registration.timeout.ms')
  }

  /** Rejects when the node does not fit those that it should work with. */
  async #refused(plane: ControlPlane): Promise<void> {
    const { clock } = this.#env
    let sinceMs: number | null = null
    while (!this.#hasJoined) {
      await clock.sleep(POLL_MS)
      this.#goOn()
      const { refusal } = plane
      if (refusal === null) sinceMs = null
      else if (sinceMs === null) sinceMs = clock.monotonicMs()
      else if (clock.monotonicMs() - sinceMs > REFUSED_LIMIT_MS) throw new OperatorError(refusal)
    }
  }

  /** What waits ends with the stop. */
  #goOn(): void {
    if (this.#isStopping) throw new StartCancelledError()
  }

  async #lockDirectories(): Promise<void> {
    const { disk } = this.#env
    for (const directory of this.directories) {
      await makeDirectory(this.#env, directory)
      this.#locks.push(await disk.lock(directory))
    }
  }

  async leaveAndStop(): Promise<void> {
    await this.#broker?.leave()
    await this.stop()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    // Its failure is known to whoever started the node.
    await this.#opening?.catch(() => undefined)
    await this.#broker?.stopServing(STOP_GRACE_MS)
    if (this.#plane !== null) {
      await this.#plane.resign()
      await this.#plane.stop(STOP_GRACE_MS)
    }
    await this.#broker?.closeLogs()
    for (const lock of this.#locks.splice(0)) await lock.release()
  }
}

function unreachable(): OperatorError {
  return new OperatorError(
    'no controller of --voters answers: are they running, and are the addresses right?',
  )
}
