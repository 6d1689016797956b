// The answer of any API to a request that failed: the code wherever its table has one, for each topic,
// partition or group that the request names. For errors that somebody wants to see (interceptors);
// handlers make their own answers.
//
// An array of the response mirrors the array of the request that has its name, or else the one that
// names anything; an element takes over the fields that say which one it is.

import { ZERO_UUID } from '@weir/core'
import type { ApiDefinition, Field, Fields } from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'

type Values = Record<string, unknown>

const CODE_FIELD = 'errorCode'
const MESSAGE_FIELD = 'errorMessage'
/** Kinds of fields that may say which thing it is; others of a request mean something else. */
const IDENTIFYING: ReadonlySet<string> = new Set(['string', 'uuid', 'int8', 'int16', 'int32'])
/** Names of one thing in requests and responses. */
const SAME: readonly (readonly string[])[] = [
  ['partitionIndex', 'partition', 'index', 'partitionId'],
  ['name', 'topic', 'topicName'],
]

/** Null if this version has no place for a code, or none for what the request asks. */
export function errorAnswer(
  definition: ApiDefinition,
  version: number,
  request: unknown,
  failure: KafkaFailure,
): Values | null {
  const answer = new ErrorAnswer(version, failure)
  const values = answer.struct(definition.response.fields, request as Values)
  return answer.codeCount > 0 ? values : null
}

class ErrorAnswer {
  readonly #version: number
  readonly #failure: KafkaFailure
  codeCount = 0

  constructor(version: number, failure: KafkaFailure) {
    this.#version = version
    this.#failure = failure
  }

  struct(fields: Fields, source: Values): Values {
    const values: Values = {}
    // What a request names is told of each; the whole request only failed if it names nothing.
    const inner = Object.entries(fields).filter(([, field]) => this.#carriesCode(field))
    for (const [name, field] of inner) values[name] = this.#mirror(name, field, source)
    const isTold = Object.values(values).some(list => (list as unknown[]).length > 0)
    for (const [name, field] of Object.entries(fields)) {
      if (name in values || !this.#isIn(field)) continue
      values[name] = this.#value(name, field, source, isTold)
    }
    return values
  }

  #value(name: string, field: Field, source: Values, isTold: boolean): unknown {
    if (name === CODE_FIELD) {
      if (isTold) return 0
      this.codeCount++
      return this.#failure.errorCode
    }
    if (name === MESSAGE_FIELD) return isTold ? null : this.#failure.message
    const known = IDENTIFYING.has(field.kind) ? same(name, source) : null
    if (known !== undefined && known !== null) return known
    return field.optional ? undefined : this.#empty(field)
  }

  #mirror(name: string, field: Field, source: Values): unknown[] {
    const { element } = field
    const fields = element?.fields
    if (fields === null || fields === undefined) return []
    return this.#named(name, source).map(each =>
      this.struct(fields, isStruct(each) ? each : scalarSource(fields, each)),
    )
  }

  /** The elements of the request that an array of the response is about. */
  #named(name: string, source: Values): readonly unknown[] {
    const same = source[name]
    if (Array.isArray(same) && same.length > 0) return same
    const lists = Object.values(source).filter(value => Array.isArray(value))
    return lists.find(list => list.length > 0) ?? []
  }

  #carriesCode(field: Field): boolean {
    if (field.kind !== 'array' || !this.#isIn(field)) return false
    return Object.entries(field.element?.fields ?? {}).some(
      ([name, each]) => (name === CODE_FIELD && this.#isIn(each)) || this.#carriesCode(each),
    )
  }

  #isIn(field: Field): boolean {
    return this.#version >= field.since && this.#version <= field.until
  }

  #empty(field: Field): unknown {
    const [first, last] = field.nullable
    switch (field.kind) {
      case 'array':
        return []
      case 'struct':
        return this.struct(field.fields ?? {}, {})
      case 'string':
        return ''
      case 'uuid':
        return ZERO_UUID
      case 'bytes':
      case 'records':
        return this.#version >= first && this.#version <= last ? null : Buffer.alloc(0)
      case 'bool':
        return false
      case 'bigint64':
        return 0n
      default:
        return 0
    }
  }
}

function isStruct(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value)
}

/** A list of names or numbers: the first field that can hold one says which it is. */
function scalarSource(fields: Fields, scalar: unknown): Values {
  const kind = typeof scalar === 'string' ? 'string' : 'int32'
  const found = Object.entries(fields).find(([, field]) => field.kind === kind)
  return found === undefined ? {} : { [found[0]]: scalar }
}

function same(name: string, source: Values): unknown {
  if (name in source) return source[name]
  const names = SAME.find(list => list.includes(name)) ?? []
  return source[names.find(other => other in source) ?? '']
}
