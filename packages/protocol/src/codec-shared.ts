// What decoder and encoder compiler have in common: which fields a version has, their defaults,
// and the collecting of generated functions. The generated source holds only names from our own
// tables, as quoted text; values go in as constants.

import { assert, ZERO_UUID } from '@weir/core'
import type { Field, Fields, Message } from './schema.ts'

export interface Plan {
  readonly message: Message<Fields>
  readonly version: number
  readonly flexible: boolean
  /** 64-bit fields are bigints. */
  readonly exact: boolean
}

export function plan(message: Message<Fields>, version: number, exact: boolean): Plan {
  return { message, version, exact, flexible: version >= message.firstFlexible }
}

function isIn(field: Field, version: number): boolean {
  return version >= field.since && version <= field.until
}

export function isNullable(field: Field, version: number): boolean {
  return version >= field.nullable[0] && version <= field.nullable[1]
}

export function isCompact(field: Field, flexible: boolean): boolean {
  return flexible && !field.neverCompact
}

/** Held as a bigint: by its kind, or because this is the exact mode. */
export function isBigint(field: Field, { exact }: { readonly exact: boolean }): boolean {
  if (field.kind === 'bigint64') return true
  return exact && (field.kind === 'int64' || field.kind === 'looseInt64')
}

/** The fields sent one after the other, without the tagged ones. */
export function untagged(fields: Fields, version: number): [string, Field][] {
  return Object.entries(fields).filter(([, field]) => isIn(field, version) && field.tag === null)
}

/** The tagged fields of a version in the order of their tags. */
export function tagged(fields: Fields, version: number): [string, Field][] {
  return Object.entries(fields)
    .filter(([, field]) => isIn(field, version) && field.tag !== null)
    .sort(([, a], [, b]) => Number(a.tag) - Number(b.tag))
}

export function innerFields(field: Field): Fields {
  assert(field.fields !== null, 'a struct without fields')
  return field.fields
}

export function innerElement(field: Field): Field {
  assert(field.element !== null, 'an array without element')
  return field.element
}

const MAX_INT64 = 0x7fff_ffff_ffff_ffffn

/** A default as source text. `shared` gives a name to an object that all values may share. */
export function defaultSource(
  field: Field,
  exact: boolean,
  shared: (value: unknown) => string,
): string {
  if (field.default === null) return 'null'
  switch (field.kind) {
    case 'bool':
      return String(field.default ?? false)
    case 'int64':
    case 'looseInt64':
    case 'bigint64':
      return isBigint(field, { exact }) ? `${exactDefault(field)}n` : String(field.default ?? 0)
    case 'int8':
    case 'int16':
    case 'uint16':
    case 'int32':
    case 'float64':
      return String(field.default ?? 0)
    case 'string':
      return JSON.stringify(field.default ?? '')
    case 'uuid':
      return JSON.stringify(field.default ?? ZERO_UUID)
    case 'bytes':
    case 'records':
      return shared(NO_BYTES)
    case 'array':
      return '[]'
    case 'struct':
      return shared(defaultStruct(innerFields(field), exact))
  }
}

const NO_BYTES = Buffer.alloc(0)

function exactDefault(field: Field): bigint {
  const value = BigInt((field.default as number | undefined) ?? 0)
  return value > MAX_INT64 ? MAX_INT64 : value
}

/** A struct of defaults, frozen as many values share it. */
function defaultStruct(fields: Fields, exact: boolean): unknown {
  const entries = Object.entries(fields).map(([name, field]) => [name, defaultValue(field, exact)])
  return Object.freeze(Object.fromEntries(entries))
}

function defaultValue(field: Field, exact: boolean): unknown {
  if (isBigint(field, { exact })) return exactDefault(field)
  if (field.default !== undefined) return field.default
  switch (field.kind) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'uuid':
      return ZERO_UUID
    case 'bytes':
    case 'records':
      return NO_BYTES
    case 'array':
      return Object.freeze([])
    case 'struct':
      return defaultStruct(innerFields(field), exact)
    default:
      return 0
  }
}

/** Collects generated functions and the constants they use, and turns them into one function. */
export class Source {
  readonly #functions: string[] = []
  readonly #constants: unknown[] = []
  #names = 0

  name(prefix: string): string {
    return `${prefix}${this.#names++}`
  }

  /** The name by which generated code reaches a value. */
  constant(value: unknown): string {
    const known = this.#constants.indexOf(value)
    return `c${known >= 0 ? known : this.#constants.push(value) - 1}`
  }

  addFunction(name: string, parameters: string, body: readonly string[]): void {
    this.#functions.push(`function ${name}(${parameters}) {\n${body.join('\n')}\n}`)
  }

  compile<F>(entry: string): F {
    const names = this.#constants.map((_, index) => `c${index}`)
    const text = `'use strict'\n${this.#functions.join('\n')}\nreturn ${entry}`
    return new Function(...names, text)(...this.#constants) as F
  }
}

/** The least number of bytes that a value of this field takes: what a count is checked with. */
export function minBytes(field: Field, { version, flexible, ...rest }: Plan): number {
  switch (field.kind) {
    case 'bool':
    case 'int8':
      return 1
    case 'int16':
    case 'uint16':
      return 2
    case 'int32':
      return 4
    case 'int64':
    case 'looseInt64':
    case 'bigint64':
    case 'float64':
      return 8
    case 'uuid':
      return 16
    case 'string':
      return isCompact(field, flexible) ? 1 : 2
    case 'bytes':
    case 'records':
    case 'array':
      return isCompact(field, flexible) ? 1 : 4
    case 'struct': {
      if (isNullable(field, version)) return 1
      const inner = untagged(innerFields(field), version)
      const sum = inner.reduce(
        (bytes, [, f]) => bytes + minBytes(f, { version, flexible, ...rest }),
        0,
      )
      return Math.max(1, sum + (flexible ? 1 : 0))
    }
  }
}
