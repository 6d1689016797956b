// Generates the encoder of one message in one version: one function a struct that checks and
// writes field after field. A field left out of the value takes its default; a field that the
// version lacks must be at its default unless it is ignorable or the message an answer.

import {
  defaultSource,
  innerElement,
  innerFields,
  isBigint,
  isCompact,
  isNullable,
  type Plan,
  plan,
  Source,
  tagged,
  untagged,
} from './codec-shared.ts'
import { EncodeError } from './encode-error.ts'
import type { Field, Fields, Kind, Message } from './schema.ts'
import { clipped, type Writer } from './writer.ts'

export function compileEncoder(
  message: Message<Fields>,
  version: number,
  exact: boolean,
): (writer: Writer, value: unknown) => void {
  const compiler = new EncoderCompiler(plan(message, version, exact))
  return compiler.compile()
}

/** Sizes that are known before the value is. */
const FIXED_BYTES: Partial<Record<Kind, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  int64: 8,
  looseInt64: 8,
  bigint64: 8,
  float64: 8,
  uuid: 16,
}

class EncoderCompiler {
  readonly #plan: Plan
  readonly #source = new Source()
  readonly #structs = new Map<Fields, string>()
  readonly #defaultChecks = new Map<Fields, string>()
  readonly #bad: string

