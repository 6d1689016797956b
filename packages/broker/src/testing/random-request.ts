// For tests only: requests that follow their tables and make no sense: any field at its limits, names of
// everything and nothing, nulls where they are legal.

import { unreachable, ZERO_UUID } from '@weir/core'
import { SimRandom } from '@weir/core/sim'
import type { Field, Fields } from '@weir/protocol'

export interface RandomRequestOptions {
  /** Names that mean something to the node: topics, groups, members. */
  readonly names: readonly string[]
  readonly topicIds: readonly string[]
  /** Whole batches. */
  readonly batches: readonly Buffer[]
}

const INTEGER_BITS: Readonly<Record<string, number>> = { int8: 7, int16: 15, uint16: 16, int32: 31 }
const MAX_ELEMENTS = 3

export class RandomRequests {
  readonly #random: SimRandom
  readonly #options: RandomRequestOptions
  readonly #names: readonly string[]

  constructor(seed: number | string, options: RandomRequestOptions) {
    this.#random = new SimRandom(seed)
    this.#options = options
    this.#names = [...options.names, ...ODD_NAMES]
  }

  /** A value that the encoder takes for a message of these fields in this version. */
  value(fields: Fields, version: number): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    for (const [name, field] of Object.entries(fields)) {
      if (version < field.since || version > field.until) continue
      if (field.tag !== null && this.#chance(0.5)) continue
      value[name] = this.#fieldValue(field, version)
    }
    return value
  }

  #fieldValue(field: Field, version: number): unknown {
    const isNullable = version >= field.nullable[0] && version <= field.nullable[1]
    if (isNullable && this.#chance(0.3)) return null
    switch (field.kind) {
      case 'bool':
        return this.#chance(0.5)
      case 'int8':
      case 'int16':
      case 'int32':
        return this.#integer(INTEGER_BITS[field.kind] ?? 31)
      case 'uint16':
        return Math.abs(this.#integer(16))
      case 'int64':
      case 'looseInt64':
        return this.#integer(53)
      case 'bigint64':
        return BigInt(this.#integer(53))
      case 'float64':
        return this.#pick([0, -1, 0.5, Number.MAX_VALUE, Number.NaN])
      case 'string':
        return this.#pick(this.#names)
      case 'uuid':
        return this.#pick([ZERO_UUID, 'AAAAAAAAAAAAAAAAAAAAAQ', ...this.#options.topicIds])
      case 'bytes':
        return this.#random.bytes(this.#random.below(40))
      case 'records':
        return this.#records()
      case 'array':
        return this.#elements(field, version)
      case 'struct':
        return this.value(field.fields ?? {}, version)
      default:
        return unreachable(field.kind, 'kind of field')
    }
  }

  #elements(field: Field, version: number): unknown[] {
    const { element } = field
    if (element === null) return []
    return Array.from({ length: this.#random.below(MAX_ELEMENTS + 1) }, () =>
      this.#fieldValue(element, version),
    )
  }

  #records(): Buffer {
    const batch = Buffer.from(this.#pick(this.#options.batches))
    if (this.#chance(0.5)) return batch
    if (this.#chance(0.3)) return batch.subarray(0, this.#random.below(batch.length))
    batch[this.#random.below(batch.length)] = this.#random.below(256)
    return batch
  }

  #integer(bits: number): number {
    const max = 2 ** bits - 1
    const numbers = [0, 0, 0, 1, 1, 2, 3, -1, -1, -2, 100, 1_000, 60_000, max, -max]
    return this.#pick(numbers.filter(number => Math.abs(number) <= max))
  }

  #chance(share: number): boolean {
    return this.#random.fraction() < share
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)] as T
  }
}

const ODD_NAMES = [
  '',
  '.',
  '..',
  'a/b',
  '__proto__',
  'constructor',
  '__consumer_offsets',
  '__cluster_metadata',
  'x'.repeat(250),
  'é'.repeat(100),
  '-1',
  'null',
]
