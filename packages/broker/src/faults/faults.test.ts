import { Simulation } from '@weir/core/sim'
import { type ApiDefinition, decodeMessage, encodeToBuffer, errorCode } from '@weir/protocol'
import t from 'tap'
import { API_ROWS } from '../server/api-table.ts'
import type { PendingRequest } from '../server/pending-request.ts'
import { RandomRequests } from '../testing/random-request.ts'
import { errorAnswer } from './error-answer.ts'
import { FaultPlan } from './fault-plan.ts'
import { topicsOf } from './topics-of.ts'

const FAILURE = { errorCode: errorCode('NOT_LEADER_OR_FOLLOWER'), message: 'by a test' }
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

t.test('an answer that fails can be made for each API, version and request', t => {
  const requests = new RandomRequests('faults', {
    names: ['orders'],
    topicIds: [TOPIC_ID],
    batches: [Buffer.alloc(61)],
  })
  for (const { definition, minVersion, maxVersion } of API_ROWS) {
    for (let version = minVersion; version <= maxVersion; version++) {
      for (let round = 0; round < 20; round++) {
        const request = requests.value(definition.request.fields, version)
        const answer = errorAnswer(
          definition,
          version,
          decoded(definition, version, request),
          FAILURE,
        )
        if (answer === null) continue
        const codes = codesIn(through(definition, version, answer))
        if (!codes.includes(FAILURE.errorCode)) t.fail(`${definition.name} v${version} has no code`)
      }
    }
  }
  t.end()
})

const topics = [
  {
    name: 'orders',
    topic: 'orders',
    topicId: TOPIC_ID,
    partitions: [{ partition: 2, partitionIndex: 2 }],
  },
]

const cases: readonly {
  readonly api: string
  readonly version: number
  readonly request: Record<string, unknown>
  readonly expected: Record<string, unknown>
}[] = [
  {
    api: 'Produce',
    version: 9,
    request: { topicData: [{ name: 'orders', partitionData: [{ index: 2, records: null }] }] },
    expected: {
      responses: [{ name: 'orders', partitionResponses: [{ index: 2, errorCode: 6 }] }],
    },
  },
  {
    api: 'Fetch',
    version: 12,
    request: { topics },
    expected: {
      errorCode: 0,
      responses: [
        { topic: 'orders', partitions: [{ partitionIndex: 2, errorCode: 6, records: null }] },
      ],
    },
  },
  { api: 'Fetch', version: 12, request: { topics: [] }, expected: { errorCode: 6, responses: [] } },
  {
    api: 'ListOffsets',
    version: 4,
    request: { topics },
    expected: { topics: [{ name: 'orders', partitions: [{ partitionIndex: 2, errorCode: 6 }] }] },
  },
  {
    api: 'FindCoordinator',
    version: 4,
    request: { keyType: 0, coordinatorKeys: ['readers'] },
    expected: { coordinators: [{ key: 'readers', errorCode: 6 }] },
  },
  {
    api: 'OffsetFetch',
    version: 8,
    request: { groups: [{ groupId: 'readers', topics: null }] },
    expected: { groups: [{ groupId: 'readers', errorCode: 6, topics: [] }] },
  },
  {
    api: 'Metadata',
    version: 9,
    request: { topics: [{ name: 'orders' }] },
    expected: { brokers: [], topics: [{ name: 'orders', errorCode: 6, partitions: [] }] },
  },
  { api: 'Heartbeat', version: 3, request: { groupId: 'g' }, expected: { errorCode: 6 } },
]

for (const { api, version, request, expected } of cases) {
  t.test(`${api} v${version} fails where clients look: ${JSON.stringify(request)}`, t => {
    const definition = definitionOf(api)
    const answer = errorAnswer(definition, version, request, FAILURE)
    t.match(through(definition, version, answer ?? {}), expected)
    t.end()
  })
}

t.test('where a version has no place for a code there is no answer', t => {
  const request = { topics: null }
  t.equal(errorAnswer(definitionOf('Metadata'), 1, request, FAILURE), null)
  t.end()
})

t.test('topics of a request are found by name, by id and in lists', t => {
  const nameOf = (id: string) => (id === TOPIC_ID ? 'by-id' : null)
  const body = {
    topics: [{ topicId: TOPIC_ID }, { topicId: 'other' }, { topic: 'a' }],
    topicNames: ['b'],
    records: Buffer.from('name'),
    inner: { name: 'c', nothing: null },
  }
  t.same([...topicsOf(body, nameOf)].sort(), ['a', 'b', 'by-id', 'c'])
  t.end()
})

t.test('what was delayed goes on at once when the faults are cleared', t => {
  const sim = new Simulation({ seed: 1 })
  const plan = new FaultPlan({ sparedClientId: 'nobody' })
  const site = { brokerId: 1, clock: sim.env('a').clock, topicName: () => null }
  const { intercept } = plan.interceptorOf(site)
  const row = API_ROWS.find(each => each.definition.name === 'Fetch')
  const request = { clientId: 'a', row } as unknown as PendingRequest
  let runs = 0
  const run = () => {
    runs++
  }
  plan.delay('Fetch', 60_000)
  const own = { ...request, clientId: 'nobody' } as PendingRequest
  t.equal(intercept(own, {}, run), false, 'what the test itself asks for is spared')
  t.equal(intercept(request, {}, run), true)
  t.equal(runs, 0)
  plan.clear()
  t.equal(runs, 1)
  t.equal(intercept(request, {}, run), false, 'no fault is left')
  t.end()
})

t.test('a mistyped API or error is named when the fault is set', t => {
  const plan = new FaultPlan({ sparedClientId: 'nobody' })
  t.throws(() => plan.drop('Fetsch'), /no API 'Fetsch': did you mean 'Fetch'/)
  t.throws(() => plan.fail('Fetch', 'NOT_LEADER' as never), /no error 'NOT_LEADER'/)
  t.end()
})

function definitionOf(api: string): ApiDefinition {
  const row = API_ROWS.find(each => each.definition.name === api)
  if (row === undefined) throw new Error(`no API ${api}`)
  return row.definition
}

function decoded(definition: ApiDefinition, version: number, request: object): unknown {
  const bytes = encodeToBuffer(definition.request, version, request)
  return decodeMessage(definition.request, version, bytes, 0)
}

function through(definition: ApiDefinition, version: number, answer: object): unknown {
  const bytes = encodeToBuffer(definition.response, version, answer)
  return decodeMessage(definition.response, version, bytes, 0)
}

function codesIn(answer: unknown): number[] {
  if (answer === null || typeof answer !== 'object' || Buffer.isBuffer(answer)) return []
  return Object.entries(answer).flatMap(([name, value]) =>
    name === 'errorCode' ? [value as number] : codesIn(value),
  )
}
