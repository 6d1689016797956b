// For tests: values of the exact mode to and from the JSON of the golden vectors (int64 as text,
// bytes as base64, fields that the version lacks and tagged fields at their default left out).

import { ZERO_UUID } from '@weir/core'
import type { Field, Fields } from '../schema.ts'

const MAX_INT64 = 2n ** 63n - 1n

type Value = unknown

export function toGoldenJson(fields: Fields, version: number, value: Value): unknown {
  const struct = value as Record<string, Value>
  const json: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const isSent = version >= field.since && version <= field.until
    if (!isSent || (field.tag !== null && isDefault(field, struct[name]))) continue
    json[name] = valueToJson(field, version, struct[name])
  }
  return json
}

/** Fields that are absent from the JSON are left out: the encoder has to know their defaults. */
export function fromGoldenJson(fields: Fields, json: unknown): Value {
  const object = json as Record<string, unknown>
  const struct: Record<string, Value> = {}
  for (const [name, field] of Object.entries(fields)) {
    if (name in object) struct[name] = valueFromJson(field, object[name])
  }
  return struct
}

function valueToJson(field: Field, version: number, value: Value): unknown {
  if (value === null) return null
  switch (field.kind) {
    case 'int64':
    case 'looseInt64':
    case 'bigint64':
      return String(value)
    case 'bytes':
    case 'records':
      return (value as Buffer).toString('base64')
    case 'array':
      return (value as Value[]).map(item => valueToJson(field.element as Field, version, item))
    case 'struct':
      return toGoldenJson(field.fields as Fields, version, value)
    default:
      return value
  }
}

function valueFromJson(field: Field, json: unknown): Value {
  if (json === null) return null
  switch (field.kind) {
    case 'int64':
    case 'looseInt64':
    case 'bigint64':
      return BigInt(json as string)
    case 'bytes':
    case 'records':
      return Buffer.from(json as string, 'base64')
    case 'array':
      return (json as unknown[]).map(item => valueFromJson(field.element as Field, item))
    case 'struct':
      return fromGoldenJson(field.fields as Fields, json)
    default:
      return json
  }
}

/** Written apart from the codec's own notion of defaults, so that one checks the other. */
function isDefault(field: Field, value: Value): boolean {
  if (field.default === null || value === null) return value === field.default
  switch (field.kind) {
    case 'array':
    case 'bytes':
    case 'records':
      return (value as Buffer).length === 0
    case 'struct':
      return Object.entries(field.fields as Fields).every(([name, inner]) =>
        isDefault(inner, (value as Record<string, Value>)[name]),
      )
    case 'bool':
      return value === (field.default ?? false)
    case 'string':
      return value === (field.default ?? '')
    case 'uuid':
      return value === (field.default ?? ZERO_UUID)
    case 'int64':
    case 'looseInt64':
    case 'bigint64': {
      const wanted = BigInt((field.default as number | undefined) ?? 0)
      return value === (wanted > MAX_INT64 ? MAX_INT64 : wanted)
    }
    default:
      return value === (field.default ?? 0)
  }
}
