// The part of a node that is a broker: logs, partitions, coordinators, the listeners of clients, and its
// life as the controller sees it.
//
// Start: the logs (they lock and recover the directories), the listeners (bound, not served),
// registration, partitions as the metadata has them, coordinators, the listeners are served, the broker
// is unfenced. The stop goes the other way, and ends with the marker of a clean shutdown (R13).

import type { Env } from '@weir/core'
import { DEFAULT_LOG_CONFIG, type LogConfig, LogManager } from '@weir/log'
import { allocateProducerIdsApi, errorName, KafkaError } from '@weir/protocol'
import { BrokerAddresses } from './broker-addresses.ts'
import type { ControlPlane } from './control-plane.ts'
import { GroupCoordinator } from './coordinator/group-coordinator.ts'
import { OFFERED_FEATURES } from './handlers/broker-registration.ts'
import { FetchSessionCache } from './handlers/fetch-session-cache.ts'
import { AutoTopicCreator } from './metadata/auto-topic-creator.ts'
import { BrokerLifecycle, type ReportedTopic } from './metadata/broker-lifecycle.ts'
import { ControllerIsrChannel } from './metadata/controller-isr-channel.ts'
import { FollowedMetadata } from './metadata/followed-metadata.ts'
import type { NodeIdentity } from './metadata/node-identity.ts'
import type { NodeSettings } from './metadata/node-settings.ts'
import { partitionConfigOf } from './metadata/topic-settings.ts'
import { advertisedAddress, type BoundListener, isWildcard, listen } from './node-listeners.ts'
import type { Partition } from './partition/partition.ts'
import { ProducerIds } from './partition/producer-ids.ts'
import { ReplicaManager } from './partition/replica-manager.ts'
import { TurnBudget } from './partition/turn-budget.ts'
import { PauseGuard } from './replication/pause-guard.ts'
import type { BrokerServer } from './server/broker-server.ts'
import { Dispatcher } from './server/dispatch.ts'
import type { RequestInterceptor } from './server/request-interceptor.ts'
import { RequestMemory } from './server/request-memory.ts'
import { ResponseMemory } from './server/response-memory.ts'
import type { Services } from './services.ts'

export interface BrokerRoleOptions {
  /** Data directories of user data (log.dirs). */
  readonly directories: readonly string[]
  /** What other machines call this one. */
  readonly hostName: string
  readonly identity: NodeIdentity
  readonly onFatal: (error: Error) => void
  readonly interceptor?: ((services: Services) => RequestInterceptor) | undefined
}

/** Of logs found at the start until the metadata names their settings: nothing of them is deleted. */
const UNKNOWN_LOG_CONFIG: LogConfig = { ...DEFAULT_LOG_CONFIG, cleanupDelete: false }
/** Records in answers that wait for slow readers. */
const RESPONSE_MEMORY_BYTES = 128 * 1024 * 1024
/** Of records, to consumers: some 0.2 ms a MiB. */
const ANSWER_BYTES_A_TURN = 2 * 1024 * 1024
const REQUEST_MEMORY_BYTES = 128 * 1024 * 1024
const PRODUCER_IDS_TIMEOUT_MS = 5_000
/** Leaders are moved within this, or the broker stops without. */
const LEAVE_LIMIT_MS = 10_000
const FOLLOW_STEP_MS = 1_000

export class BrokerRole {
  readonly services: Services
  readonly lifecycle: BrokerLifecycle
  readonly #env: Env
  readonly #plane: ControlPlane
  readonly #options: BrokerRoleOptions
  readonly #logManager: LogManager
  readonly #replicaManager: ReplicaManager
  readonly #followed: FollowedMetadata
  readonly #guard: PauseGuard
  readonly #servers: BrokerServer[] = []
  #bound: readonly BoundListener[] = []

