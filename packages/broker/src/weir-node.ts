// One node, broker and controller in one, built from an Env and settings. Nothing here knows whether
// the world is real.
//
// Start: settings, identity of the data directories (read only), the logs (locks and recovers the
// directories), metadata, registration, partitions, coordinators, then the listener. The stop goes the
// other way, and ends with the marker of a clean shutdown.

import { MetadataImage, type MetadataRecord } from '@weir/controller'
import { type Env, OperatorError } from '@weir/core'
import { DEFAULT_LOG_CONFIG, type LogConfig, LogManager } from '@weir/log'
import {
  type BrokerSettings,
  dataDirectories,
  type ListenerAddress,
  type NodeListeners,
  nodeListeners,
  quorumVoters,
  settingRules,
} from '@weir/settings'
import { BrokerAddresses } from './broker-addresses.ts'
import { GroupCoordinator } from './coordinator/group-coordinator.ts'
import { FetchSessionCache } from './handlers/fetch-session.ts'
import { AutoTopicCreator } from './metadata/auto-topic-creator.ts'
import { LocalController } from './metadata/local-controller.ts'
import { METADATA_LOG_CONFIG, METADATA_TOPIC, MetadataLog } from './metadata/metadata-log.ts'
import { MetadataPublisher } from './metadata/metadata-publisher.ts'
import { type NodeIdentity, readIdentity, saveIdentity } from './metadata/node-identity.ts'
import { NodeSettings } from './metadata/node-settings.ts'
import { partitionConfigOf } from './metadata/topic-settings.ts'
import { ProducerIds } from './partition/producer-ids.ts'
import { ReplicaManager } from './partition/replica-manager.ts'
import { API_ROWS } from './server/api-table.ts'
import { BrokerServer } from './server/broker-server.ts'
import { Dispatcher } from './server/dispatch.ts'
import type { RequestInterceptor } from './server/request-interceptor.ts'
import { RequestMemory } from './server/request-memory.ts'
import { ResponseMemory } from './server/response-memory.ts'
import type { Services } from './services.ts'

export interface WeirNodeOptions {
  /** Loaded and validated (loadSettings). */
  readonly settings: BrokerSettings
  /** What other machines call this one; advertised for a listener on every address. */
  readonly hostName: string
  /** A broken invariant or a lost metadata log: the process should end. */
  readonly onFatal: (error: Error) => void
  /** Sees the requests of clients before their handlers; for tests. */
  readonly interceptor?: (services: Services) => RequestInterceptor
}

/** Where a listener is bound. */
export interface BoundListener {
  readonly name: string
  readonly host: string
  readonly port: number
}

const STOP_GRACE_MS = 2_000
/** Of logs found at the start until the metadata names their settings: nothing of them is deleted. */
const UNKNOWN_LOG_CONFIG: LogConfig = { ...DEFAULT_LOG_CONFIG, cleanupDelete: false }
/** Records in answers that wait for slow readers. */
const RESPONSE_MEMORY_BYTES = 128 * 1024 * 1024

export class WeirNode {
  readonly nodeId: number
  readonly clusterId: string
  readonly dataDirectories: readonly string[]
  readonly listeners: readonly BoundListener[]
  readonly #parts: NodeParts
  #stopping: Promise<void> | null = null

  private constructor(parts: NodeParts, listeners: readonly BoundListener[]) {
    this.#parts = parts
    this.nodeId = parts.identity.nodeId
    this.clusterId = parts.identity.clusterId
    this.dataDirectories = parts.directories
    this.listeners = listeners
  }

  /** Resolves when clients are served. Rejects with OperatorError for what an operator can mend. */
  static async start(env: Env, options: WeirNodeOptions): Promise<WeirNode> {
    const parts = await NodeParts.build(env, options)
    try {
      const listeners = await parts.serve()
      return new WeirNode(parts, listeners)
    } catch (error) {
      await parts.stop()
      throw error
    }
  }

