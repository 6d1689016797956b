// Collects what the simulated machines log.

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

export class SimLogger implements Logger {
  readonly #machine: string
  readonly #nowMs: () => number
  readonly #lines: LogLine[]
  readonly #fields: LogFields

  constructor(machine: string, nowMs: () => number, lines: LogLine[], fields: LogFields = {}) {
    this.#machine = machine
    this.#nowMs = nowMs
    this.#lines = lines
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
    return new SimLogger(this.#machine, this.#nowMs, this.#lines, all)
  }

  background(promise: Promise<unknown>, what: string): void {
    promise.catch((error: unknown) => {
      this.error(`${what} failed: ${errorMessage(error)}`, { error })
    })
  }

  #add(level: LogLevel, message: string, fields: LogFields | undefined): void {
    this.#lines.push({
      machine: this.#machine,
      atMs: this.#nowMs(),
      level,
      message,
      fields: fields === undefined ? this.#fields : { ...this.#fields, ...fields },
    })
  }
}
