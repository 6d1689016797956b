#!/usr/bin/env node
// Bad and odd requests of groups, to Weir and to Apache Kafka side by side: error codes, epochs and
// messages have to be the same.
//   node scripts/compare-groups.mjs [--no-build] [--verbose]
// Kafka's jars are looked for in ${WEIR_CONFORMANCE_CACHE:-~/.cache/weir-conformance}/java/lib.
import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.mjs'
import { prepareKafka } from './kafka-peer.mjs'
import { readOptions } from './options.mjs'
import { prepare, ROOT } from './prepare.mjs'

const values = readOptions({
  'no-build': { type: 'boolean' },
  verbose: { type: 'boolean' },
  only: { type: 'string' },
  'data-dir': { type: 'string', default: tmpdir() },
})
if (!values['no-build']) prepare()
const built = name => import(new URL(`../packages/${name}`, import.meta.url).href)
const { Admin, Rpc } = await built('bench/dist/index.js')
const { createNodeEnv } = await built('core/dist/node/index.js')
const kafka = await built('protocol/dist/index.js')
const { errorName } = kafka

const SETTINGS = {
  'group.initial.rebalance.delay.ms': '0',
  'group.max.size': '2',
  'group.consumer.max.size': '3',
  'group.consumer.migration.policy': 'bidirectional',
  'offsets.topic.num.partitions': '1',
  'offset.metadata.max.bytes': '20',
  'auto.create.topics.enable': 'false',
}
const START_TIMEOUT_MS = 90_000
/** Kafka assigns in the background: what a heartbeat leads to is there a moment later. */
const ASSIGNMENT_MS = 2_500
const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'
const OTHER_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

const env = createNodeEnv({ log: { level: 'error' } })
const directory = mkdtempSync(join(values['data-dir'], 'compare-groups-'))
const children = []

// The steps. Each is an api, a version and a body; `s` keeps what earlier answers of this broker said.

const beat = (change, keep) => ({
  api: 'consumerGroupHeartbeatApi',
  version: 1,
  body: s => ({
    groupId: 'next',
    memberId: 'm1',
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: ['t'],
    topicPartitions: [],
    ...change(s),
  }),
  keep,
})
const followUp = (change, keep) =>
  beat(
    s => ({
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      topicPartitions: null,
      ...change(s),
    }),
    keep,
  )
const join9 = (change, keep, version = 9) => ({
  api: 'joinGroupApi',
  version,
  body: s => ({
    groupId: 'old',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription(['t']) }],
    ...change(s),
  }),
  keep,
})
const sync = change => ({
  api: 'syncGroupApi',
  version: 5,
  body: s => ({
    groupId: 'old',
    generationId: 1,
    memberId: s.old,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [],
    ...change(s),
  }),
})
const heartbeat = change => ({
  api: 'heartbeatApi',
  version: 4,
  body: s => ({ groupId: 'old', generationId: 1, memberId: s.old, ...change(s) }),
})
const leave = change => ({
  api: 'leaveGroupApi',
  version: 5,
  body: s => ({ groupId: 'old', members: [{ memberId: 'nobody' }], ...change(s) }),
})
const commit = (change, version = 9, partition = {}) => ({
  api: 'offsetCommitApi',
  version,
  body: s => ({
    groupId: 'next',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [
      {
        ...(version >= 10 ? { topicId: s.topicId } : { name: 't' }),
        partitions: [
          {
            partitionIndex: 0,
            committedOffset: 1,
            committedMetadata: '',
            ...(typeof partition === 'function' ? partition(s) : partition),
          },
        ],
      },
    ],
    ...change(s),
  }),
})
const fetch = (change, version = 9) => ({
  api: 'offsetFetchApi',
  version,
  body: s => ({ groups: [{ groupId: 'next', topics: null, ...change(s) }], requireStable: true }),
})
const describe848 = groupIds => ({
  api: 'consumerGroupDescribeApi',
  version: 1,
  body: () => ({ groupIds, includeAuthorizedOperations: false }),
})
const describeOld = (groups, version = 6) => ({
  api: 'describeGroupsApi',
  version,
  body: () => ({ groups, includeAuthorizedOperations: false }),
})
const remove = groupsNames => ({
  api: 'deleteGroupsApi',
  version: 2,
  body: () => ({ groupsNames }),
})
const removeOffsets = (groupId, name = 't') => ({
  api: 'offsetDeleteApi',
  version: 0,
  body: () => ({ groupId, topics: [{ name, partitions: [{ partitionIndex: 0 }] }] }),
})
const wait = ms => ({ wait: ms })
const partitionsOf = (s, partitions) => [{ topicId: s.topicId, partitions }]
const groupConfigs = (configs, validateOnly = false) => ({
  api: 'incrementalAlterConfigsApi',
  version: 1,
  body: () => ({
    resources: [
      {
        resourceType: 32,
        resourceName: 'next',
        configs: Object.entries(configs).map(([name, value]) => ({
          name,
          configOperation: value === null ? 1 : 0,
          value,
        })),
      },
    ],
    validateOnly,
  }),
})

