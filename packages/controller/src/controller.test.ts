// Creation, deletion and growth of topics, settings, features, producer ids, elections: Kafka's
// answers, and that nothing changes before the records are replayed.

import t from 'tap'
import {
  CONFIG_RESOURCE,
  type ConfigRules,
  Controller,
  type Decision,
  ELECTION_PREFERRED,
  type NewTopic,
} from './index.ts'

const rules: ConfigRules = {
  problem: (_type, overrides) => {
    for (const [key, value] of overrides) {
      if (key === 'retention.ms' && !/^-?\d+$/.test(value)) {
        return `Invalid value ${value} for configuration retention.ms: Not a number of type LONG`
      }
      if (!['retention.ms', 'cleanup.policy'].includes(key))
        return `Unknown topic config name: ${key}`
    }
    return null
  },
  inherited: (_type, key) => (key === 'cleanup.policy' ? 'delete' : null),
  isList: (_type, key) => key === 'cleanup.policy',
}

function newController(brokerCount = 1): Controller {
  let uuids = 0
  const controller = new Controller({
    nodeId: 7,
    newUuid: () => `topic-id-${String(++uuids).padStart(13, '0')}`,
    randomBelow: () => 0,
    topicDefaults: () => ({ partitionCount: 3, replicationFactor: 1 }),
    configRules: rules,
  })
  for (let id = 1; id <= brokerCount; id++) register(controller, id, -1)
  return controller
}

let offsets = 0

/** Registers the broker and lets it be unfenced; answers its epoch. */
function register(controller: Controller, brokerId: number, previousBrokerEpoch: number): number {
  const { brokerEpoch } = commit(
    controller,
    controller.brokers.register(
      {
        brokerId,
        incarnationId: `incarnation-${offsets}`,
        endpoints: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
        rack: null,
        directoryIds: ['d'],
        previousBrokerEpoch,
        isSameProcess: true,
      },
      ++offsets,
      0,
    ),
  )
  const heartbeat = {
    brokerId,
    brokerEpoch,
    currentMetadataOffset: brokerEpoch,
    wantFence: false,
    wantShutDown: false,
  }
  commit(controller, controller.brokers.heartbeat(heartbeat, 0, ++offsets))
  return brokerEpoch
}

function commit<R>(controller: Controller, decision: Decision<R>): R {
  for (const record of decision.records) controller.replay(record)
  return decision.response
}

function topic(name: string, more: Partial<NewTopic> = {}): NewTopic {
  return {
    name,
    partitionCount: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
    ...more,
  }
}

const manual = { partitionCount: -1, replicationFactor: -1 }

const refusedCreations: {
  name: string
  topic: NewTopic
  error: string
  message: RegExp
}[] = [
  { name: 'no name', topic: topic(''), error: 'INVALID_TOPIC_EXCEPTION', message: /empty string/ },
  {
    name: 'two dots',
    topic: topic('..'),
    error: 'INVALID_TOPIC_EXCEPTION',
    message: /^Topic name is invalid: '\.\.' is not allowed$/,
  },
  {
    name: '250 characters',
    topic: topic('x'.repeat(250)),
    error: 'INVALID_TOPIC_EXCEPTION',
    message: /longer than the max allowed length 249/,
  },
  {
    name: 'a slash',
    topic: topic('a/b'),
    error: 'INVALID_TOPIC_EXCEPTION',
    message: /other than ASCII alphanumerics/,
  },
  {
    name: 'a collision of dot and underscore',
    topic: topic('a_b.c'),
    error: 'INVALID_TOPIC_EXCEPTION',
    message: /^Topic 'a_b\.c' collides with existing topic: a\.b_c$/,
  },
  {
    name: 'a topic that is there',
    topic: topic('a.b_c'),
    error: 'TOPIC_ALREADY_EXISTS',
    message: /^Topic 'a\.b_c' already exists\.$/,
  },
  {
    name: 'no partitions',
    topic: topic('t', { partitionCount: 0 }),
    error: 'INVALID_PARTITIONS',
    message: /non-positive/,
  },
  {
    name: 'too many partitions',
    topic: topic('t', { partitionCount: 10_001 }),
    error: 'POLICY_VIOLATION',
    message: /Excessively large/,
  },
  {
    name: 'a replication factor of 0',
    topic: topic('t', { replicationFactor: 0 }),
    error: 'INVALID_REPLICATION_FACTOR',
    message: /larger than 0/,
  },
  {
    name: 'more replicas than brokers',
    topic: topic('t', { replicationFactor: 3 }),
    error: 'INVALID_REPLICATION_FACTOR',
    message: /factor of 3 cannot be reached because only 1 broker\(s\) are registered/,
  },
  {
    name: 'an unknown setting',
    topic: topic('t', { configs: [{ name: 'nope', value: '1' }] }),
    error: 'INVALID_CONFIG',
    message: /Unknown topic config name: nope/,
  },
  {
    name: 'a setting without a value',
    topic: topic('t', { configs: [{ name: 'retention.ms', value: null }] }),
    error: 'INVALID_CONFIG',
    message: /Null value not supported for topic configs: retention.ms/,
  },
  {
    name: 'an assignment together with counts',
    topic: topic('t', { assignments: [{ partitionIndex: 0, brokerIds: [1] }] }),
    error: 'INVALID_REQUEST',
    message: /replication factor was not set to -1/,
  },
  {
    name: 'an assignment to an unknown broker',
    topic: topic('t', { ...manual, assignments: [{ partitionIndex: 0, brokerIds: [9] }] }),
    error: 'INVALID_REPLICA_ASSIGNMENT',
    message: /broker 9, but no such broker/,
  },
  {
    name: 'an assignment to a broker twice',
    topic: topic('t', { ...manual, assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] }),
    error: 'INVALID_REPLICA_ASSIGNMENT',
    message: /the broker 1 more than once/,
  },
  {
    name: 'an assignment with a gap',
    topic: topic('t', { ...manual, assignments: [{ partitionIndex: 1, brokerIds: [1] }] }),
    error: 'INVALID_REPLICA_ASSIGNMENT',
    message: /consecutive 0-based/,
  },
  {
    name: 'the log of the metadata itself',
    topic: topic('__cluster_metadata'),
    error: 'TOPIC_AUTHORIZATION_FAILED',
    message: /Authorization failed/,
  },
]

