import { existsSync, readFileSync } from 'node:fs'
import { OperatorError, parseSetting, type SettingRow } from '@weir/core'
import t from 'tap'
import {
  allGroupRows,
  allTopicRows,
  BrokerSettings,
  brokerChangeProblem,
  brokerRow,
  brokerRows,
  connectionOverrides,
  dataDirectories,
  describeGroupConfig,
  describeTopicConfig,
  groupConfigProblem,
  groupRow,
  groupValue,
  loadSettings,
  nodeListeners,
  parseListener,
  parseProperties,
  quorumVoters,
  settingRules,
  topicConfig,
  topicConfigProblem,
  topicRow,
} from './index.ts'

const NONE: ReadonlyMap<string, string> = new Map()

function load(...assignments: string[]): BrokerSettings {
  return loadSettings({ assignments }).settings
}

t.test('every default is a legal value of its row, and every row has a sentence', t => {
  const rows = [...brokerRows(), ...allTopicRows(), ...allGroupRows()]
  for (const row of rows) {
    if (row.defaultText !== null) {
      const parsed = parseSetting(row, row.defaultText)
      if (parsed.kind === 'invalid') t.fail(parsed.message)
    }
    if (!/^[A-Z].*\.$/.test(row.doc)) t.fail(`${row.key}: ${row.doc}`)
    const needsReason = row.support !== 'supported'
    if (needsReason !== (row.reason !== undefined)) t.fail(`${row.key} has no reason`)
    for (const key of row.brokerKeys ?? []) {
      if (brokerRow(key) === undefined) t.fail(`${row.key} takes its default from ${key}`)
    }
  }
  t.equal(new Set([...brokerRows()].map(row => row.key)).size, [...brokerRows()].length)
  t.end()
})

t.test('limits of single addresses are addresses with counts, also of IPv6', t => {
  const key = 'max.connections.per.ip.overrides'
  const limits = connectionOverrides(load(`${key}=10.0.0.7:3, [FE80::1]:2,::1:0`).get(key))
  t.same(
    [...limits],
    [
      ['10.0.0.7', 3],
      ['fe80::1', 2],
      ['::1', 0],
    ],
  )
  for (const wrong of ['host:3', '10.0.0.7', '10.0.0.7:', '10.0.0.7:-1', '10.0.0.7:x', ':3']) {
    t.throws(() => load(`${key}=${wrong}`), { message: /is not ADDRESS:COUNT/ }, wrong)
  }
  t.end()
})

const recorded = new URL('../../../../shared/protocol/configs.json', import.meta.url)
t.test('keys, types and defaults are those of Kafka', { skip: !existsSync(recorded) }, t => {
  const kafka = JSON.parse(readFileSync(recorded, 'utf8'))
  const areas: [string, (key: string) => SettingRow | undefined][] = [
    ['broker', brokerRow],
    ['topic', topicRow],
    ['group', groupRow],
  ]
  for (const [area, rowOf] of areas) {
    for (const { name, type, default: kafkaDefault = null } of kafka[area]) {
      const row = rowOf(name)
      if (row === undefined) t.fail(`${name} is missing`)
      else if (row.type !== type) t.fail(`${name} has type ${row.type}`)
      else if (row.kafkaDefault !== undefined) continue
      else if (row.defaultText !== kafkaDefault && Number(row.defaultText) !== Number(kafkaDefault))
        t.fail(`${name} has the default ${row.defaultText}, Kafka ${kafkaDefault}`)
    }
  }
  t.end()
})

t.test('values are typed by the table', t => {
  const settings = new BrokerSettings()
  const segmentBytes: number = settings.get('log.segment.bytes')
  const retentionMs: number | null = settings.get('log.retention.ms')
  const roles: readonly string[] = settings.get('process.roles')
  const isCreating: boolean = settings.get('auto.create.topics.enable')
  t.same(
    [segmentBytes, retentionMs, roles, isCreating],
    [1_073_741_824, null, ['broker', 'controller'], true],
  )
  t.end()
})

