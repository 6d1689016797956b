// kafka-configs. Users, clients and addresses (quotas, credentials) are not served by this script yet.
import {
  alterConfigs,
  type ConfigChange,
  type ConfigEntry,
  type ConfigResource,
  type ConfigResourceType,
  describeCluster,
  describeConfigs,
  listConfigResources,
  listTopics,
} from '@weir/client'
import { javaException } from './java-errors.ts'
import { type ParsedOptions, requireOptions, ToolError, usageError } from './option-parser.ts'
import { type KafkaTool, readProperties, type ToolContext } from './tool.ts'

const ENTITY_TYPES = [
  'topics',
  'clients',
  'users',
  'brokers',
  'ips',
  'client-metrics',
  'groups',
  'broker-loggers',
] as const

const RESOURCE_TYPES: ReadonlyMap<string, ConfigResourceType> = new Map<string, ConfigResourceType>(
  [
    ['topics', 'topic'],
    ['brokers', 'broker'],
    ['broker-loggers', 'broker-logger'],
    ['client-metrics', 'client-metrics'],
    ['groups', 'group'],
  ],
)

/** Options that name a type and an entity at once. */
const SHORTCUTS: ReadonlyMap<string, string> = new Map([
  ['topic', 'topics'],
  ['broker', 'brokers'],
  ['broker-logger', 'broker-loggers'],
  ['client-metrics', 'client-metrics'],
  ['group', 'groups'],
  ['client', 'clients'],
  ['user', 'users'],
  ['ip', 'ips'],
])

export const configsTool: KafkaTool = {
  description:
    'This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip, client-metrics or group',
  options: {
    'add-config': { value: 'required', doc: "Settings to add: 'k1=v1,k2=[a,b],k3=v3'." },
    'add-config-file': { value: 'required', doc: 'A file of settings to add.' },
    all: { value: 'none', doc: 'List all settings, not only changed ones.' },
    alter: { value: 'none', doc: 'Change settings.' },
    'bootstrap-controller': { value: 'required', doc: 'Addresses of controllers.' },
    'bootstrap-server': { value: 'required', doc: 'The addresses to connect to.' },
    broker: { value: 'required', doc: "The broker's id." },
    'broker-defaults': { value: 'none', doc: 'The default of all brokers.' },
    'broker-logger': { value: 'required', doc: "The broker's id for its loggers." },
    client: { value: 'required', doc: "The client's id." },
    'client-defaults': { value: 'none', doc: 'The default of all clients.' },
    'client-metrics': { value: 'required', doc: "The client metrics resource's name." },
    'command-config': { value: 'required', doc: 'A file of client settings.' },
    'delete-config': { value: 'required', repeats: true, doc: "Settings to remove: 'k1,k2'." },
    describe: { value: 'none', doc: 'List settings.' },
    'entity-default': { value: 'none', doc: 'The default of the entity type.' },
    'entity-name': { value: 'required', repeats: true, doc: 'Name of the entity.' },
    'entity-type': { value: 'required', repeats: true, doc: ENTITY_TYPES.join('/') },
    force: { value: 'none', doc: 'Has no effect: nothing is asked.' },
    group: { value: 'required', doc: "The group's id." },
    ip: { value: 'required', doc: 'The address.' },
    'ip-defaults': { value: 'none', doc: 'The default of all addresses.' },
    topic: { value: 'required', doc: "The topic's name." },
    user: { value: 'required', doc: "The user's name." },
    'user-defaults': { value: 'none', doc: 'The default of all users.' },
  },
  async run(context) {
    const { options } = context
    const actions = ['alter', 'describe'].filter(name => options.has(name))
    if (actions.length !== 1) {
      throw usageError('Command must include exactly one action: --describe, --alter')
    }
    const entity = entityOf(options)
    if (!options.has('bootstrap-server')) requireOptions(options, 'bootstrap-server')
    return options.has('describe') ? await describe(context, entity) : await alter(context, entity)
  },
  fail(context, error) {
    const text = javaException(error)
    context.printError(
      `Error while executing config command with args '${context.words.join(' ')}'\njava.util.concurrent.ExecutionException: ${text}\n`,
    )
    return 1
  },
}

interface Entity {
  readonly entityType: string
  readonly type: ConfigResourceType
  /** Null: all of the type; empty: the default. */
  readonly name: string | null
}

function entityOf(options: ParsedOptions): Entity {
  const types = options.values('entity-type')
  const invalid = types.find(type => !ENTITY_TYPES.some(known => known === type))
  if (invalid !== undefined) {
    throw new ToolError(
      `Invalid entity type ${invalid}, the entity type must be one of ${ENTITY_TYPES.join(', ')} with a --bootstrap-server or --bootstrap-controller argument`,
    )
  }
  const [shortcut] = [...SHORTCUTS].filter(([name]) => options.has(name))
  const [defaults] = [...SHORTCUTS].filter(([name]) => options.has(`${name}-defaults`))
  const entityType = types[0] ?? shortcut?.[1] ?? defaults?.[1]
  if (entityType === undefined) {
    throw new ToolError('At least one entity type must be specified')
  }
  const type = RESOURCE_TYPES.get(entityType)
  if (type === undefined) {
    throw new ToolError(`The entity type ${entityType} is not supported by this script yet`)
  }
  if (options.has('entity-default') || defaults !== undefined) return { entityType, type, name: '' }
  const name =
    options.value('entity-name') ??
    (shortcut === undefined ? undefined : options.value(shortcut[0]))
  const isNumbered = type === 'broker' || type === 'broker-logger'
  if (isNumbered && name !== undefined && !/^\d+$/.test(name)) {
    throw new ToolError(
      `The entity name for ${entityType} must be a valid integer broker id, found: ${name}`,
    )
  }
  return { entityType, type, name: name ?? null }
}

