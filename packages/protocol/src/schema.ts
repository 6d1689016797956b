// The vocabulary of the message tables, and the static types inferred from them. A table is an
// object of fields in wire order; `since` and `until` are message versions, both inclusive.
//
// Two types follow from a table:
//   Decoded<M>  what the decoder returns: every field present, absent ones at their default;
//   Init<M>     what the encoder takes: a field with a default, a tag, `since` or `until` may be
//               left out, all others are needed.
// This is the one file of clever types; nothing here reads or writes bytes (codec.ts does).

export type Kind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64'
  | 'looseInt64'
  | 'bigint64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'
  | 'array'
  | 'struct'

export interface FieldOptions<T> {
  /** First and last message version that has the field; all versions if left out. */
  readonly since?: number
  readonly until?: number
  /** Null is allowed: in all versions, from one on, or in a range (both ends inclusive). */
  readonly nullable?: true | number | readonly [first: number, last: number]
  /** Without one: zero, false, empty text, no bytes, no elements, a struct of defaults. */
  readonly default?: T | null
  /** Sent in the tag section of flexible versions, and only if it is not at its default. */
  readonly tag?: number
  /** A value other than the default is dropped by versions without the field, not refused. */
  readonly ignorable?: true
  /** The old length prefix also in flexible versions: only the client id of request header v2. */
  readonly neverCompact?: true
}

/** One field. `types` exists for the compiler only. */
export interface Field<Out = unknown, In = unknown, Needed extends boolean = boolean> {
  readonly kind: Kind
  readonly since: number
  readonly until: number
  /** An empty range (first above last) where null is never allowed. */
  readonly nullable: readonly [first: number, last: number]
  readonly default: unknown
  readonly tag: number | null
  readonly ignorable: boolean
  readonly neverCompact: boolean
  /** May be left out of a value to encode; the same as `types.needed` being false. */
  readonly optional: boolean
  /** Element of an array. */
  readonly element: Field | null
  /** Fields of a struct. */
  readonly fields: Fields | null
  readonly types: { readonly out: Out; readonly in: In; readonly needed: Needed }
}

export type Fields = Readonly<Record<string, Field>>

export type DecodedFields<F extends Fields> = { -readonly [K in keyof F]: F[K]['types']['out'] }

type NeededKeys<F extends Fields> = {
  [K in keyof F]: F[K]['types']['needed'] extends true ? K : never
}[keyof F]

export type InitFields<F extends Fields> = {
  readonly [K in NeededKeys<F>]: F[K]['types']['in']
} & {
  readonly [K in Exclude<keyof F, NeededKeys<F>>]?: F[K]['types']['in'] | undefined
}

type NoOptions = Record<never, never>
type Nullable<T, O> = O extends { readonly nullable: unknown } ? T | null : T
type Needed<O> = O extends
  | { readonly default: unknown }
  | { readonly tag: number }
  | { readonly since: number }
  | { readonly until: number }
  ? false
  : true
type FieldOf<Out, In, O> = Field<Nullable<Out, O>, Nullable<In, O>, Needed<O>>

type Element = Field | Fields
type ElementOut<E> = E extends Field
  ? E['types']['out']
  : E extends Fields
    ? DecodedFields<E>
    : never
type ElementIn<E> = E extends Field ? E['types']['in'] : E extends Fields ? InitFields<E> : never

/** Above every version: 'until' of a field that was not removed, 'flexible' of a message that never is. */
export const NO_VERSION = 32_768

const NEVER_NULL: readonly [number, number] = [NO_VERSION, -1]

function nullableRange(nullable: FieldOptions<unknown>['nullable']): readonly [number, number] {
  if (nullable === undefined) return NEVER_NULL
  if (nullable === true) return [0, NO_VERSION]
  return typeof nullable === 'number' ? [nullable, NO_VERSION] : nullable
}

/** As the type `Needed`. */
const OPTIONAL_WITH = ['default', 'tag', 'since', 'until'] as const