t.test('later sources win: file, environment, --set, flags', t => {
  const sources = {
    file: { name: 'server.properties', text: 'num.partitions=2\nnode.id=2\nlog.dir=a\n' },
    environment: { WEIR_NUM_PARTITIONS: '3', WEIR_LOG_DIR: 'b', WEIR_PRODUCE_VALIDATION: 'batch' },
    assignments: ['num.partitions=4'],
    flags: new Map([['log.dirs', 'c']]),
  }
  const { settings } = loadSettings(sources)
  t.equal(settings.get('node.id'), 2)
  t.equal(settings.get('num.partitions'), 4)
  t.equal(settings.get('weir.produce.validation'), 'batch')
  t.same(dataDirectories(settings), ['c'])
  t.same(dataDirectories(load('log.dirs=a,,b,')), ['a', 'b'], 'nothing between commas is nothing')
  t.end()
})

const WRONG: [string, Parameters<typeof loadSettings>[0], RegExp][] = [
  [
    'a mistyped name',
    { file: { name: 'f', text: '\nlog.retension.ms=1' } },
    /^unknown setting log\.retension\.ms, did you mean log\.retention\.ms\? \(f:2\)$/,
  ],
  [
    'a topic setting in the file',
    { assignments: ['retention.ms=1'] },
    /^retention\.ms is a topic setting, its default is set by log\.retention\.ms/,
  ],
  ['a bad number', { environment: { WEIR_NUM_PARTITIONS: 'many' } }, /Not a number of type INT/],
  ['a bad assignment', { assignments: ['oops'] }, /--set takes KEY=VALUE/],
  [
    'tiered storage',
    { assignments: ['remote.log.storage.system.enable=true'] },
    /not supported, there is no tiered storage/,
  ],
  [
    'an authorizer',
    { assignments: ['authorizer.class.name=org.example.Any'] },
    /not supported, there are no ACLs yet/,
  ],
  [
    'a listener with encryption',
    { assignments: ['listeners=SSL://:9093'] },
    /SSL asks for SSL, but only PLAINTEXT is served/,
  ],
  [
    'a bad listener',
    { assignments: ['listeners=9092'] },
    /'9092', which is not NAME:\/\/HOST:PORT/,
  ],
  [
    'an address that nobody reaches',
    { assignments: ['advertised.listeners=PLAINTEXT://0.0.0.0:9092'] },
    /no client can connect/,
  ],
  ['no retention at all', { assignments: ['log.retention.ms=0'] }, /must be unlimited \(-1\) or/],
  ['two ids', { assignments: ['node.id=1', 'broker.id=2'] }, /set node\.id alone/],
  [
    'a session shorter than its heartbeat',
    { assignments: ['broker.session.timeout.ms=100'] },
    /broker\.heartbeat\.interval\.ms \(300\) has to be below/,
  ],
  ['a bad voter', { assignments: ['controller.quorum.voters=localhost:1'] }, /not ID@HOST:PORT/],
  [
    'a voter that is listed twice',
    { assignments: ['controller.quorum.voters=1@a:1,1@b:1'] },
    /^controller\.quorum\.voters has the id 1 twice$/,
  ],
  [
    'an address of two voters',
    { assignments: ['controller.quorum.voters=1@a:1,2@a:1'] },
    /has the address a:1 twice/,
  ],
  [
    'a controller without an address',
    { assignments: ['process.roles=controller', 'listeners='] },
    /listeners names no address: a controller alone takes --controller-listen/,
  ],
]

for (const [name, sources, message] of WRONG) {
  t.test(`${name} is an error in one sentence`, t => {
    try {
      loadSettings(sources)
      t.fail('was accepted')
    } catch (error) {
      t.ok(error instanceof OperatorError)
      t.match((error as Error).message, message)
    }
    t.end()
  })
}