for (const { name, topic: wanted, error, message } of refusedCreations) {
  t.test(`creation is refused for ${name}`, t => {
    const controller = newController()
    commit(controller, controller.topics.createTopics([topic('a.b_c')], false))
    const decision = controller.topics.createTopics([wanted], false)
    t.equal(decision.records.length, 0)
    t.equal(decision.response[0]?.error, error)
    t.match(decision.response[0]?.message, message)
    t.end()
  })
}

t.test('a topic gets the default counts, an id and its settings', t => {
  const controller = newController()
  const configs = [{ name: 'retention.ms', value: '1000' }]
  const wanted = topic('__proto__', { partitionCount: -1, replicationFactor: -1, configs })
  const [result] = commit(controller, controller.topics.createTopics([wanted], false))
  t.match(result, { error: 'NONE', partitionCount: 3, replicationFactor: 1 })
  const image = controller.image.topic('__proto__')
  t.equal(image?.topicId, result?.topicId)
  t.same(
    image?.partitions.map(p => [p.partitionIndex, p.leader, p.isr]),
    [
      [0, 1, [1]],
      [1, 1, [1]],
      [2, 1, [1]],
    ],
  )
  t.same([...controller.image.topicConfigs('__proto__')], [['retention.ms', '1000']])
  t.end()
})

t.test('validateOnly decides without records', t => {
  const controller = newController()
  const decision = controller.topics.createTopics([topic('t')], true)
  t.equal(decision.response[0]?.error, 'NONE')
  t.same(decision.records, [])
  t.end()
})

t.test('a request for more than 10,000 partitions creates none, as in Kafka', t => {
  const controller = newController()
  const ofCount = (name: string, partitionCount: number) => topic(name, { partitionCount })
  const assigned = topic('d', { ...manual, assignments: [{ partitionIndex: 0, brokerIds: [1] }] })
  const most = [ofCount('a', 9_996), ofCount('b', -1), assigned]
  const { records } = controller.topics.createTopics(most, false)
  t.equal(records.filter(record => record.kind === 'partition').length, 10_000)
  const more = [...most, ofCount('c', 1), ofCount('c', 1), ofCount('e', 0)]
  const refused = controller.topics.createTopics(more, false)
  t.same(
    refused.response.map(({ name, error }) => [name, error]),
    ['a', 'b', 'd', 'c', 'e'].map(name => [name, 'POLICY_VIOLATION']),
  )
  t.same(refused.records, [])
  t.end()
})

t.test('topics of one request that are to grow are told apart, however many they are', t => {
  const controller = newController()
  // In the square of them it would hold the controller up.
  const names = Array.from({ length: 50_000 }, (_, i) => `t${i}`)
  const wanted = [...names, 't0'].map(name => ({ name, count: 2, assignments: null }))
  const { response } = controller.topics.createPartitions(wanted, false)
  t.equal(response.length, names.length)
  t.match(response[0], { name: 't0', error: 'INVALID_REQUEST' })
  t.match(response[1], { name: 't1', error: 'UNKNOWN_TOPIC_OR_PARTITION' })
  t.end()
})