function field<F>(
  kind: Kind,
  options: FieldOptions<unknown> | undefined,
  inner: { readonly element?: Field; readonly fields?: Fields } = {},
): F {
  const made: Omit<Field, 'types'> = {
    kind,
    since: options?.since ?? 0,
    until: options?.until ?? NO_VERSION,
    nullable: nullableRange(options?.nullable),
    default: options?.default,
    tag: options?.tag ?? null,
    ignorable: options?.ignorable ?? false,
    neverCompact: options?.neverCompact ?? false,
    optional: options !== undefined && OPTIONAL_WITH.some(name => name in options),
    element: inner.element ?? null,
    fields: inner.fields ?? null,
  }
  return made as F
}

type NumberField = <const O extends FieldOptions<number> = NoOptions>(
  options?: O,
) => FieldOf<number, number, O>

export const int8: NumberField = options => field('int8', options)
export const int16: NumberField = options => field('int16', options)
export const uint16: NumberField = options => field('uint16', options)
export const int32: NumberField = options => field('int32', options)
/** A number; what does not fit into 2^53 is refused by decoder and encoder (a bigint in exact mode). */
export const int64: NumberField = options => field('int64', options)
/** Any 64-bit value: beyond 2^53 the nearest double, which the encoder clamps to 64 bits again. */
export const looseInt64: NumberField = options => field('looseInt64', options)
/** Milliseconds since 1970, or a duration: a peer may send any 64-bit value. */
export const timestamp: NumberField = looseInt64
/** Any 64-bit value, exactly, in both modes: hashes. */
export const bigint64 = <const O extends FieldOptions<never> = NoOptions>(
  options?: O,
): FieldOf<bigint, bigint, O> => field('bigint64', options)
export const float64: NumberField = options => field('float64', options)

export function bool<const O extends FieldOptions<boolean> = NoOptions>(
  options?: O,
): FieldOf<boolean, boolean, O> {
  return field('bool', options)
}

export function string<const O extends FieldOptions<string> = NoOptions>(
  options?: O,
): FieldOf<string, string, O> {
  return field('string', options)
}

/** 22 characters of URL-safe base64; the default is the zero uuid. */
export function uuid<const O extends FieldOptions<string> = NoOptions>(
  options?: O,
): FieldOf<string, string, O> {
  return field('uuid', options)
}

/** Decoded as a slice of the frame, not a copy. */
export function bytes<const O extends FieldOptions<never> = NoOptions>(
  options?: O,
): FieldOf<Buffer, Buffer, O> {
  return field('bytes', options)
}

/** Record batches: like bytes, and the encoder takes a list of chunks, too. */
export function records<const O extends FieldOptions<never> = NoOptions>(
  options?: O,
): FieldOf<Buffer, Buffer | readonly Buffer[], O> {
  return field('records', options)
}

export function array<E extends Element>(
  element: E,
): FieldOf<ElementOut<E>[], readonly ElementIn<E>[], NoOptions>
export function array<const O extends FieldOptions<never>, E extends Element>(
  options: O,
  element: E,
): FieldOf<ElementOut<E>[], readonly ElementIn<E>[], O>
export function array(first: FieldOptions<never> | Element, second?: Element): unknown {
  const element = second ?? (first as Element)
  const options = second === undefined ? undefined : (first as FieldOptions<never>)
  return field('array', options, { element: isField(element) ? element : struct(element) })
}

export function struct<F extends Fields>(
  fields: F,
): FieldOf<DecodedFields<F>, InitFields<F>, NoOptions>
export function struct<const O extends FieldOptions<never>, F extends Fields>(
  options: O,
  fields: F,
): FieldOf<DecodedFields<F>, InitFields<F>, O>
export function struct(first: FieldOptions<never> | Fields, second?: Fields): unknown {
  const options = second === undefined ? undefined : (first as FieldOptions<never>)
  return field('struct', options, { fields: second ?? (first as Fields) })
}

