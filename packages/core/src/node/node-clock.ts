// The real clock. Node fires a timer beyond 2^31-1 ms at once, so long waits are split.

import type { Clock, Timer } from '../env.ts'

const MAX_DELAY_MS = 0x7fff_ffff

class NodeTimer implements Timer {
  #timeout: NodeJS.Timeout | undefined

  constructor(delayMs: number, fn: () => void) {
    this.#arm(Math.max(0, delayMs), fn)
  }

  cancel(): void {
    clearTimeout(this.#timeout)
    this.#timeout = undefined
  }

  #arm(delayMs: number, fn: () => void): void {
    if (delayMs <= MAX_DELAY_MS) {
      this.#timeout = setTimeout(fn, delayMs)
      return
    }
    this.#timeout = setTimeout(() => this.#arm(delayMs - MAX_DELAY_MS, fn), MAX_DELAY_MS)
  }
}

export const nodeClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, fn) => new NodeTimer(delayMs, fn),
  soon: fn => {
    setImmediate(fn)
  },
  sleep: delayMs => new Promise(resolve => new NodeTimer(delayMs, resolve)),
}