t.test('a partition that one AlterPartition names twice is changed once', t => {
  const controller = newController()
  const brokerEpoch = controller.image.brokers.get(1)?.brokerEpoch ?? -1
  const second = register(controller, 2, -1)
  const assignments = [{ partitionIndex: 0, brokerIds: [1, 2] }]
  commit(
    controller,
    controller.topics.createTopics([topic('t', { ...manual, assignments })], false),
  )
  const topicId = controller.image.topic('t')?.topicId ?? ''
  const update = {
    partitionIndex: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
    newIsr: [{ brokerId: 1, brokerEpoch }],
    leaderRecoveryState: 0,
  }
  const topics = [{ topicId, partitions: [update, update] }]
  const decision = controller.isr.alterPartition({ brokerId: 1, brokerEpoch, topics })
  t.same(
    decision.response.topics[0]?.partitions.map(each => each.error),
    ['NONE', 'INVALID_REQUEST'],
  )
  t.equal(decision.records.length, 1)
  t.ok(second > brokerEpoch)
  t.end()
})

t.test('duplicates and collisions inside one request are refused', t => {
  const controller = newController()
  const wanted = [topic('a'), topic('a'), topic('x.y'), topic('x_y')]
  const results = commit(controller, controller.topics.createTopics(wanted, false))
  t.same(
    results.map(result => [result.name, result.error]),
    [
      ['a', 'INVALID_REQUEST'],
      ['x.y', 'NONE'],
      ['x_y', 'INVALID_TOPIC_EXCEPTION'],
    ],
  )
  t.end()
})

t.test('a deleted topic frees its name and its collisions; its id is unknown then', t => {
  const controller = newController()
  const [made] = commit(controller, controller.topics.createTopics([topic('a.b')], false))
  const topicId = made?.topicId ?? ''
  t.match(commit(controller, controller.topics.deleteTopics([topicId])), [
    { error: 'NONE', name: 'a.b' },
  ])
  t.match(commit(controller, controller.topics.deleteTopics([topicId])), [
    { error: 'UNKNOWN_TOPIC_ID', name: null },
  ])
  const [again] = commit(controller, controller.topics.createTopics([topic('a_b')], false))
  t.equal(again?.error, 'NONE')
  t.not(again?.topicId, topicId)
  t.end()
})

t.test('partitions can be added and never taken away', t => {
  const controller = newController()
  commit(controller, controller.topics.createTopics([topic('t')], false))
  const grow = (count: number, assignments: number[][] | null = null) =>
    commit(
      controller,
      controller.topics.createPartitions([{ name: 't', count, assignments }], false),
    )[0]
  t.match(grow(3), { error: 'NONE' })
  t.equal(controller.image.topic('t')?.partitions.length, 3)
  t.match(grow(3), { error: 'INVALID_PARTITIONS', message: 'Topic already has 3 partition(s).' })
  t.match(grow(2), { error: 'INVALID_PARTITIONS', message: /2 would not be an increase/ })
  t.match(grow(5, [[1]]), { error: 'INVALID_REPLICA_ASSIGNMENT', message: /only 1 assignment/ })
  t.match(grow(4, [[1]]), { error: 'NONE' })
  t.match(
    commit(
      controller,
      controller.topics.createPartitions([{ name: 'u', count: 2, assignments: null }], false),
    ),
    [{ error: 'UNKNOWN_TOPIC_OR_PARTITION' }],
  )
  t.end()
})

t.test('settings that are only validated are not changed', t => {
  const controller = newController()
  commit(controller, controller.topics.createTopics([topic('t')], false))
  const validate = (value: string) => {
    const operations = [{ name: 'retention.ms', operation: 'set' as const, value }]
    const resource = { resourceType: CONFIG_RESOURCE.topic, resourceName: 't', replaceAll: false }
    return controller.configs.alterConfigs([{ ...resource, operations }], true)
  }
  t.match(validate('7'), { records: { length: 0 }, response: [{ error: 'NONE' }] })
  t.match(validate('soon'), { records: { length: 0 }, response: [{ error: 'INVALID_CONFIG' }] })
  t.end()
})

