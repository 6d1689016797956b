// Log lines on standard error: short text on a terminal, JSON by pino elsewhere. pino is loaded with
// the first line that is written. A line below the level costs a comparison.

import { createRequire } from 'node:module'
import { styleText } from 'node:util'
import { AssertionError } from '../assert.ts'
import type { LogFields, Logger } from '../env.ts'
import { errorMessage } from '../errors.ts'

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50, silent: 100 } as const

export type NodeLogLevel = keyof typeof LEVELS
type LineLevel = Exclude<NodeLogLevel, 'silent'>

export interface LoggerOptions {
  readonly level?: NodeLogLevel
  /** 'auto' (the default): text if standard error is a terminal, JSON otherwise. */
  readonly format?: 'auto' | 'text' | 'json'
  /** Where lines go instead of standard error. */
  readonly write?: (line: string) => void
}

/** Where lines of a logger and of its children go. */
interface Sink {
  minimum: number
  emit(level: LineLevel, message: string, fields: LogFields): void
}

export interface NodeLogger extends Logger {
  setLevel(level: NodeLogLevel): void
}

export function createLogger(options: LoggerOptions = {}): NodeLogger {
  const isText =
    options.format === 'text' || (options.format !== 'json' && process.stderr.isTTY === true)
  const emit = isText ? textEmitter(options.write) : jsonEmitter(options.write)
  return new SinkLogger({ minimum: LEVELS[options.level ?? 'info'], emit }, {})
}

class SinkLogger implements NodeLogger {
  readonly #sink: Sink
  readonly #fields: LogFields

  constructor(sink: Sink, fields: LogFields) {
    this.#sink = sink
    this.#fields = fields
  }

  setLevel(level: NodeLogLevel): void {
    this.#sink.minimum = LEVELS[level]
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#sink.minimum <= LEVELS.debug) this.#emit('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    if (this.#sink.minimum <= LEVELS.info) this.#emit('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#sink.minimum <= LEVELS.warn) this.#emit('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    if (this.#sink.minimum <= LEVELS.error) this.#emit('error', message, fields)
  }

  child(fields: LogFields): Logger {
    return new SinkLogger(this.#sink, { ...this.#fields, ...fields })
  }

  background(promise: Promise<unknown>, what: string): void {
    promise.catch((error: unknown) => {
      this.error(`${what} failed: ${errorMessage(error)}`, { error })
      // Nobody waits for it: as an unhandled rejection it reaches the process entry, which exits.
      if (error instanceof AssertionError) throw error
    })
  }

  #emit(level: LineLevel, message: string, fields: LogFields | undefined): void {
    this.#sink.emit(
      level,
      message,
      fields === undefined ? this.#fields : { ...this.#fields, ...fields },
    )
  }
}

interface PinoLike {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

function jsonEmitter(write: ((line: string) => void) | undefined): Sink['emit'] {
  let logger: PinoLike | null = null
  const load = (): PinoLike => {
    const pino = createRequire(import.meta.url)('pino') as typeof import('pino')
    const destination = write === undefined ? pino.destination({ fd: 2, sync: true }) : { write }
    const serializers = { error: pino.stdSerializers.err }
    return pino.pino({ level: 'debug', base: null, serializers }, destination)
  }
  return (level, message, fields) => {
    logger ??= load()
    logger[level](fields, message)
  }
}

const COLOURS = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const

function textEmitter(write: ((line: string) => void) | undefined): Sink['emit'] {
  const isColoured = write === undefined && process.stderr.isTTY === true
  const paint = (colour: (typeof COLOURS)[LineLevel], text: string) =>
    isColoured ? styleText(colour, text) : text
  const out = write ?? ((line: string) => void process.stderr.write(line))
  return (level, message, fields) => {
    const time = new Date().toISOString().slice(11, 23)
    let line = `${paint('gray', time)} ${paint(COLOURS[level], level.padEnd(5))} ${oneLine(message)}`
    let stack = ''
    for (const [key, value] of Object.entries(fields)) {
      if (value instanceof Error) stack = `\n${value.stack ?? value.message}`
      else line += ` ${paint('gray', `${key}=`)}${textOf(value)}`
    }
    out(`${line}${stack}\n`)
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value)
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  return String(value)
}

/** Bytes that came from outside must not forge a second line. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes.
  return text.replace(/[\u0000-\u001f\u007f]/g, ' ')
}