t.test('what has no effect only warns, and not when it says the default', t => {
  const { warnings } = loadSettings({
    assignments: ['num.io.threads=16', 'num.network.threads=3', 'listener.name.x.ssl.key=1'],
    environment: { WEIR_BOOTSTRAP: 'a:1', WEIR_NUM_PARTITION: '1', PATH: '/bin' },
  })
  t.equal(warnings.length, 3)
  t.match(warnings[0], /WEIR_NUM_PARTITION is no setting, did you mean WEIR_NUM_PARTITIONS\?/)
  t.match(warnings[1], /^num\.io\.threads has no effect: a broker is one event loop/)
  t.match(warnings[2], /^listener\.name\.x\.ssl\.key has no effect/)
  t.end()
})

t.test('properties: comments, continued lines, escapes and all separators', t => {
  const text = [
    '# comment',
    '! another',
    '  a=1',
    'b : 2',
    'c 3',
    'd=x\\',
    '   y\\\\',
    'path\\:with\\=signs = v\\u0041\\tw',
    'empty=',
    'alone',
  ].join('\r\n')
  const pairs = parseProperties(text).map(({ key, value, line }) => [key, value, line])
  t.same(pairs, [
    ['a', '1', 3],
    ['b', '2', 4],
    ['c', '3', 5],
    ['d', 'xy\\', 6],
    ['path:with=signs', 'vA\tw', 8],
    ['empty', '', 9],
    ['alone', '', 10],
  ])
  t.end()
})

t.test('retention in hours, minutes and milliseconds: the finest that is set holds', t => {
  const cases: [string[], number][] = [
    [[], 604_800_000],
    [['log.retention.hours=2'], 7_200_000],
    [['log.retention.hours=2', 'log.retention.minutes=3'], 180_000],
    [['log.retention.minutes=3', 'log.retention.ms=4'], 4],
    [['log.retention.hours=-1'], Number.POSITIVE_INFINITY],
    [['log.retention.ms=-1', 'log.retention.hours=1'], Number.POSITIVE_INFINITY],
  ]
  for (const [assignments, expected] of cases) {
    t.equal(topicConfig(NONE, load(...assignments)).retentionMs, expected)
  }
  t.equal(topicConfig(NONE, load('log.roll.hours=1')).segmentMs, 3_600_000)
  t.equal(topicConfig(NONE, load('log.flush.scheduler.interval.ms=9')).flushMs, 9)
  t.end()
})

t.test('overrides of a topic win over the broker, which wins over the table', t => {
  const broker = load('log.segment.bytes=2000000', 'message.max.bytes=100')
  const overrides = new Map([
    ['segment.bytes', '3000000'],
    ['cleanup.policy', 'compact,delete'],
    ['message.timestamp.type', 'LogAppendTime'],
  ])
  t.match(topicConfig(overrides, broker), {
    segmentBytes: 3_000_000,
    maxMessageBytes: 100,
    cleanupCompact: true,
    cleanupDelete: true,
    isLogAppendTime: true,
    flushMs: Number.POSITIVE_INFINITY,
    minInsyncReplicas: 1,
  })
  t.match(topicConfig(new Map([['cleanup.policy', '']]), broker), {
    cleanupCompact: false,
    cleanupDelete: false,
  })
  t.end()
})

t.test('a topic is described with every value that could hold', t => {
  const broker = load('log.retention.hours=2').withDynamic(
    new Map([['log.retention.ms', '50']]),
    new Map(),
  )
  const entries = describeTopicConfig(new Map([['retention.ms', '9']]), broker)
  t.equal(entries.length, 33)
  const retention = entries.find(entry => entry.name === 'retention.ms')
  t.match(retention, {
    value: '9',
    source: 'dynamic-topic',
    type: 'long',
    isReadOnly: false,
    isSensitive: false,
  })
  t.same(retention?.synonyms, [
    { name: 'retention.ms', value: '9', source: 'dynamic-topic' },
    { name: 'log.retention.ms', value: '50', source: 'dynamic-default-broker' },
    { name: 'log.retention.hours', value: '2', source: 'static-broker' },
    { name: 'log.retention.hours', value: '168', source: 'default' },
  ])
  const inherited = describeTopicConfig(NONE, broker).find(entry => entry.name === 'retention.ms')
  t.match(inherited, { value: '50', source: 'dynamic-default-broker' })
  const plain = describeTopicConfig(NONE, load('log.retention.hours=2'))
  t.match(
    plain.find(entry => entry.name === 'retention.ms'),
    { value: '7200000' },
  )
  t.end()
})