t.test('settings: set, delete, append and subtract, each resource as a whole', t => {
  const controller = newController()
  commit(controller, controller.topics.createTopics([topic('t')], false))
  const alter = (
    operations: { name: string; operation: 'set' | 'delete' | 'append'; value: string | null }[],
    resourceName = 't',
  ) =>
    commit(
      controller,
      controller.configs.alterConfigs(
        [{ resourceType: CONFIG_RESOURCE.topic, resourceName, replaceAll: false, operations }],
        false,
      ),
    )[0]
  t.match(alter([{ name: 'cleanup.policy', operation: 'append', value: 'compact' }]), {
    error: 'NONE',
  })
  t.equal(controller.image.topicConfigs('t').get('cleanup.policy'), 'delete,compact')
  t.match(
    alter([
      { name: 'cleanup.policy', operation: 'delete', value: null },
      { name: 'retention.ms', operation: 'set', value: 'soon' },
    ]),
    { error: 'INVALID_CONFIG', message: /Not a number of type LONG/ },
  )
  t.equal(controller.image.topicConfigs('t').get('cleanup.policy'), 'delete,compact')
  t.match(alter([{ name: 'retention.ms', operation: 'append', value: '1' }]), {
    error: 'INVALID_CONFIG',
    message: "Can't APPEND to key retention.ms because its type is not LIST.",
  })
  t.match(alter([{ name: 'cleanup.policy', operation: 'delete', value: null }]), { error: 'NONE' })
  t.equal(controller.image.topicConfigs('t').size, 0)
  t.match(alter([], 'u'), { error: 'UNKNOWN_TOPIC_OR_PARTITION' })
  t.end()
})

t.test('blocks of producer ids never overlap', t => {
  const controller = newController()
  const first = commit(controller, controller.producerIds.allocate())
  const second = commit(controller, controller.producerIds.allocate())
  t.same(
    [first, second],
    [
      { firstProducerId: 0, count: 1000 },
      { firstProducerId: 1000, count: 1000 },
    ],
  )
  t.end()
})

t.test('features: the defaults are finalised once, bad updates are refused', t => {
  const controller = newController()
  const records = controller.features.finaliseDefaults()
  commit(controller, { records, response: null })
  t.equal(controller.image.features.get('metadata.version'), 30)
  t.same(controller.features.finaliseDefaults(), [])
  const update = (name: string, maxVersionLevel: number) =>
    controller.features.updateFeatures([{ name, maxVersionLevel, upgradeType: 1 }], false).response
  t.match(update('metadata.version', 30), { error: 'NONE' })
  t.match(update('metadata.version', 31), { error: 'INVALID_UPDATE_VERSION' })
  t.match(update('nope', 1), {
    error: 'INVALID_UPDATE_VERSION',
    message: /Local controller 7 does not support this feature/,
  })
  t.match(update('group.version', 0), { error: 'INVALID_UPDATE_VERSION', message: /downgrade/ })
  t.end()
})

t.test('a feature that an operator has taken out stays out', t => {
  const controller = newController()
  commit(controller, { records: controller.features.finaliseDefaults(), response: null })
  const out = [{ name: 'group.version', maxVersionLevel: 0, upgradeType: 2 }]
  t.match(commit(controller, controller.features.updateFeatures(out, false)), { error: 'NONE' })
  t.equal(controller.image.features.has('group.version'), false)
  t.same(controller.features.finaliseDefaults(), [])
  t.end()
})

t.test('a crash of the broker begins a new leader epoch, a clean stop does not', t => {
  const controller = newController()
  commit(controller, controller.topics.createTopics([topic('t')], false))
  register(controller, 1, controller.image.brokers.get(1)?.brokerEpoch ?? -1)
  t.equal(controller.image.partition('t', 0)?.leaderEpoch, 0)
  register(controller, 1, -1)
  t.equal(controller.image.partition('t', 0)?.leaderEpoch, 1)
  t.end()
})

t.test('an election of a leader that leads already is not needed', t => {
  const controller = newController()
  commit(controller, controller.topics.createTopics([topic('t')], false))
  const elect = (name: string) =>
    controller.elections.electLeaders([{ topic: name, partitionIndex: 0 }], ELECTION_PREFERRED)
  t.match(elect('t').response, [{ error: 'ELECTION_NOT_NEEDED' }])
  t.match(elect('u').response, [{ error: 'UNKNOWN_TOPIC_OR_PARTITION' }])
  t.same(controller.elections.electLeaders(null, ELECTION_PREFERRED).response, [])
  t.end()
})

t.test('replicas and leaders are spread over three brokers', t => {
  const controller = newController(3)
  commit(
    controller,
    controller.topics.createTopics(
      [topic('t', { partitionCount: 6, replicationFactor: 2 })],
      false,
    ),
  )
  const partitions = controller.image.topic('t')?.partitions ?? []
  const leads = new Map<number, number>()
  for (const { leader, replicas } of partitions) {
    leads.set(leader, (leads.get(leader) ?? 0) + 1)
    t.equal(new Set(replicas).size, 2)
  }
  t.same([...leads.values()], [2, 2, 2])
  t.end()
})
