// At most so many log lines a second about peers that misbehave, or partitions in trouble: what clients
// send must not fill the disk (docs/traps.md P10). What was left out is counted in the next line.

import type { Clock, LogFields, Logger } from '@weir/core'

const LINES_PER_SECOND = 10

export class LogThrottle {
  readonly #clock: Clock
  readonly #log: Logger
  #secondStartMs = Number.NEGATIVE_INFINITY
  #linesThisSecond = 0
  #leftOut = 0

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  warn(message: string, fields: LogFields): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#secondStartMs >= 1_000) {
      this.#secondStartMs = nowMs
      this.#linesThisSecond = 0
    }
    if (++this.#linesThisSecond > LINES_PER_SECOND) {
      this.#leftOut++
      return
    }
    const leftOut = this.#leftOut
    this.#leftOut = 0
    this.#log.warn(message, leftOut === 0 ? fields : { ...fields, similarLinesLeftOut: leftOut })
  }
}