t.test('a broker is described without its secrets', t => {
  const settings = load('ssl.key.password=hunter2')
  const entries = settings.describe()
  t.equal(entries.length, [...brokerRows()].length)
  t.notMatch(JSON.stringify(entries), /hunter2/)
  t.match(
    entries.find(entry => entry.name === 'ssl.key.password'),
    {
      value: null,
      isSensitive: true,
      source: 'static-broker',
    },
  )
  t.match(
    entries.find(entry => entry.name === 'log.dirs'),
    { value: null, isReadOnly: true },
  )
  t.match(
    entries.find(entry => entry.name === 'num.io.threads'),
    {
      documentation: /No effect: a broker is one event loop/,
    },
  )
  t.end()
})

t.test('what runs can be changed as far as its row says', t => {
  t.equal(brokerChangeProblem('log.retention.ms', '5', 'cluster-wide'), null)
  t.match(brokerChangeProblem('log.retention.ms', '0', 'cluster-wide'), /must be unlimited \(-1\)/)
  t.match(brokerChangeProblem('log.roll.ms', '0', 'cluster-wide'), /at least 1/)
  t.match(brokerChangeProblem('node.id', '5', 'per-broker'), /Cannot update these configs dynam/)
  t.match(
    brokerChangeProblem('leader.replication.throttled.rate', '5', 'cluster-wide'),
    /at default cluster level/,
  )
  for (const key of ['listeners', 'advertised.listeners']) {
    t.match(brokerChangeProblem(key, 'PLAINTEXT://h:1', 'per-broker'), /Cannot update these conf/)
  }
  t.match(brokerChangeProblem('no.such', 'x', 'per-broker'), /Unknown broker config name/)
  t.match(brokerChangeProblem('message.max.bytes', '-1', 'per-broker'), /at least 0/)
  const settings = load('message.max.bytes=1').withDynamic(
    new Map([['message.max.bytes', '2']]),
    new Map([['message.max.bytes', '3']]),
  )
  t.equal(settings.get('message.max.bytes'), 3)
  t.end()
})

const BAD_TOPICS: [Record<string, string>, RegExp][] = [
  [{ 'no.such': '1' }, /^Unknown topic config name: no\.such$/],
  [
    { 'retention.ms': 'abc' },
    /^Invalid value abc for configuration retention\.ms: Not a number of/,
  ],
  [{ 'retention.ms': '-2' }, /Value must be at least -1/],
  [{ 'cleanup.policy': 'shred' }, /String must be one of: compact, delete/],
  [{ 'compression.type': 'rar' }, /String must be one of: uncompressed, zstd/],
  [{ 'compression.gzip.level': '0' }, /between 1 and 9 or equal to -1/],
  [{ 'min.cleanable.dirty.ratio': '1.1' }, /Value must be no more than 1/],
  [{ 'segment.bytes': '100' }, /Value must be at least 1048576/],
  [{ 'remote.storage.enable': 'true' }, /not supported, there is no tiered storage/],
  [{ 'min.compaction.lag.ms': '9', 'max.compaction.lag.ms': '8' }, /conflict topic config setting/],
  [{ 'leader.replication.throttled.replicas': '1-2' }, /is not in the form/],
  [{ ['__proto__']: '1' }, /Unknown topic config name: __proto__/],
]

for (const [overrides, message] of BAD_TOPICS) {
  t.test(`a topic with ${JSON.stringify(overrides)} is refused`, t => {
    t.match(topicConfigProblem(new Map(Object.entries(overrides)), new BrokerSettings()), message)
    t.end()
  })
}

