// Collects what the simulated machines log.

import { AssertionError } from '../assert.ts'
import type { LogFields, Logger } from '../env.ts'
import { errorMessage } from '../errors.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogLine {
  readonly machine: string
  readonly atMs: number
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

/** What all loggers of a simulation share. */
export interface SimLogSink {
  readonly lines: LogLine[]
  nowMs(): number
  /** A background task ran into a broken invariant: the process would end. */
  onBroken(error: AssertionError): void
}

export class SimLogger implements Logger {
  readonly #machine: string
  readonly #sink: SimLogSink
  readonly #fields: LogFields

  constructor(machine: string, sink: SimLogSink, fields: LogFields = {}) {
    this.#machine = machine
    this.#sink = sink
    this.#fields = fields
  }

  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields)
  }

  child(fields: LogFields): Logger {
    const all = { ...this.#fields, ...fields }
    return new SimLogger(this.#machine, this.#sink, all)
  }

  background(promise: Promise<unknown>, what: string): void {
    promise.catch((error: unknown) => {
      this.error(`${what} failed: ${errorMessage(error)}`, { error })
      if (error instanceof AssertionError) this.#sink.onBroken(error)
    })
  }

  #add(level: LogLevel, message: string, fields: LogFields | undefined): void {
    this.#sink.lines.push({
      machine: this.#machine,
      atMs: this.#sink.nowMs(),
      level,
      message,
      fields: fields === undefined ? this.#fields : { ...this.#fields, ...fields },
    })
  }
}
