// Generates the decoder of one message in one version: one function a struct, straight-line reads,
// one object literal with all fields of the table in table order, so that the objects of all
// versions have the same shape. Example of what comes out:
//
//   function d0(r) {
//     const f0 = r.int32()
//     const n2 = r.compactCount(7), f1 = []
//     for (let i = 0; i < n2; i++) f1.push(d1(r))
//     r.skipTags()
//     return { "throttleTimeMs": f0, "topics": f1, "errorCode": 0 }
//   }

import {
  defaultSource,
  innerElement,
  innerFields,
  isBigint,
  isCompact,
  isNullable,
  minBytes,
  type Plan,
  plan,
  Source,
  tagged,
  untagged,
} from './codec-shared.ts'
import type { Reader } from './reader.ts'
import type { Field, Fields, Message } from './schema.ts'

export function compileDecoder(
  message: Message<Fields>,
  version: number,
  exact: boolean,
): (reader: Reader) => unknown {
  const compiler = new DecoderCompiler(plan(message, version, exact))
  return compiler.compile()
}

class DecoderCompiler {
  readonly #plan: Plan
  readonly #source = new Source()
  readonly #structs = new Map<Fields, string>()

  constructor(decoderPlan: Plan) {
    this.#plan = decoderPlan
  }

  compile(): (reader: Reader) => unknown {
    return this.#source.compile(this.#struct(this.#plan.message.fields))
  }

  /** The name of the function that decodes a struct. */
  #struct(fields: Fields): string {
    const known = this.#structs.get(fields)
    if (known !== undefined) return known
    const name = this.#source.name('d')
    this.#structs.set(fields, name)
    const body: string[] = []
    const locals = new Map<string, string>()
    for (const [key, field] of untagged(fields, this.#plan.version)) {
      const local = this.#source.name('f')
      locals.set(key, local)
      body.push(this.#readInto(`const ${local}`, field))
    }
    if (this.#plan.flexible) body.push(...this.#tags(fields, locals))
    const properties = Object.entries(fields).map(([key, field]) => {
      return `${JSON.stringify(key)}: ${locals.get(key) ?? this.#default(field)}`
    })
    body.push(`return { ${properties.join(', ')} }`)
    this.#source.addFunction(name, 'r', body)
    return name
  }

  #default(field: Field): string {
    return defaultSource(field, this.#plan.exact, value => this.#source.constant(value))
  }

  #tags(fields: Fields, locals: Map<string, string>): string[] {
    const known = tagged(fields, this.#plan.version)
    if (known.length === 0) return ['r.skipTags()']
    const lines: string[] = []
    const cases: string[] = []
    for (const [key, field] of known) {
      const local = this.#source.name('f')
      locals.set(key, local)
      lines.push(`let ${local} = ${this.#default(field)}`)
      cases.push(`case ${field.tag}: {\n${this.#readInto(local, field)}\nbreak }`)
    }
    lines.push(
      'for (let left = r.tagCount(); left > 0; left--) {',
      'const tag = r.unsignedVarint(), size = r.tagSize(), end = r.offset + size',
      `switch (tag) {\n${cases.join('\n')}\ndefault: r.skip(size) }`,
      'r.expectAt(end)',
      '}',
    )
    return lines
  }

  /** Statements that read a field into a target: a local, with `const` before it or not. */
  #readInto(target: string, field: Field): string {
    if (field.kind !== 'array') return `${target} = ${this.#expression(field)}`
    const element = innerElement(field)
    const count = this.#source.name('n')
    const items = this.#source.name('a')
    const least = minBytes(element, this.#plan)
    const method = this.#method('count', 'Count', field)
    const nullable = isNullable(field, this.#plan.version)
    return [
      `const ${count} = r.${method}(${least})`,
      `${nullable ? 'let' : 'const'} ${items} = []`,
      `for (let i = 0; i < ${count}; i++) ${items}.push(${this.#expression(element)})`,
      ...(nullable ? [`if (${count} < 0) ${items} = null`] : []),
      `${target} = ${items}`,
    ].join('\n')
  }

  #expression(field: Field): string {
    switch (field.kind) {
      case 'string':
        return `r.${this.#method('string', 'String', field)}()`
      case 'bytes':
      case 'records':
        return `r.${this.#method('bytes', 'Bytes', field)}()`
      case 'struct': {
        const call = `${this.#struct(innerFields(field))}(r)`
        if (!isNullable(field, this.#plan.version)) return call
        // Kafka marks a nullable struct by -1 or 1, in the tag section by 0 or 1.
        const marker = field.tag === null ? 'r.isPresent()' : 'r.unsignedVarint() !== 0'
        return `${marker} ? ${call} : null`
      }
      case 'array':
        return this.#nestedArray(field)
      default:
        return isBigint(field, this.#plan) ? 'r.bigint64()' : `r.${field.kind}()`
    }
  }

  /** An array in an array: a function of its own. */
  #nestedArray(field: Field): string {
    const name = this.#source.name('d')
    this.#source.addFunction(name, 'r', [this.#readInto('const value', field), 'return value'])
    return `${name}(r)`
  }

  /** string -> string, nullableString, compactString, compactNullableString */
  #method(plain: string, capital: string, field: Field): string {
    const nullable = isNullable(field, this.#plan.version)
    if (isCompact(field, this.#plan.flexible)) {
      return `compact${nullable ? 'Nullable' : ''}${capital}`
    }
    return nullable ? `nullable${capital}` : plain
  }
}