t.test('legal topic overrides are taken', t => {
  const overrides = {
    'retention.ms': '-1',
    'cleanup.policy': 'delete,compact',
    'follower.replication.throttled.replicas': '*',
    'remote.storage.enable': 'false',
    'max.message.bytes': '0',
    'unclean.leader.election.enable': 'TRUE',
  }
  t.equal(topicConfigProblem(new Map(Object.entries(overrides)), new BrokerSettings()), null)
  t.end()
})

t.test('group settings stay within the bounds of the broker', t => {
  const broker = new BrokerSettings()
  const problem = (key: string, value: string) =>
    groupConfigProblem(new Map([[key, value]]), broker)
  t.equal(problem('consumer.session.timeout.ms', '50000'), null)
  t.match(
    problem('consumer.session.timeout.ms', '1000'),
    /greater than or equal to group\.consumer/,
  )
  t.match(problem('share.session.timeout.ms', '70000'), /less than or equal to group\.share\.max/)
  t.match(problem('streams.num.standby.replicas', '3'), /group\.streams\.max\.standby\.replicas/)
  t.match(problem('share.auto.offset.reset', 'by_duration:P'), /by_duration/)
  t.equal(problem('share.auto.offset.reset', 'by_duration:P1DT2H3.5S'), null)
  t.match(problem('no.such', '1'), /Unknown group config name/)
  const overrides = new Map([['consumer.session.timeout.ms', '50000']])
  t.equal(groupValue('consumer.session.timeout.ms', overrides, broker), 50_000)
  t.equal(groupValue('consumer.session.timeout.ms', NONE, broker), 45_000)
  t.match(
    describeGroupConfig(overrides, broker).find(
      ({ name }) => name === 'consumer.session.timeout.ms',
    ),
    { value: '50000', source: 'group', synonyms: [{}, { source: 'default', value: '45000' }] },
  )
  t.end()
})

t.test('listeners: client, controller and advertised addresses', t => {
  t.match(nodeListeners(load('listeners=PLAINTEXT://localhost:5000')), {
    clients: [{ name: 'PLAINTEXT', host: 'localhost', port: 5000 }],
    controller: { name: 'CONTROLLER', host: 'localhost', port: 6000 },
  })
  const set = nodeListeners(
    load(
      'listeners=PLAINTEXT://:0,CONTROLLER://[::1]:7',
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'advertised.listeners=PLAINTEXT://example.org:9092',
    ),
  )
  t.same(set.controller, { name: 'CONTROLLER', host: '::1', port: 7 })
  t.same(set.clients, [{ name: 'PLAINTEXT', host: '', port: 0 }])
  t.equal(set.advertised.get('PLAINTEXT')?.host, 'example.org')
  t.equal(nodeListeners(load('process.roles=broker')).controller, null)
  t.same(nodeListeners(load('process.roles=controller')).clients, [])
  t.equal(parseListener('PLAINTEXT://host:70000'), null)
  t.same(quorumVoters(load('controller.quorum.voters=1@a:1,2@[::1]:2')), [
    { nodeId: 1, host: 'a', port: 1 },
    { nodeId: 2, host: '::1', port: 2 },
  ])
  t.end()
})

t.test('the rules for the controller tell topics, brokers and groups apart', t => {
  const rules = settingRules(() => new BrokerSettings())
  t.equal(rules.inherited(2, 'max.message.bytes'), '1048588')
  t.equal(rules.inherited(4, 'message.max.bytes'), '1048588')
  t.equal(rules.inherited(2, 'no.such'), null)
  t.equal(rules.isList(2, 'cleanup.policy'), true)
  t.equal(rules.isList(4, 'num.partitions'), false)
  t.match(rules.problem(2, new Map([['x', '1']])), /Unknown topic/)
  t.match(rules.problem(32, new Map([['x', '1']])), /Unknown group/)
  const throttle = new Map([['leader.replication.throttled.rate', '1']])
  t.match(rules.problem(4, throttle, ''), /default cluster level/)
  t.equal(rules.problem(4, throttle, '1'), null)
  t.end()
})