  constructor(encoderPlan: Plan) {
    this.#plan = encoderPlan
    const { message, version } = encoderPlan
    this.#bad = this.#source.constant((path: string, value: unknown): never => {
      throw new EncodeError(`${message.name} v${version} ${path}: cannot be ${String(value)}`)
    })
  }

  compile(): (writer: Writer, value: unknown) => void {
    return this.#source.compile(this.#struct(this.#plan.message.fields, ''))
  }

  /** The name of the function that encodes a struct. `path` is for error messages. */
  #struct(fields: Fields, path: string): string {
    const known = this.#structs.get(fields)
    if (known !== undefined) return known
    const name = this.#source.name('e')
    this.#structs.set(fields, name)
    const { message, version, flexible } = this.#plan
    const body = ['let v']
    for (const [key, field] of Object.entries(fields)) {
      const isSent = version >= field.since && version <= field.until
      if (!isSent && !field.ignorable && !message.isAnswer)
        body.push(this.#mustBeDefault(key, field, path))
    }
    for (const [key, field] of untagged(fields, version)) {
      body.push(`v = ${get('o', key)}`)
      if (field.optional) body.push(`if (v === undefined) v = ${this.#default(field)}`)
      if (isForPeople(key, field)) body.push(this.#clip('v'))
      body.push(this.#write('v', field, `${path}${key}`))
    }
    if (flexible) body.push(...this.#tags(fields, path))
    this.#source.addFunction(name, 'w, o', body)
    return name
  }

  #default(field: Field): string {
    return defaultSource(field, this.#plan.exact, value => this.#source.constant(value))
  }

  #mustBeDefault(key: string, field: Field, path: string): string {
    return [
      `v = ${get('o', key)}`,
      `if (v !== undefined && !(${this.#isDefault('v', field)})) ${this.#fail(`${path}${key} (not in this version)`, 'v')}`,
    ].join('\n')
  }

  #tags(fields: Fields, path: string): string[] {
    const known = tagged(fields, this.#plan.version)
    if (known.length === 0) return ['w.unsignedVarint(0)']
    const before = ['let count = 0']
    const after = ['w.unsignedVarint(count)']
    for (const [key, field] of known) {
      const local = this.#source.name('t')
      before.push(
        `let ${local} = ${get('o', key)}`,
        `if (${local} !== undefined) { if (${this.#isDefault(local, field)}) ${local} = undefined; else count++ }`,
      )
      const size = isNullable(field, this.#plan.version) ? undefined : FIXED_BYTES[field.kind]
      const content = this.#write(local, field, `${path}${key}`)
      after.push(
        `if (${local} !== undefined) {`,
        `w.unsignedVarint(${field.tag})`,
        ...(size === undefined
          ? ['const mark = w.beginSized()', content, 'w.endSized(mark)']
          : [`w.unsignedVarint(${size})`, content]),
        '}',
      )
    }
    return [...before, ...after]
  }

  /** Checks and writes the value in a local variable. */
  #write(local: string, field: Field, path: string): string {
    if (!isNullable(field, this.#plan.version)) {
      if (field.kind === 'struct') return this.#writeStruct(local, field, path)
      return `${this.#check(local, field, path)}\n${this.#writePresent(local, field, path)}`
    }
    const present = field.kind === 'struct' ? 'w.int8(1)' : this.#check(local, field, path)
    const writeValue =
      field.kind === 'struct'
        ? this.#writeStruct(local, field, path)
        : this.#writePresent(local, field, path)
    return `if (${local} === null) ${this.#writeNull(field)}\nelse {\n${present}\n${writeValue}\n}`
  }

  #writeNull(field: Field): string {
    // Kafka marks a nullable struct by -1 or 1, in the tag section by 0 or 1.
    if (field.kind === 'struct') return field.tag === null ? 'w.int8(-1)' : 'w.int8(0)'
    if (isCompact(field, this.#plan.flexible)) return 'w.unsignedVarint(0)'
    return field.kind === 'string' ? 'w.int16(-1)' : 'w.int32(-1)'
  }

  #writeStruct(local: string, field: Field, path: string): string {
    const name = this.#struct(innerFields(field), `${path}.`)
    return `if (typeof ${local} !== 'object' || ${local} === null) ${this.#fail(path, local)}\n${name}(w, ${local})`
  }

  #writePresent(local: string, field: Field, path: string): string {
    const compact = isCompact(field, this.#plan.flexible)
    switch (field.kind) {
      case 'string':
        return compact ? `w.compactString(${local})` : `w.string(${local})`
      case 'bytes':
        return compact ? `w.compactBytes(${local})` : `w.bytes(${local})`
      case 'records':
        return compact ? `w.compactRecords(${local})` : `w.records(${local})`
      case 'array': {
        const item = this.#source.name('x')
        return [
          compact ? `w.unsignedVarint(${local}.length + 1)` : `w.int32(${local}.length)`,
          `for (let i = 0; i < ${local}.length; i++) {`,
          `const ${item} = ${local}[i]`,
          this.#write(item, innerElement(field), `${path}[]`),
          '}',
        ].join('\n')
      }
      default:
        return isBigint(field, this.#plan) ? `w.bigint64(${local})` : `w.${field.kind}(${local})`
    }
  }

  #check(local: string, field: Field, path: string): string {
    return `if (${this.#isWrong(local, field)}) ${this.#fail(path, local)}`
  }

  /** A condition that is true for a value that the field cannot hold. */
  #isWrong(v: string, field: Field): string {
    switch (field.kind) {
      case 'bool':
        return `typeof ${v} !== 'boolean'`
      case 'int8':
        return `(${v} << 24 >> 24) !== ${v}`
      case 'int16':
        return `(${v} << 16 >> 16) !== ${v}`
      case 'uint16':
        return `(${v} & 0xffff) !== ${v}`
      case 'int32':
        return `(${v} | 0) !== ${v}`
      case 'int64':
      case 'looseInt64':
      case 'bigint64':
        if (isBigint(field, this.#plan)) {
          return `typeof ${v} !== 'bigint' || BigInt.asIntN(64, ${v}) !== ${v}`
        }
        return field.kind === 'int64' ? `!Number.isSafeInteger(${v})` : `!Number.isInteger(${v})`
      case 'float64':
        return `typeof ${v} !== 'number'`
      case 'string':
      case 'uuid':
        return `typeof ${v} !== 'string'`
      case 'bytes':
        return `!(${v} instanceof Uint8Array)`
      case 'records':
        return `!(${v} instanceof Uint8Array || Array.isArray(${v}))`
      case 'array':
        return `!Array.isArray(${v})`
      case 'struct':
        return `typeof ${v} !== 'object'`
    }
  }

  /** A condition that is true for the default of the field. */
  #isDefault(v: string, field: Field): string {
    if (field.default === null) return `${v} === null`
    switch (field.kind) {
      case 'bytes':
      case 'records':
      case 'array':
        return `${v} !== null && ${v}.length === 0`
      case 'struct':
        return `${v} !== null && ${this.#structIsDefault(innerFields(field))}(${v})`
      default:
        return `${v} === ${this.#default(field)}`
    }
  }

  #structIsDefault(fields: Fields): string {
    const known = this.#defaultChecks.get(fields)
    if (known !== undefined) return known
    const name = this.#source.name('z')
    this.#defaultChecks.set(fields, name)
    const body = ['let v']
    for (const [key, field] of Object.entries(fields)) {
      body.push(
        `v = ${get('o', key)}`,
        `if (v !== undefined && !(${this.#isDefault('v', field)})) return false`,
      )
    }
    this.#source.addFunction(name, 'o', [...body, 'return true'])
    return name
  }

  #clip(local: string): string {
    return `if (typeof ${local} === 'string') ${local} = ${this.#source.constant(clipped)}(${local})`
  }

  #fail(path: string, local: string): string {
    return `${this.#bad}(${JSON.stringify(path)}, ${local})`
  }
}

/**
 * Error texts may quote what a peer sent and are cut to what a string can hold. Any other text that
 * is too long is a bug: what the decoder lets in fits everywhere.
 */
function isForPeople(key: string, field: Field): boolean {
  return field.kind === 'string' && /message$/i.test(key)
}

function get(object: string, key: string): string {
  return `${object}[${JSON.stringify(key)}]`
}