/** A table may have a field that is called "kind": that is an object, not a text. */
function isField(element: Element): element is Field {
  return typeof element['kind'] === 'string'
}

/** Codecs of a message, by version; filled by codec.ts on first use. */
export interface CodecCache {
  readonly decoders: unknown[]
  readonly encoders: unknown[]
  readonly exactDecoders: unknown[]
  readonly exactEncoders: unknown[]
}

export interface Message<F extends Fields = Fields> {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  /** First version with compact lengths and tag sections, NO_VERSION if there is none. */
  readonly firstFlexible: number
  readonly fields: F
  /** Bound of the elements of all arrays of one message, for decoders. */
  readonly maxElements: number
  /** True: versions without a field drop its value, whatever it is (see `ignorable`). */
  readonly isAnswer: boolean
  readonly cache: CodecCache
}

/** Metadata of 200,000 partitions has 1.4 million. */
export const MAX_ELEMENTS = 2_000_000
/** What anybody may send to a server: a decoded request stays below about 50 MB. */
const MAX_REQUEST_ELEMENTS = 250_000

export interface MessageTable<F extends Fields> {
  readonly name: string
  /** First and last version, both inclusive. */
  readonly versions: readonly [first: number, last: number]
  readonly flexible: number | 'never'
  readonly fields: F
  readonly maxElements?: number
  /**
   * An answer says what it knows and an old client is spared what its version cannot hold. A request
   * is refused instead: dropping a field might change what it asks for.
   */
  readonly isAnswer?: boolean
}

export function message<const F extends Fields>(table: MessageTable<F>): Message<F> {
  return {
    name: table.name,
    minVersion: table.versions[0],
    maxVersion: table.versions[1],
    firstFlexible: table.flexible === 'never' ? NO_VERSION : table.flexible,
    fields: table.fields,
    maxElements: table.maxElements ?? MAX_ELEMENTS,
    isAnswer: table.isAnswer ?? false,
    cache: { decoders: [], encoders: [], exactDecoders: [], exactEncoders: [] },
  }
}

/** A request and its response; both have the same versions. */
export interface ApiDefinition<Q extends Fields = Fields, S extends Fields = Fields> {
  readonly key: number
  readonly name: string
  readonly minVersion: number
  /** The last version that may be advertised; the tables may know an unstable one above it. */
  readonly maxVersion: number
  readonly firstFlexible: number
  /** The active controller answers it: a broker passes it on, and waits while there is none. */
  readonly isOfController: boolean
  readonly request: Message<Q>
  readonly response: Message<S>
}

export interface ApiTable<Q extends Fields, S extends Fields> {
  readonly key: number
  readonly name: string
  readonly versions: readonly [first: number, last: number]
  /** A last version that is still changing: it decodes and encodes, and is not advertised. */
  readonly unstable?: number
  readonly flexible: number | 'never'
  /** The active controller answers it, whichever node a client asks. Default: false. */
  readonly isOfController?: boolean
  readonly request: Q
  readonly response: S
}

export function api<const Q extends Fields, const S extends Fields>(
  table: ApiTable<Q, S>,
): ApiDefinition<Q, S> {
  const { key, name, flexible } = table
  const versions = [table.versions[0], table.unstable ?? table.versions[1]] as const
  return {
    key,
    name,
    minVersion: table.versions[0],
    maxVersion: table.versions[1],
    firstFlexible: flexible === 'never' ? NO_VERSION : flexible,
    isOfController: table.isOfController ?? false,
    request: message({
      name: `${name}Request`,
      versions,
      flexible,
      fields: table.request,
      maxElements: MAX_REQUEST_ELEMENTS,
    }),
    response: message({
      name: `${name}Response`,
      versions,
      flexible,
      fields: table.response,
      isAnswer: true,
    }),
  }
}

export type Decoded<M extends { readonly fields: Fields }> = DecodedFields<M['fields']>
export type Init<M extends { readonly fields: Fields }> = InitFields<M['fields']>