const STEPS = {
  // Consumer groups: what a first heartbeat must say.
  'no group id': beat(() => ({ groupId: '' })),
  'no member id': beat(() => ({ memberId: '' })),
  'an empty instance id': beat(() => ({ instanceId: '' })),
  'an empty rack': beat(() => ({ rackId: '' })),
  'an impossible epoch': beat(() => ({ memberEpoch: -3 })),
  'a static leave without instance id': beat(() => ({ memberEpoch: -2 })),
  'no rebalance timeout': beat(() => ({ rebalanceTimeoutMs: -1 })),
  'no subscription': beat(() => ({ subscribedTopicNames: null })),
  'partitions on joining': beat(s => ({ topicPartitions: partitionsOf(s, [0]) })),
  'null partitions on joining': beat(() => ({ topicPartitions: null })),
  'an unknown assignor': beat(() => ({ serverAssignor: 'best' })),
  'an invalid pattern': beat(() => ({ subscribedTopicNames: null, subscribedTopicRegex: '[' })),
  'a pattern with look-ahead': beat(() => ({
    subscribedTopicNames: null,
    subscribedTopicRegex: '(?=a)b',
  })),
  'a group that is not there': followUp(() => ({ groupId: 'nowhere', memberEpoch: 5 })),
  'leaving a group that is not there': followUp(() => ({ groupId: 'nowhere', memberEpoch: -1 })),
  'version 0 without member id': {
    ...beat(
      () => ({ memberId: '', groupId: 'made' }),
      (s, answer) => (s.made = answer.memberId),
    ),
    version: 0,
  },
  'the first member joins': beat(
    () => ({}),
    (s, answer) => {
      s.m1 = answer.memberEpoch
    },
  ),
  'assigned 1': wait(ASSIGNMENT_MS),
  'it is told': followUp(
    s => ({ memberEpoch: s.m1 }),
    (s, answer) => (s.m1 = answer.memberEpoch),
  ),
  'it says so': followUp(
    s => ({ memberEpoch: s.m1, topicPartitions: partitionsOf(s, [0, 1]) }),
    (s, a) => (s.m1 = a.memberEpoch),
  ),
  'an older epoch': followUp(() => ({ memberEpoch: 900 })),
  'an unknown member': followUp(() => ({ memberId: 'nobody', memberEpoch: 1 })),
  'an unknown member leaves': followUp(() => ({ memberId: 'nobody', memberEpoch: -1 })),
  'an unknown static member': followUp(() => ({ instanceId: 'i', memberEpoch: 3 })),
  'an unknown static member leaves': followUp(() => ({ instanceId: 'i', memberEpoch: -2 })),
  'a static member joins': beat(() => ({ memberId: 'm2', instanceId: 'i' })),
  'another one with its instance id': beat(() => ({ memberId: 'm3', instanceId: 'i' })),
  'its instance id with another member id': followUp(() => ({
    memberId: 'm3',
    instanceId: 'i',
    memberEpoch: 1,
  })),
  'another one leaves for it': followUp(() => ({
    memberId: 'm3',
    instanceId: 'i',
    memberEpoch: -2,
  })),
  'a third member joins': beat(() => ({ memberId: 'm4' })),
  'one too many': beat(() => ({ memberId: 'm5' })),
  'a classic member in a full group': join9(() => ({ groupId: 'next' })),
  'an unknown assignor later': followUp(s => ({ memberEpoch: s.m1, serverAssignor: 'best' })),
  'an invalid pattern later': followUp(s => ({ memberEpoch: s.m1, subscribedTopicRegex: '*' })),
  'the third leaves': followUp(() => ({ memberId: 'm4', memberEpoch: -1 })),
  'the static one leaves for a while': followUp(() => ({
    memberId: 'm2',
    instanceId: 'i',
    memberEpoch: -2,
  })),
  'the static one comes back': beat(() => ({ memberId: 'm3', instanceId: 'i' })),
  'its first process': followUp(() => ({ memberId: 'm2', instanceId: 'i', memberEpoch: 1 })),

  // Commits and fetches in a consumer group.
  'assigned 2': wait(ASSIGNMENT_MS),
  'the first one is told what has changed': followUp(
    s => ({ memberEpoch: s.m1, topicPartitions: partitionsOf(s, [0, 1]) }),
    (s, answer) => {
      s.m1 = answer.memberEpoch
    },
  ),
  'it gives up what another one gets': followUp(
    s => ({ memberEpoch: s.m1, topicPartitions: partitionsOf(s, [0]) }),
    (s, answer) => {
      s.m1 = answer.memberEpoch
    },
  ),
  'a commit from outside': commit(() => ({})),
  'a commit of an unknown member': commit(() => ({
    memberId: 'nobody',
    generationIdOrMemberEpoch: 1,
  })),
  'a commit of the future': commit(() => ({ memberId: 'm1', generationIdOrMemberEpoch: 900 })),
  'a commit with a negative epoch': commit(() => ({
    memberId: 'm1',
    generationIdOrMemberEpoch: -1,
  })),
  'a commit by an old version': commit(
    s => ({ memberId: 'm1', generationIdOrMemberEpoch: s.m1 }),
    8,
  ),
  'a commit of the member': commit(s => ({ memberId: 'm1', generationIdOrMemberEpoch: s.m1 })),
  'a commit by topic id': commit(s => ({ memberId: 'm1', generationIdOrMemberEpoch: s.m1 }), 10),
  'a commit by an unknown topic id': commit(
    s => ({
      memberId: 'm1',
      generationIdOrMemberEpoch: s.m1,
      topics: [
        {
          topicId: OTHER_ID,
          partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }],
        },
      ],
    }),
    10,
  ),
  'a commit with too much metadata': commit(
    s => ({ memberId: 'm1', generationIdOrMemberEpoch: s.m1 }),
    9,
    { committedMetadata: 'x'.repeat(21) },
  ),
  'a commit of a partition that is not there': commit(
    s => ({ memberId: 'm1', generationIdOrMemberEpoch: s.m1 }),
    9,
    { partitionIndex: 77 },
  ),
  'a commit of a negative offset': commit(
    s => ({ memberId: 'm1', generationIdOrMemberEpoch: s.m1 }),
    9,
    { committedOffset: -5 },
  ),
  'a commit without a group id': commit(() => ({ groupId: '' })),
  'a commit of a generation in no group': commit(() => ({
    groupId: 'nowhere',
    generationIdOrMemberEpoch: 3,
    memberId: 'x',
  })),
  'the same by version 8': commit(
    () => ({ groupId: 'nowhere', generationIdOrMemberEpoch: 3, memberId: 'x' }),
    8,
  ),
  'a fetch of all': fetch(() => ({})),
  'a fetch of the member': fetch(s => ({ memberId: 'm1', memberEpoch: s.m1 })),
  'a fetch with another epoch': fetch(() => ({ memberId: 'm1', memberEpoch: 900 })),
  'a fetch of an unknown member': fetch(() => ({ memberId: 'nobody', memberEpoch: 1 })),
  'a fetch of an unknown group': fetch(() => ({ groupId: 'nowhere' })),
  'a fetch with a member of an unknown group': fetch(() => ({
    groupId: 'nowhere',
    memberId: 'x',
    memberEpoch: 1,
  })),
  'a fetch without a group id': fetch(() => ({ groupId: '' })),
  'a fetch of other topics': fetch(() => ({
    topics: [
      { name: 't', partitionIndexes: [0, 9] },
      { name: 'missing', partitionIndexes: [0] },
    ],
  })),
  'a fetch by topic ids': fetch(
    s => ({
      topics: [
        { topicId: s.topicId, partitionIndexes: [0, 1] },
        { topicId: OTHER_ID, partitionIndexes: [0] },
      ],
    }),
    10,
  ),
  'several groups': {
    api: 'offsetFetchApi',
    version: 9,
    body: () => ({
      groups: ['next', 'nowhere', 'old'].map(groupId => ({ groupId, topics: null })),
      requireStable: false,
    }),
  },

  // Who asks about, deletes, or joins a consumer group in another way.
  'it is described': describe848(['next', 'nowhere', 'old', '']),
  'it is described as a classic one': describeOld(['next', 'nowhere', '']),
  'the same by version 5': describeOld(['next', 'nowhere'], 5),
  'it is deleted with members': remove(['next', 'nowhere', '']),
  'offsets of a subscribed topic are deleted': removeOffsets('next'),
  'offsets of an unknown topic are deleted': removeOffsets('next', 'missing'),
  'offsets of no group are deleted': removeOffsets('nowhere'),
  'a classic heartbeat of its member': heartbeat(() => ({ groupId: 'next', memberId: 'm1' })),
  'a classic sync of its member': sync(() => ({ groupId: 'next', memberId: 'm1' })),
  'a classic leave of its member': leave(() => ({
    groupId: 'next',
    members: [{ memberId: 'nobody' }],
  })),

  // GROUP settings.
  'a session below the least': groupConfigs({ 'consumer.session.timeout.ms': '1' }),
  'a session that is no number': groupConfigs({ 'consumer.session.timeout.ms': 'long' }),
  'a heartbeat interval above the session': groupConfigs({
    'consumer.heartbeat.interval.ms': '15000',
    'consumer.session.timeout.ms': '15000',
  }),
  'an unknown group setting': groupConfigs({ 'consumer.nothing': '1' }),
  'good settings': groupConfigs({ 'consumer.session.timeout.ms': '50000' }),
  'the settings are gone': groupConfigs({ 'consumer.session.timeout.ms': null }),

  // Classic groups.
  'join without group id': join9(() => ({ groupId: '' })),
  'join with a session too short': join9(() => ({ sessionTimeoutMs: 10 })),
  'join with a session too long': join9(() => ({ sessionTimeoutMs: 2_000_000_000 })),
  'join with an unknown member id': join9(() => ({ memberId: 'nobody' })),
  'join without protocols': join9(() => ({ protocols: [] })),
  'join without protocol type': join9(() => ({ protocolType: '' })),
  'join a first time': join9(
    () => ({}),
    (s, answer) => (s.old = answer.memberId),
  ),
  'join a second time': join9(s => ({ memberId: s.old })),
  'sync of another generation': sync(() => ({ generationId: 9 })),
  'sync of an unknown member': sync(() => ({ memberId: 'nobody' })),
  'sync of another protocol': sync(() => ({ protocolName: 'other' })),
  'sync of another type': sync(() => ({ protocolType: 'other' })),
  'sync of an unknown group': sync(() => ({ groupId: 'nowhere' })),
  'sync without group id': sync(() => ({ groupId: '' })),
  'heartbeat before the sync': heartbeat(() => ({})),
  'commit before the sync': commit(s => ({
    groupId: 'old',
    memberId: s.old,
    generationIdOrMemberEpoch: 1,
  })),
  sync: sync(s => ({ assignments: [{ memberId: s.old, assignment: Buffer.from('mine') }] })),
  'sync again': sync(() => ({})),
  'a heartbeat': heartbeat(() => ({})),
  'a heartbeat of another generation': heartbeat(() => ({ generationId: 9 })),
  'a heartbeat of an older generation': heartbeat(() => ({ generationId: 0 })),
  'a heartbeat of an unknown member': heartbeat(() => ({ memberId: 'nobody' })),
  'a heartbeat of an unknown group': heartbeat(() => ({ groupId: 'nowhere' })),
  'a heartbeat without group id': heartbeat(() => ({ groupId: '' })),
  'a heartbeat of an unknown instance': heartbeat(() => ({ groupInstanceId: 'who' })),
  'join with another type': join9(() => ({ protocolType: 'connect' })),
  'join with another protocol': join9(() => ({
    protocols: [{ name: 'own', metadata: subscription(['t']) }],
  })),
  'a commit of another generation': commit(s => ({
    groupId: 'old',
    memberId: s.old,
    generationIdOrMemberEpoch: 9,
  })),
  'a commit of an unknown classic member': commit(() => ({
    groupId: 'old',
    memberId: 'nobody',
    generationIdOrMemberEpoch: 1,
  })),
  'a commit of nobody in a group with members': commit(() => ({ groupId: 'old' })),
  'a commit of an unknown instance': commit(s => ({
    groupId: 'old',
    memberId: s.old,
    generationIdOrMemberEpoch: 1,
    groupInstanceId: 'who',
  })),
  'a good commit': commit(s => ({ groupId: 'old', memberId: s.old, generationIdOrMemberEpoch: 1 })),
  'a classic group is described': describeOld(['old']),
  'it is described as a consumer group': describe848(['old']),
  'a classic group with members is deleted': remove(['old']),
  'offsets of its topic are deleted': removeOffsets('old'),
  'an unknown member of it leaves': leave(() => ({})),
  'leave an unknown group': leave(() => ({ groupId: 'nowhere' })),
  'leave without group id': leave(() => ({ groupId: '' })),
  'an unknown instance leaves': leave(() => ({
    members: [{ memberId: '', groupInstanceId: 'who' }],
  })),
  'a member of the other protocol joins a group of connect': beat(() => ({ groupId: 'connect' })),
  'it leaves': leave(s => ({ members: [{ memberId: s.old }] })),
  'and again': leave(s => ({ members: [{ memberId: s.old }] })),
  'the empty group is described': describeOld(['old']),
  'the empty group is deleted': remove(['old']),
  'and once more': remove(['old']),
  'lists of an unknown state': {
    api: 'listGroupsApi',
    version: 5,
    body: () => ({ statesFilter: ['Asleep'], typesFilter: [] }),
  },
  'lists of an unknown type': {
    api: 'listGroupsApi',
    version: 5,
    body: () => ({ statesFilter: [], typesFilter: ['odd'] }),
  },
  'lists by state, in any case': {
    api: 'listGroupsApi',
    version: 5,
    body: () => ({
      statesFilter: ['eMPTY', 'stable', 'reconciling', 'assigning'],
      typesFilter: ['Consumer'],
    }),
  },
}