  /** For tests and for callers inside the process. */
  get services(): Services {
    return this.#parts.services
  }

  /** Answers what is in flight, closes the logs cleanly. May be called more than once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#parts.stop()
    return this.#stopping
  }
}

interface OpenedStore {
  readonly settings: NodeSettings
  readonly identity: NodeIdentity
  readonly directories: readonly string[]
  readonly image: MetadataImage
  readonly logManager: LogManager
}

class NodeParts {
  readonly identity: NodeIdentity
  readonly directories: readonly string[]
  readonly services: Services
  readonly #env: Env
  readonly #options: WeirNodeOptions
  readonly #settings: NodeSettings
  readonly #image: MetadataImage
  readonly #logManager: LogManager
  readonly #metadataLog: MetadataLog
  readonly #controller: LocalController
  readonly #replicaManager: ReplicaManager
  readonly #publisher: MetadataPublisher
  readonly #listeners: NodeListeners
  readonly #servers: BrokerServer[] = []
  #brokerEpoch = 0

  private constructor(
    env: Env,
    options: WeirNodeOptions,
    store: OpenedStore,
    metadataLog: MetadataLog,
  ) {
    const { settings, identity, image, logManager } = store
    this.#env = env
    this.#options = options
    this.identity = identity
    this.directories = store.directories
    this.#settings = settings
    this.#image = image
    this.#logManager = logManager
    this.#metadataLog = metadataLog
    this.#listeners = nodeListeners(options.settings)
    const { nodeId } = identity
    this.#replicaManager = new ReplicaManager(env, logManager, {
      nodeId,
      configOf: topic => partitionConfigOf(settings, topic),
    })
    this.#publisher = new MetadataPublisher(image, settings, this.#replicaManager)
    this.#controller = new LocalController(env, {
      nodeId,
      directoryId: identity.directoryIds[0] ?? '',
      log: metadataLog,
      image,
      controller: {
        nodeId,
        newUuid: () => env.random.uuid(),
        randomBelow: limit => env.random.below(limit),
        topicDefaults: () => ({
          partitionCount: settings.get('num.partitions'),
          replicationFactor: settings.get('default.replication.factor'),
        }),
        configRules: settingRules(() => settings.current),
      },
      onChange: delta => this.#publisher.publish(delta),
      onFatal: options.onFatal,
    })
    this.services = this.#createServices()
  }

  static async build(env: Env, options: WeirNodeOptions): Promise<NodeParts> {
    const image = new MetadataImage()
    const nodeId = options.settings.get('node.id')
    refuseCluster(options.settings)
    const settings = new NodeSettings(nodeId, options.settings, image)
    const directories = dataDirectories(options.settings)
    const plan = await readIdentity(env, nodeId, directories)
    const logManager = await LogManager.open(env, {
      directories,
      defaultConfig: UNKNOWN_LOG_CONFIG,
      configOf: topic => (topic === METADATA_TOPIC ? METADATA_LOG_CONFIG : UNKNOWN_LOG_CONFIG),
      retentionCheckMs: settings.get('log.retention.check.interval.ms'),
      checkpointMs: settings.get('log.flush.offset.checkpoint.interval.ms'),
      tailBudgetBytes: settings.get('weir.tail.memory.bytes'),
      get cleanerBackoffMs() {
        return settings.get('log.cleaner.backoff.ms')
      },
      get cleanerMapBytes() {
        return settings.get('log.cleaner.dedupe.buffer.size')
      },
      get cleanerBytesPerSecond() {
        const given = settings.get('log.cleaner.io.max.bytes.per.second')
        return given > 0 ? given : Number.POSITIVE_INFINITY
      },
    })
    try {
      await saveIdentity(env, plan)
      const directory = directories[0] ?? ''
      const records: MetadataRecord[] = []
      const log = await MetadataLog.open(env, { logManager, directory }, record => {
        records.push(record)
      })
      for (const record of records) image.replay(record)
      settings.onBrokerConfigsChanged()
      checkCluster(image, plan.identity, directory)
      const { identity } = plan
      const store = { settings, identity, directories, image, logManager }
      return new NodeParts(env, options, store, log)
    } catch (error) {
      await logManager.close()
      throw error
    }
  }

  /** Registers the broker, brings up partitions and coordinators, opens the listeners. */
  async serve(): Promise<BoundListener[]> {
    const bound: BoundListener[] = []
    const memory = new RequestMemory(requestMemoryBytes(this.#settings))
    for (const address of this.#listeners.clients) {
      const server = this.#createServer(address.name, memory)
      this.#servers.push(server)
      const port = await listen(server, address)
      bound.push({ name: address.name, host: address.host, port })
    }
    await this.#register(bound)
    this.#replicaManager.applyImage(this.#image)
    this.services.groupCoordinator.start()
    for (const server of this.#servers) server.open()
    return bound
  }

  async stop(): Promise<void> {
    // Members that wait for a rebalance are sent away first: they would hold the stop up.
    this.services.groupCoordinator.close()
    await Promise.all(this.#servers.map(server => server.stop(STOP_GRACE_MS)))
    this.services.fetchSessions.close()
    this.#replicaManager.close()
    await this.#metadataLog.snapshot(this.#image, this.#controller.committedEndOffset)
    await this.#logManager.close(this.#brokerEpoch)
  }

  async #register(bound: readonly BoundListener[]): Promise<void> {
    const { clusterId, nodeId, directoryIds } = this.identity
    const isNew = this.#image.clusterId === null
    const epochs = this.#logManager.directories.map(status => status.cleanShutdownEpoch)
    const previousBrokerEpoch = epochs.every(epoch => epoch === epochs[0]) ? (epochs[0] ?? -1) : -1
    const registration = {
      brokerId: nodeId,
      incarnationId: this.#env.random.uuid(),
      endpoints: bound.map(listener => this.#endpoint(listener)),
      rack: this.#settings.get('broker.rack') ?? this.#options.hostName,
      directoryIds,
      previousBrokerEpoch,
      isSameProcess: true,
    }
    const nowMs = this.#env.clock.monotonicMs()
    const { brokerEpoch } = await this.#controller.submit((controller, nextOffset) => {
      const first: MetadataRecord[] = isNew ? [{ kind: 'clusterId', clusterId }] : []
      const registered = controller.brokers.register(registration, nextOffset, nowMs)
      const records = [...first, ...controller.features.finaliseDefaults(), ...registered.records]
      return { records, response: registered.response }
    })
    this.#brokerEpoch = brokerEpoch
    const heartbeat = {
      brokerId: nodeId,
      brokerEpoch,
      currentMetadataOffset: brokerEpoch,
      wantFence: false,
      wantShutDown: false,
    }
    let isFenced = true
    while (isFenced) {
      const answer = await this.#controller.submit((controller, nextOffset) =>
        controller.brokers.heartbeat(heartbeat, nowMs, nextOffset),
      )
      isFenced = answer.isFenced
    }
  }

  #endpoint({ name, host, port }: BoundListener) {
    const advertised = this.#listeners.advertised.get(name)
    const ownHost = isWildcard(host) ? this.#options.hostName : host
    return {
      name,
      host: advertised?.host ?? ownHost,
      port: advertised?.port ?? port,
      securityProtocol: 0,
    }
  }

