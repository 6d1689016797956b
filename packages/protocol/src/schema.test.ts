// What the tables promise to the compiler. Each line with an error expected fails the build when
// the error goes away.

import t from 'tap'
import { encodeToBuffer } from './codec.ts'
import { type FetchRequest, type FetchResponseInit, fetchApi } from './definitions/fetch.ts'
import type { consumerGroupMetadata } from './internal-topics/consumer-groups.ts'
import { api, array, type Decoded, type Init, int32, NO_VERSION, string, struct } from './schema.ts'

const pingApi = api({
  key: 1,
  name: 'Ping',
  versions: [1, 2],
  unstable: 3,
  flexible: 'never',
  request: {
    needed: int32(),
    text: string({ nullable: true }),
    later: int32({ since: 2 }),
    // A field may have the name of a property of fields.
    list: array({ kind: string() }),
    inner: struct({ since: 2 }, { deep: int32({ default: 4 }) }),
  },
  response: {},
})

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function isTrue(value: true): boolean {
  return value
}

t.test('decoded values have every field, values to encode only the needed ones', t => {
  type Request = Decoded<typeof pingApi.request>
  t.ok(
    isTrue(
      true satisfies Same<
        Request,
        {
          needed: number
          text: string | null
          later: number
          list: { kind: string }[]
          inner: { deep: number }
        }
      >,
    ),
  )
  type Sparse = Init<typeof pingApi.request>
  const least: Sparse = { needed: 1, text: null, list: [] }
  // @ts-expect-error: `text` is nullable, but must be said.
  const textless: Sparse = { needed: 1, list: [] }
  // @ts-expect-error: no such field.
  const unknown: Sparse = { ...least, other: 1 }
  // @ts-expect-error: not nullable.
  const nothing: Sparse = { ...least, list: null }
  t.equal(encodeToBuffer(pingApi.request, 1, least).length, 10)
  t.ok(textless && unknown && nothing)
  t.end()
})

t.test('types of real tables are not any', t => {
  type Partition = FetchRequest['topics'][number]['partitions'][number]
  isTrue(true satisfies Same<Partition['fetchOffset'], number>)
  isTrue(
    true satisfies Same<Decoded<(typeof consumerGroupMetadata)['value']>['metadataHash'], bigint>,
  )
  type Response = FetchResponseInit['responses'][number]['partitions'][number]
  isTrue(true satisfies Same<Response['records'], Buffer | readonly Buffer[] | null>)
  t.equal(fetchApi.key, 1)
  t.end()
})

t.test('an unstable version is in the tables and not in the range to advertise', t => {
  t.equal(pingApi.maxVersion, 2)
  t.equal(pingApi.request.maxVersion, 3)
  t.equal(pingApi.firstFlexible, NO_VERSION)
  t.end()
})
