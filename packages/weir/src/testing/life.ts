// One run of a broker, from its start to its stop or its kill: an Env that can be taken away from the
// code that uses it. What a killed process cannot do, the code of an ended life cannot do either: no
// timer fires, no byte is sent or written; all of it is gone when `end` resolves.

import type { Env, LogFields, Logger } from '@weir/core'
import { LifeClock } from './life-clock.ts'
import { LifeDisk } from './life-disk.ts'
import { LifeNet } from './life-net.ts'

export class Life {
  readonly env: Env
  readonly #clock: LifeClock
  readonly #net: LifeNet
  readonly #disk: LifeDisk
  #isAlive = true

  constructor(world: Env) {
    this.#clock = new LifeClock(world.clock)
    this.#net = new LifeNet(world.net)
    this.#disk = new LifeDisk(world.disk)
    this.env = {
      clock: this.#clock,
      random: world.random,
      disk: this.#disk,
      net: this.#net,
      workers: world.workers,
      log: new LifeLogger(world.log, () => this.#isAlive),
    }
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Resolves when no disk call is under way. */
  settled(): Promise<void> {
    return this.#disk.settled()
  }

  /** May be called more than once. */
  async end(): Promise<void> {
    this.#isAlive = false
    this.#clock.end()
    // At once, and only waited for together: what has not happened by now does not happen.
    await Promise.all([this.#net.end(), this.#disk.end()])
  }
}

/** What an ended life leaves undone is no error. */
class LifeLogger implements Logger {
  readonly #log: Logger
  readonly #isAlive: () => boolean

  constructor(log: Logger, isAlive: () => boolean) {
    this.#log = log
    this.#isAlive = isAlive
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#isAlive()) this.#log.debug(message, fields)
  }

  info(message: string, fields?: LogFields): void {
    if (this.#isAlive()) this.#log.info(message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#isAlive()) this.#log.warn(message, fields)
  }

  error(message: string, fields?: LogFields): void {
    if (this.#isAlive()) this.#log.error(message, fields)
  }

  child(fields: LogFields): Logger {
    return new LifeLogger(this.#log.child(fields), this.#isAlive)
  }

  background(promise: Promise<unknown>, what: string): void {
    const guarded = promise.catch((error: unknown) => {
      if (this.#isAlive()) throw error
    })
    this.#log.background(guarded, what)
  }
}