  private constructor(
    env: Env,
    plane: ControlPlane,
    options: BrokerRoleOptions,
    logManager: LogManager,
  ) {
    this.#env = env
    this.#plane = plane
    this.#options = options
    this.#logManager = logManager
    const { settings, controller } = plane
    const { nodeId } = options.identity
    this.#guard = new PauseGuard(
      env,
      () => settings.get('broker.session.timeout.ms'),
      () => plane.decidesAlone,
    )
    this.lifecycle = this.#createLifecycle()
    const brokerEpoch = () => this.lifecycle.brokerEpoch
    this.#replicaManager = new ReplicaManager(env, logManager, {
      nodeId,
      configOf: topic => partitionConfigOf(settings, topic),
      onDiskFull: () => this.lifecycle.tellNews(),
      replication: {
        metadata: controller.image,
        settings,
        brokerEpoch,
        isrChannel: new ControllerIsrChannel(plane.requests, nodeId, brokerEpoch),
        guard: this.#guard,
      },
    })
    this.#followed = new FollowedMetadata({ controller, replicaManager: this.#replicaManager })
    this.services = this.#createServices()
    // Others lead what it led only when it is gone: nobody is served by a broker without a disk (D6).
    logManager.onDirectoryOffline((_, cause) => {
      if (logManager.directories.every(directory => !directory.isOnline)) options.onFatal(cause)
    })
  }

  /** Opens the logs; everything else waits for `start`. */
  static async open(
    env: Env,
    plane: ControlPlane,
    options: BrokerRoleOptions,
  ): Promise<BrokerRole> {
    const logManager = await openLogs(env, options.directories, plane.settings)
    return new BrokerRole(env, plane, options, logManager)
  }

  /** Takes the addresses of the clients' listeners. */
  async bind(): Promise<readonly BoundListener[]> {
    const memory = new RequestMemory(requestMemoryBytes(this.#plane.settings))
    const bound: BoundListener[] = []
    for (const address of this.#plane.listeners.clients) {
      const server = this.#createServer(address.name, memory)
      this.#servers.push(server)
      bound.push(await listen(server, address, '--listen'))
    }
    this.#bound = bound
    return bound
  }

  /** Resolves when clients are served and the broker is not fenced. */
  async start(): Promise<void> {
    const { controller, publisher, settings } = this.#plane
    const brokerEpoch = await this.lifecycle.register()
    while (!(await controller.whenApplied(brokerEpoch, FOLLOW_STEP_MS))) {
      this.#env.log.info('waiting for the metadata up to the registration', { brokerEpoch })
    }
    settings.onBrokerConfigsChanged()
    this.#replicaManager.applyImage(controller.image)
    publisher.subscribe({
      onMetadata: (image, delta) => this.#replicaManager.applyImage(image, delta),
    })
    while (this.#replicaManager.backlogSize > 0) await this.#replicaManager.whenApplied()
    this.#replicaManager.removeStrays()
    publisher.subscribe(this.services.groupCoordinator)
    this.services.groupCoordinator.start()
    for (const server of this.#servers) server.open()
    this.#plane.onLeadership(() => this.lifecycle.nudge())
    await this.lifecycle.run()
  }

  /** Moves what this broker leads to others, if there are any: a clean stop loses no request. */
  async leave(): Promise<void> {
    const { nodeId } = this.#options.identity
    const { brokers } = this.#plane.controller.image
    const hasOthers = [...brokers.values()].some(
      broker => broker.brokerId !== nodeId && !broker.fenced,
    )
    if (hasOthers) await this.lifecycle.leave(LEAVE_LIMIT_MS)
  }

  /** Answers what is in flight and serves nobody any more. */
  async stopServing(graceMs: number): Promise<void> {
    // Members that wait for a rebalance are sent away first: they would hold the stop up.
    this.services.groupCoordinator.close()
    await Promise.all(this.#servers.map(server => server.stop(graceMs)))
    this.services.fetchSessions.close()
    this.lifecycle.stop()
    this.#replicaManager.close()
    this.#guard.close()
  }

  /** Closes the logs; the marker says under which registration that was. */
  async closeLogs(): Promise<void> {
    await this.#logManager.close(this.lifecycle.brokerEpoch)
  }

  #createLifecycle(): BrokerLifecycle {
    const { settings, sessions, services } = this.#plane
    const { nodeId, directoryIds } = this.#options.identity
    return new BrokerLifecycle(this.#env, {
      nodeId,
      channel: sessions,
      registration: () => ({
        clusterId: services.clusterId,
        listeners: this.#bound.map(listener => ({
          name: listener.name,
          ...advertisedAddress(listener, this.#plane.listeners, this.#options.hostName),
          securityProtocol: 0,
        })),
        features: OFFERED_FEATURES,
        rack: settings.get('broker.rack') ?? this.#options.hostName,
        logDirs: [...directoryIds],
      }),
      previousBrokerEpoch: cleanEpoch(this.#logManager),
      heartbeatIntervalMs: () => settings.get('broker.heartbeat.interval.ms'),
      sessionTimeoutMs: () => settings.get('broker.session.timeout.ms'),
      registrationTimeoutMs: () => settings.get('initial.broker.registration.timeout.ms'),
      metadataIndex: () => this.#followed.index,
      whenApplied: (index, timeoutMs) => this.#followed.whenFollowed(index, timeoutMs),
      offlineLogDirs: () =>
        directoryIds.filter((_, index) => this.#logManager.directories[index]?.isOnline === false),
      offlinePartitions: () => this.#offlinePartitions(),
      fullPartitions: () => byTopic(this.#replicaManager.fullPartitions()),
      onAlive: sentMs => this.#guard.confirm(sentMs),
      onFatal: this.#options.onFatal,
    })
  }

  /** Of directories that failed, while others still serve. */
  #offlinePartitions(): ReportedTopic[] {
    if (this.#logManager.directories.every(directory => directory.isOnline)) return []
    const all = [...this.#replicaManager.partitions()]
    return byTopic(all.filter(({ log }) => log.isOffline))
  }

  #createServices(): Services {
    const env = this.#env
    const plane = this.#plane
    const { settings, controller, forwarder } = plane
    const { nodeId } = this.#options.identity
    const metadata = controller.image
    const autoTopics = new AutoTopicCreator(forwarder, settings, metadata)
    const replicaManager = this.#replicaManager
    const groupCoordinator = new GroupCoordinator(env, {
      nodeId,
      metadata,
      settings,
      autoTopics,
      replicaManager,
    })
    const { clients, advertised } = plane.listeners
    const wildcards = clients
      .filter(({ name, host }) => isWildcard(host) && !advertised.has(name))
      .map(listener => listener.name)
    const addresses = new BrokerAddresses(nodeId, metadata, new Set(wildcards))
    return {
      ...plane.services,
      get clusterId() {
        return plane.services.clusterId
      },
      autoTopics,
      groupCoordinator,
      logManager: this.#logManager,
      replicaManager,
      producerIds: new ProducerIds(env, { allocateProducerIds: () => this.#allocateProducerIds() }),
      fetchSessions: new FetchSessionCache(
        env,
        settings.get('max.incremental.fetch.session.cache.slots'),
      ),
      responseMemory: new ResponseMemory(RESPONSE_MEMORY_BYTES),
      answerTurns: new TurnBudget(env.clock, ANSWER_BYTES_A_TURN),
      liveBrokers: context => addresses.live(context),
      allBrokers: context => addresses.all(context),
      controllerId: context => addresses.controllerId(context, controller.leadership.leaderId),
    }
  }

  async #allocateProducerIds(): Promise<{ firstProducerId: number; count: number }> {
    const { errorCode, producerIdStart, producerIdLen } = await this.#plane.requests.request(
      allocateProducerIdsApi,
      { brokerId: this.#options.identity.nodeId, brokerEpoch: this.lifecycle.brokerEpoch },
      PRODUCER_IDS_TIMEOUT_MS,
    )
    if (errorCode !== 0) throw new KafkaError(errorName(errorCode), 'no block of producer ids')
    return { firstProducerId: producerIdStart, count: producerIdLen }
  }

  #createServer(name: string, memory: RequestMemory): BrokerServer {
    const { services } = this
    const info = { name, kind: 'broker' } as const
    const dispatcher = new Dispatcher({
      rows: services.apis,
      listenerKind: info.kind,
      services,
      forwarder: this.#plane.forwarder,
      onFatal: this.#options.onFatal,
      interceptor: this.#options.interceptor?.(services),
    })
    return this.#plane.servers.create({
      info,
      dispatcher,
      memory,
      onConnectionClosed: id => services.fetchSessions.onConnectionClosed(id),
    })
  }
}

function byTopic(partitions: Iterable<Partition>): ReportedTopic[] {
  const topics = new Map<string, ReportedTopic>()
  for (const { topicId, partitionIndex } of partitions) {
    const topic = topics.get(topicId) ?? { topicId, indexes: [] }
    topic.indexes.push(partitionIndex)
    topics.set(topicId, topic)
  }
  return [...topics.values()]
}

function openLogs(
  env: Env,
  directories: readonly string[],
  settings: NodeSettings,
): Promise<LogManager> {
  return LogManager.open(env, {
    directories,
    defaultConfig: UNKNOWN_LOG_CONFIG,
    retentionCheckMs: settings.get('log.retention.check.interval.ms'),
    checkpointMs: settings.get('log.flush.offset.checkpoint.interval.ms'),
    tailBudgetBytes: settings.get('weir.tail.memory.bytes'),
    get cleanerBackoffMs() {
      return settings.get('log.cleaner.backoff.ms')
    },
    get cleanerMapBytes() {
      return settings.get('log.cleaner.dedupe.buffer.size')
    },
    get moveBytesPerSecond() {
      return settings.get('replica.alter.log.dirs.io.max.bytes.per.second')
    },
    get cleanerBytesPerSecond() {
      const given = settings.get('log.cleaner.io.max.bytes.per.second')
      return given > 0 ? given : Number.POSITIVE_INFINITY
    },
  })
}

/** The epoch under which all directories were closed in order; -1 if one was not. */
function cleanEpoch(logManager: LogManager): number {
  const epochs = new Set(logManager.directories.map(status => status.cleanShutdownEpoch ?? -1))
  const [epoch = -1] = epochs
  return epochs.size === 1 ? epoch : -1
}

/** -1, Kafka's default, is no limit there and the default of Weir here: memory is always bounded. */
function requestMemoryBytes(settings: NodeSettings): number {
  const given = settings.get('queued.max.request.bytes')
  return given > 0 ? given : REQUEST_MEMORY_BYTES
}