function subscription(topics) {
  return kafka.encodeVersioned(kafka.consumerProtocolSubscription, 0, { topics })
}

function start(name, command, args) {
  const child = spawn(command, args, { stdio: 'ignore' })
  children.push(child)
  child.on('exit', code => {
    if (code !== null) fail(`${name} ended with ${code}`)
  })
}

async function connect(port) {
  for (let waitedMs = 0; ; waitedMs += 200) {
    try {
      return await Rpc.connect(env, { host: '127.0.0.1', port })
    } catch (error) {
      if (waitedMs > START_TIMEOUT_MS) throw error
      await env.clock.sleep(200)
    }
  }
}

async function setUp(port) {
  const rpc = await connect(port)
  const admin = new Admin(env, rpc)
  for (;;) {
    try {
      await admin.createTopic({ name: 't', partitions: 2, replicationFactor: 1, configs: {} })
      break
    } catch (error) {
      if (error.message.includes('exists')) break
      await env.clock.sleep(500)
    }
  }
  const metadata = await rpc.call(
    kafka.metadataApi,
    { version: 12 },
    {
      topics: [{ name: 't', topicId: ZERO_ID }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    },
  )
  for (;;) {
    const { coordinators } = await rpc.call(
      kafka.findCoordinatorApi,
      { version: 4 },
      { keyType: 0, coordinatorKeys: ['next'] },
    )
    if (coordinators[0].errorCode === 0) break
    await env.clock.sleep(200)
  }
  return { rpc, state: { topicId: metadata.topics[0].topicId } }
}

/**
 * What both brokers have to say alike: without ids, times and addresses. Epochs only as being there:
 * Kafka begins at 2, and assigns with a delay.
 */
function comparable(value, state, name = '') {
  if (Buffer.isBuffer(value)) return value.toString('hex')
  if (Array.isArray(value)) {
    const items = value.map(each => comparable(each, state, name))
    return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, comparable(each, state, key)]),
    )
  }
  if (name === 'errorCode') return errorName(value)
  if (name === 'memberEpoch' && value > 0) return 'EPOCH'
  if (name === 'groupEpoch' || name === 'assignmentEpoch') return value > 0 ? 'EPOCH' : value
  if (typeof value !== 'string') return value
  let text = value
  if (text === state.topicId) return 'TOPIC'
  for (const id of ['old', 'made'])
    if (state[id]) text = text.replaceAll(state[id], id.toUpperCase())
  if (name === 'memberId' && text.length > 20) return 'MADE'
  if (name === 'errorMessage') return text.replaceAll(/coordinator \(\d+\)/g, 'coordinator (EPOCH)')
  return text
}