  #createServices(): Services {
    const env = this.#env
    const settings = this.#settings
    const controller = this.#controller
    const { nodeId } = this.identity
    const autoTopics = new AutoTopicCreator(controller, settings, this.#image)
    const replicaManager = this.#replicaManager
    const metadata = this.#image
    const groupCoordinator = new GroupCoordinator(env, {
      nodeId,
      metadata,
      settings,
      autoTopics,
      replicaManager,
    })
    this.#publisher.subscribe(groupCoordinator)
    const { clients, advertised } = this.#listeners
    const wildcards = clients
      .filter(({ name, host }) => isWildcard(host) && !advertised.has(name))
      .map(listener => listener.name)
    const addresses = new BrokerAddresses(nodeId, metadata, new Set(wildcards))
    return {
      env,
      nodeId,
      clusterId: this.identity.clusterId,
      apis: API_ROWS,
      settings,
      metadata,
      metadataOffset: () => controller.committedEndOffset,
      controller,
      autoTopics,
      groupCoordinator,
      logManager: this.#logManager,
      replicaManager,
      producerIds: new ProducerIds(env, controller),
      fetchSessions: new FetchSessionCache(
        env,
        settings.get('max.incremental.fetch.session.cache.slots'),
      ),
      responseMemory: new ResponseMemory(RESPONSE_MEMORY_BYTES),
      liveBrokers: context => addresses.live(context),
      allBrokers: context => addresses.all(context),
    }
  }

