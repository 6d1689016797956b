// Settings over the wire: described with their sources, changed, refused, in force at once.

import { CONFIG_RESOURCE } from '@weir/controller'
import {
  alterConfigsApi,
  createTopicsApi,
  describeConfigsApi,
  errorCode,
  incrementalAlterConfigsApi,
  listConfigResourcesApi,
  metadataApi,
} from '@weir/protocol'
import t from 'tap'
import { TestNode } from '../testing/test-node.ts'
import { describeResources } from './describe-configs.ts'

const { topic: TOPIC, broker: BROKER, group: GROUP, clientMetrics: METRICS } = CONFIG_RESOURCE
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3]
const SOURCE = { topic: 1, dynamicBroker: 2, dynamicDefault: 3, static: 4, default: 5, group: 8 }

async function newWorld(assignments: readonly string[] = []) {
  const node = await TestNode.start(assignments)
  const client = await node.connect()
  const topic = { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  await node.complete(client.request(createTopicsApi, 7, { topics: [topic] }))
  const describe = async (
    resourceType: number,
    resourceName: string,
    keys: string[] | null = null,
  ) => {
    const resource = { resourceType, resourceName, configurationKeys: keys }
    const { results } = await node.complete(
      client.request(describeConfigsApi, 4, {
        resources: [resource],
        includeSynonyms: true,
        includeDocumentation: true,
      }),
    )
    return results[0]
  }
  const alter = async (
    resourceType: number,
    resourceName: string,
    ...changes: [name: string, operation: number, value: string | null][]
  ) => {
    const configs = changes.map(([name, configOperation, value]) => ({
      name,
      configOperation,
      value,
    }))
    const resources = [{ resourceType, resourceName, configs }]
    const request = { resources, validateOnly: false }
    const { responses } = await node.complete(
      client.request(incrementalAlterConfigsApi, 1, request),
    )
    return responses[0]
  }
  const inForce = () => node.node.services.settings.topicConfig('t')
  return { node, client, describe, alter, inForce }
}

t.test('a topic setting is described with its source and synonyms', async t => {
  const { describe, alter, inForce } = await newWorld(['log.retention.hours=2'])
  const retention = async () => (await describe(TOPIC, 't', ['retention.ms']))?.configs[0]
  t.match(await retention(), { value: '7200000', configSource: SOURCE.static, isSensitive: false })
  t.match(await alter(TOPIC, 't', ['retention.ms', SET, '5000']), { errorCode: 0 })
  t.match(await retention(), {
    name: 'retention.ms',
    value: '5000',
    configSource: SOURCE.topic,
    readOnly: false,
    configType: 5,
    synonyms: [{ name: 'retention.ms', value: '5000', source: SOURCE.topic }],
  })
  t.equal(inForce().retentionMs, 5_000)
  t.match(await alter(TOPIC, 't', ['retention.ms', DELETE, null]), { errorCode: 0 })
  t.equal(inForce().retentionMs, 7_200_000)
})

t.test('lists are appended and subtracted', async t => {
  const { alter, inForce } = await newWorld()
  t.match(await alter(TOPIC, 't', ['cleanup.policy', APPEND, 'compact']), { errorCode: 0 })
  t.match(inForce(), { cleanupDelete: true, cleanupCompact: true })
  t.match(await alter(TOPIC, 't', ['cleanup.policy', SUBTRACT, 'delete']), { errorCode: 0 })
  t.match(inForce(), { cleanupDelete: false, cleanupCompact: true })
})

const refusals: {
  name: string
  resource: [number, string]
  change: [string, number, string | null]
  error: Parameters<typeof errorCode>[0]
  message: RegExp
}[] = [
  {
    name: 'a value that is no number',
    resource: [TOPIC, 't'],
    change: ['retention.ms', SET, 'soon'],
    error: 'INVALID_CONFIG',
    message: /Invalid value soon for configuration retention\.ms/,
  },
  {
    name: 'an unknown name',
    resource: [TOPIC, 't'],
    change: ['retension.ms', SET, '1'],
    error: 'INVALID_CONFIG',
    message: /Unknown topic config name: retension\.ms/,
  },
  {
    name: 'an unknown topic',
    resource: [TOPIC, 'nope'],
    change: ['retention.ms', SET, '1'],
    error: 'UNKNOWN_TOPIC_OR_PARTITION',
    message: /The topic 'nope' does not exist/,
  },
  {
    name: 'an append to what is no list',
    resource: [TOPIC, 't'],
    change: ['retention.ms', APPEND, '1'],
    error: 'INVALID_CONFIG',
    message: /Can't APPEND to key retention\.ms/,
  },
  {
    name: 'a null value',
    resource: [TOPIC, 't'],
    change: ['retention.ms', SET, null],
    error: 'INVALID_REQUEST',
    message: /Null value not supported for : retention\.ms/,
  },
  {
    name: 'an unknown operation',
    resource: [TOPIC, 't'],
    change: ['retention.ms', 9, '1'],
    error: 'INVALID_REQUEST',
    message: /Unknown config operation/,
  },
  {
    name: 'a broker setting that cannot change while running',
    resource: [BROKER, '1'],
    change: ['node.id', SET, '2'],
    error: 'INVALID_CONFIG',
    message: /Cannot update these configs dynamically/,
  },
  {
    name: 'another broker',
    resource: [BROKER, '2'],
    change: ['message.max.bytes', SET, '2000'],
    error: 'INVALID_REQUEST',
    message: /Unexpected broker id, expected 1/,
  },
  {
    name: 'a group without a name',
    resource: [GROUP, ''],
    change: ['consumer.session.timeout.ms', SET, '50000'],
    error: 'INVALID_REQUEST',
    message: /group/,
  },
  {
    name: 'client metrics with an unknown setting',
    resource: [METRICS, 'm'],
    change: ['foo', SET, 'x'],
    error: 'INVALID_REQUEST',
    message: /Unknown client metrics configuration: foo/,
  },
  {
    name: 'client metrics too often',
    resource: [METRICS, 'm'],
    change: ['interval.ms', SET, '5'],
    error: 'INVALID_REQUEST',
    message: /Invalid value 5 for interval\.ms, interval must be between 100 and 3600000/,
  },
  {
    name: 'client metrics with an interval that is no number',
    resource: [METRICS, 'm'],
    change: ['interval.ms', SET, 'abc'],
    error: 'INVALID_CONFIG',
    message: /Not a number of type INT/,
  },
  {
    name: 'client metrics of clients that cannot be told apart so',
    resource: [METRICS, 'm'],
    change: ['match', SET, 'foo=bar'],
    error: 'INVALID_CONFIG',
    message: /Illegal client matching pattern: foo=bar/,
  },
  {
    name: 'an unknown kind of resource',
    resource: [99, 'x'],
    change: ['x', SET, 'x'],
    error: 'INVALID_REQUEST',
    message: /Unknown resource type 99/,
  },
]

for (const { name, resource, change, error, message } of refusals) {
  t.test(`a change is refused: ${name}`, async t => {
    const { alter, node } = await newWorld()
    const before = node.node.services.controller.appliedIndex
    t.match(await alter(...resource, change), {
      errorCode: errorCode(error),
      errorMessage: message,
      resourceType: resource[0],
      resourceName: resource[1],
    })
    t.equal(node.node.services.controller.appliedIndex, before)
  })
}

t.test('a subscription to client metrics is kept and described', async t => {
  const { alter, describe } = await newWorld()
  const set = ['match', SET, 'client_id=a.*'] as const
  t.match(await alter(METRICS, 'm', ['interval.ms', SET, '1000'], [...set]), { errorCode: 0 })
  t.match(await alter(METRICS, 'm', ['metrics', APPEND, 'org.apache']), { errorCode: 0 })
  const values = (await describe(METRICS, 'm'))?.configs.map(({ name, value }) => [name, value])
  t.same(
    new Map(values as [string, string][]),
    new Map([
      ['interval.ms', '1000'],
      ['match', 'client_id=a.*'],
      ['metrics', 'org.apache'],
    ]),
  )
})

t.test('of several changes to one resource all or none happen', async t => {
  const { alter, inForce } = await newWorld()
  const changed = await alter(
    TOPIC,
    't',
    ['retention.ms', SET, '5000'],
    ['segment.bytes', SET, 'big'],
  )
  t.match(changed, { errorCode: errorCode('INVALID_CONFIG') })
  t.equal(inForce().retentionMs, 604_800_000)
})

t.test(
  'a broker setting counts at once, for one broker, for all, and as default of topics',
  async t => {
    const { node, describe, alter, inForce } = await newWorld()
    const value = async (name: string) =>
      (await describe(BROKER, name, ['message.max.bytes']))?.configs
    t.same(await value(''), [])
    t.match(await alter(BROKER, '', ['message.max.bytes', SET, '3000']), { errorCode: 0 })
    t.match(await value(''), [{ value: '3000', configSource: SOURCE.dynamicDefault }])
    t.equal(inForce().maxMessageBytes, 3_000)
    t.match(await alter(BROKER, '1', ['message.max.bytes', SET, '4000']), { errorCode: 0 })
    t.match(await value('1'), [
      {
        value: '4000',
        configSource: SOURCE.dynamicBroker,
        synonyms: [{ value: '4000' }, { value: '3000' }, { source: SOURCE.default }],
      },
    ])
    t.equal(inForce().maxMessageBytes, 4_000)
    await node.stop()
    await node.start()
    t.equal(inForce().maxMessageBytes, 4_000, 'also after a restart')
  },
)

t.test('AlterConfigs replaces all overrides', async t => {
  const { node, client, alter, inForce } = await newWorld()
  await alter(TOPIC, 't', ['retention.ms', SET, '5000'])
  const configs = [{ name: 'segment.bytes', value: '2097152' }]
  const resources = [{ resourceType: TOPIC, resourceName: 't', configs }]
  const { responses } = await node.complete(
    client.request(alterConfigsApi, 2, { resources, validateOnly: false }),
  )
  t.match(responses, [{ errorCode: 0 }])
  t.match(inForce(), { retentionMs: 604_800_000, segmentBytes: 2_097_152 })
})

t.test('a resource may appear only once in a request', async t => {
  const { node, client } = await newWorld()
  const resource = { resourceType: TOPIC, resourceName: 't', configs: [] }
  const request = { resources: [resource, resource], validateOnly: false }
  const { responses } = await node.complete(client.request(incrementalAlterConfigsApi, 1, request))
  t.match(responses, [{ errorMessage: /at most once/ }])
  t.equal(responses.length, 1)
})

t.test('a resource that is named again is described once, with all keys', async t => {
  const { node, client } = await newWorld()
  const ask = async (...keys: (string[] | null)[]) => {
    const resources = keys.map(configurationKeys => {
      return { resourceType: TOPIC, resourceName: 't', configurationKeys }
    })
    const request = { resources, includeSynonyms: false, includeDocumentation: false }
    const { results } = await node.complete(client.request(describeConfigsApi, 4, request))
    t.equal(results.length, 1)
    return results[0]?.configs.map(({ name }) => name) ?? []
  }
  const some = await ask(['retention.ms'], ['retention.ms', 'cleanup.policy'])
  t.same(new Set(some), new Set(['retention.ms', 'cleanup.policy']))
  const all = await ask(null)
  t.same(await ask(['retention.ms'], null), all)
  t.same(await ask([], ['retention.ms']), all)
})

t.test('an answer has so many settings at most, whatever is asked for', async t => {
  const { node } = await newWorld()
  const resources = ['g', 'h', 'i'].map(resourceName => {
    return { resourceType: GROUP, resourceName, configurationKeys: null }
  })
  const request = { resources, includeSynonyms: false, includeDocumentation: false }
  const { results } = describeResources(node.node.services, request, 20)
  t.same(
    results.map(each => each.errorCode),
    [0, 0, errorCode('POLICY_VIOLATION')],
  )
})

t.test('what cannot be described gets the error of its kind', async t => {
  const { describe } = await newWorld()
  t.match(await describe(TOPIC, 'nope'), { errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') })
  t.match(await describe(TOPIC, '..'), { errorCode: errorCode('INVALID_TOPIC_EXCEPTION') })
  t.match(await describe(BROKER, '7'), { errorMessage: /Unexpected broker id, expected 1/ })
  t.match(await describe(BROKER, 'x'), { errorMessage: /must be an integer/ })
  t.match(await describe(99, 'x'), { errorMessage: /Unsupported resource type: 99/ })
  t.match(await describe(GROUP, 'g'), { errorCode: 0 })
})

t.test('sensitive values are never told', async t => {
  const { describe } = await newWorld()
  const described = await describe(BROKER, '1')
  const sensitive = described?.configs.filter(config => config.isSensitive) ?? []
  t.ok(sensitive.length > 0)
  for (const config of sensitive) {
    t.equal(config.value, null)
    t.ok(config.synonyms.every(synonym => synonym.value === null))
  }
})

t.test('resources with settings are listed by type', async t => {
  const { node, client, alter } = await newWorld()
  await alter(GROUP, 'g', ['consumer.session.timeout.ms', SET, '50000'])
  const list = (version: number, resourceTypes: number[]) =>
    node.complete(
      client.request(listConfigResourcesApi, version, version === 0 ? {} : { resourceTypes }),
    )
  t.match((await list(1, [GROUP])).configResources, [{ resourceName: 'g', resourceType: GROUP }])
  t.match((await list(1, [TOPIC])).configResources, [{ resourceName: 't' }])
  t.same((await list(0, [])).configResources, [])
  const all = (await list(1, [])).configResources.map(each => each.resourceType)
  t.same(new Set(all), new Set([TOPIC, BROKER, 8, GROUP]))
  t.match(await list(1, [77]), { errorCode: errorCode('UNSUPPORTED_VERSION') })
})

t.test('auto.create.topics.enable of the start counts for Metadata', async t => {
  const { node, client } = await newWorld(['auto.create.topics.enable=false'])
  const request = { topics: [{ name: 'x' }], allowAutoTopicCreation: true }
  const { topics } = await node.complete(client.request(metadataApi, 9, request))
  t.match(topics, [{ errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') }])
})
