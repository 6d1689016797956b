// Builders of table rows: they keep a row on one line and its key and type literal, so that
// `settings.get('log.retention.ms')` knows what it answers.

import type { SettingRow, SettingType, UpdateMode } from '@weir/core'

/** Kafka's way to say "for ever" or "without limit". */
export const MAX_LONG = '9223372036854775807'

export interface RowOptions {
  readonly min?: number
  readonly max?: number
  readonly oneOf?: readonly string[]
  readonly ignoresCase?: boolean
  readonly check?: (text: string) => string | null
  readonly brokerKeys?: readonly string[]
  readonly unit?: string
  /** 'read-only' unless given. */
  readonly update?: UpdateMode
  /** Taken without effect, for this reason. */
  readonly accepted?: string
  /** Any value but the default is an error, for this reason. */
  readonly refused?: string
  readonly kafkaDefault?: string
}

type Default = boolean | number | string | null
type Row<Key extends string, Type extends SettingType, Value> = SettingRow<
  Key,
  Type,
  Value extends null ? true : false
>

type Builder<Type extends SettingType> = <const Key extends string, const Value extends Default>(
  key: Key,
  value: Value,
  options: RowOptions,
  doc: string,
) => Row<Key, Type, Value>

function builder<const Type extends SettingType>(type: Type): Builder<Type> {
  return (key, value, options, doc) => {
    const { accepted, refused, update, ...rest } = options
    const reason = refused ?? accepted
    const support = refused !== undefined ? 'refused' : accepted !== undefined ? 'accepted' : null
    // The compiler cannot follow the conditional type of isNullable.
    const isNullable = (value === null) as never
    return {
      key,
      type,
      defaultText: value === null ? null : String(value),
      isNullable,
      update: update ?? 'read-only',
      support: support ?? 'supported',
      ...(reason === undefined ? {} : { reason }),
      ...rest,
      doc,
    }
  }
}

export const boolean = builder('boolean')
export const string = builder('string')
export const int = builder('int')
export const short = builder('short')
export const long = builder('long')
export const double = builder('double')
export const list = builder('list')
export const className = builder('class')
export const password = builder('password')