async function ask({ rpc, state }, step) {
  const api = kafka[step.api]
  try {
    const answer = await rpc.call(
      api,
      { version: step.version, timeoutMs: 10_000 },
      step.body(state),
    )
    step.keep?.(state, answer)
    return comparable(answer, state)
  } catch (error) {
    return `no answer: ${error.message}`
  }
}

function fail(message) {
  console.error(message)
  finish(1)
}

function finish(code) {
  for (const child of children) {
    child.removeAllListeners('exit')
    child.kill('SIGKILL')
  }
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  process.exit(code)
}

const peer = await prepareKafka(directory)
if (peer === null) finish(0)
const lines = Object.entries(SETTINGS).map(([key, value]) => `${key}=${value}\n`)
appendFileSync(peer.args.at(-1), lines.join(''))
start('kafka', 'java', peer.args)
const port = await freePort()
start('weir', process.execPath, [
  join(ROOT, 'packages', 'weir', 'bin', 'weir.js'),
  'start',
  ...['--listen', `127.0.0.1:${port}`, '--http', 'off', '--data-dir', join(directory, 'weir')],
  ...Object.entries(SETTINGS).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
])
const [weir, theirs] = [await setUp(port), await setUp(peer.port)]
let same = 0
let different = 0
for (const [name, step] of Object.entries(STEPS)) {
  if (step.wait !== undefined) {
    await env.clock.sleep(step.wait)
    continue
  }
  const [ours, expected] = await Promise.all([ask(weir, step), ask(theirs, step)])
  const [a, b] = [JSON.stringify(ours), JSON.stringify(expected)]
  if (a === b) same++
  else different++
  if (a === b && !values.verbose) continue
  console.log(
    a === b ? `same       ${name}\n  ${a}` : `DIFFERENT  ${name}\n  weir  ${a}\n  kafka ${b}`,
  )
}
console.log(`${same} the same, ${different} different`)
finish(different === 0 ? 0 : 1)