  #createServer(name: string, memory: RequestMemory): BrokerServer {
    const settings = this.#settings
    const { services } = this
    const dispatcher = new Dispatcher({
      rows: services.apis,
      listenerKind: 'broker',
      services,
      onFatal: this.#options.onFatal,
      interceptor: this.#options.interceptor?.(services),
    })
    return new BrokerServer({
      env: this.#env,
      dispatcher,
      memory,
      info: { name, kind: 'broker' },
      limits: () => ({
        maxRequestBytes: settings.get('socket.request.max.bytes'),
        maxConnections: settings.get('max.connections'),
        maxConnectionsPerAddress: settings.get('max.connections.per.ip'),
        maxIdleMs: settings.get('connections.max.idle.ms'),
      }),
      onConnectionClosed: id => services.fetchSessions.onConnectionClosed(id),
    })
  }
}

/** A node that went on alone although others are named would be taken for one of a cluster. */
function refuseCluster(settings: BrokerSettings): void {
  const nodeId = settings.get('node.id')
  const others = quorumVoters(settings).filter(voter => voter.nodeId !== nodeId)
  if (others.length > 0) {
    const ids = others.map(voter => voter.nodeId).join(', ')
    throw new OperatorError(
      `controller.quorum.voters names other nodes (${ids}), but nodes do not form a cluster yet`,
    )
  }
  const roles: readonly string[] = settings.get('process.roles')
  if (roles.includes('broker') && roles.includes('controller')) return
  throw new OperatorError(
    `process.roles is ${roles.join()} alone, but a node is broker and controller in one so far`,
  )
}

/** -1, Kafka's default, is no limit there and the default of Weir here: memory is always bounded. */
function requestMemoryBytes(settings: NodeSettings): number {
  const given = settings.get('queued.max.request.bytes')
  return given > 0 ? given : 128 * 1024 * 1024
}

async function listen(server: BrokerServer, address: ListenerAddress): Promise<number> {
  const { host, port } = address
  try {
    return await server.listen(host, port)
  } catch (error) {
    const { code } = error as { readonly code?: string }
    const where = `${host}:${port}`
    if (code === 'EADDRINUSE') {
      const mend = 'stop the other program or choose another port with --listen HOST:PORT'
      throw new OperatorError(`${where} is in use by another program: ${mend}`, error)
    }
    const mend = 'choose another address with --listen HOST:PORT'
    throw new OperatorError(`cannot listen on ${where} (${code ?? String(error)}): ${mend}`, error)
  }
}

const WILDCARDS: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])

function isWildcard(host: string): boolean {
  return WILDCARDS.has(host)
}

function checkCluster(image: MetadataImage, identity: NodeIdentity, directory: string): void {
  if (image.clusterId === null || image.clusterId === identity.clusterId) return
  throw new OperatorError(
    `the metadata in ${directory} is of cluster ${image.clusterId}, but its meta.properties says ` +
      `${identity.clusterId}: restore the data directory as a whole`,
  )
}