async function describe(context: ToolContext, entity: Entity): Promise<number> {
  const { cluster } = context
  const names = entity.name === null ? await allNames(context, entity) : [entity.name]
  for (const name of names) {
    if (entity.type === 'topic' && entity.name !== null) {
      const topics = await listTopics(cluster)
      if (!topics.some(topic => topic.name === name)) {
        context.print(`The topic '${name}' doesn't exist and doesn't have dynamic config.\n`)
        continue
      }
    }
    await describeOne(context, { type: entity.type, name })
  }
  return 0
}

async function describeOne(context: ToolContext, resource: ConfigResource): Promise<void> {
  const isAll = context.options.has('all') || resource.type === 'broker-logger'
  const { entries, error } = await describeConfigs(context.cluster, resource)
  if (error !== null) throw error
  const singular = resource.type
  if (resource.name === '') {
    context.print('Default configs for brokers in the cluster are:\n')
  } else {
    context.print(`${isAll ? 'All' : 'Dynamic'} configs for ${singular} ${resource.name} are:\n`)
  }
  const shown = entries.filter(entry => isAll || entry.source === dynamicSource(resource))
  for (const entry of shown.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    context.print(`  ${renderEntry(entry)}\n`)
  }
}

/** The source of what was set for this very resource. */
function dynamicSource(resource: ConfigResource): string {
  switch (resource.type) {
    case 'topic':
      return 'DYNAMIC_TOPIC_CONFIG'
    case 'broker':
      return resource.name === '' ? 'DYNAMIC_DEFAULT_BROKER_CONFIG' : 'DYNAMIC_BROKER_CONFIG'
    case 'broker-logger':
      return 'DYNAMIC_BROKER_LOGGER_CONFIG'
    case 'client-metrics':
      return 'DYNAMIC_CLIENT_METRICS_CONFIG'
    case 'group':
      return 'DYNAMIC_GROUP_CONFIG'
  }
}

function renderEntry(entry: ConfigEntry): string {
  const synonyms = entry.synonyms.map(({ source, name, value }) => `${source}:${name}=${value}`)
  return `${entry.name}=${entry.value} sensitive=${entry.isSensitive} synonyms={${synonyms.join(', ')}}`
}

async function allNames(context: ToolContext, entity: Entity): Promise<string[]> {
  const { cluster } = context
  switch (entity.type) {
    case 'topic':
      return (await listTopics(cluster)).map(topic => topic.name)
    case 'broker': {
      const { brokers } = await describeCluster(cluster)
      return [...brokers.map(broker => String(broker.nodeId)), '']
    }
    case 'broker-logger': {
      const { brokers } = await describeCluster(cluster)
      return brokers.map(broker => String(broker.nodeId))
    }
    case 'group':
    case 'client-metrics':
      return await listConfigResources(cluster, entity.type)
  }
}

async function alter(context: ToolContext, entity: Entity): Promise<number> {
  const { options } = context
  if (entity.name === null) {
    throw new ToolError(`An entity name must be specified with --alter of ${entity.entityType}`)
  }
  const file = options.value('add-config-file')
  const added = new Map([
    ...(file === undefined ? [] : readProperties(file)),
    ...parseAdded(options.value('add-config') ?? ''),
  ])
  const deleted = options
    .values('delete-config')
    .flatMap(text => text.split(','))
    .map(name => name.trim())
  if (added.size === 0 && deleted.length === 0) {
    throw usageError(
      'At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter',
    )
  }
  const resource = { type: entity.type, name: entity.name }
  const changes: ConfigChange[] = [
    ...[...added].map(([name, value]) => ({ name, value })),
    ...deleted.map(name => ({ name, value: null })),
  ]
  await alterConfigs(context.cluster, resource, changes)
  context.print(
    entity.name === ''
      ? `Completed updating default config for ${entity.entityType} in the cluster.\n`
      : `Completed updating config for ${entity.type} ${entity.name}.\n`,
  )
  return 0
}

/** `a=1,b=[x,y],c=` */
function parseAdded(text: string): Map<string, string> {
  const added = new Map<string, string>()
  for (const part of text.split(/,(?=[^[\]]*(?:\[|$))/)) {
    if (part.trim() === '') continue
    const match = /^\s*([^=]+?)\s*=\s*(?:\[(.*)\]|(.*))\s*$/s.exec(part)
    if (match === null) {
      throw new ToolError(
        'requirement failed: Invalid entity config: all configs to be added must be in the format "key=val".',
      )
    }
    added.set(match[1] ?? '', (match[2] ?? match[3] ?? '').trim())
  }
  return added
}
