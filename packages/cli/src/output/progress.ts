// A line about long work, rewritten in place; nothing where standard error is not a terminal.
import type { CliIo } from '../io.ts'

const INTERVAL_MS = 200
const DELAY_MS = 500

/** Calls `describe` a few times a second from half a second on, until `stop`. */
export function startProgress(io: CliIo, describe: () => string): { stop(): void } {
  if (!io.stderr.isTerminal) return { stop() {} }
  const startedMs = performance.now()
  let isShown = false
  const timer = setInterval(() => {
    if (performance.now() - startedMs < DELAY_MS) return
    isShown = true
    const columns = Number.isFinite(io.stderr.columns) ? io.stderr.columns - 1 : 79
    void io.stderr.write(`\r\u001b[K${describe().slice(0, columns)}`)
  }, INTERVAL_MS)
  timer.unref()
  return {
    stop() {
      clearInterval(timer)
      if (isShown) void io.stderr.write('\r\u001b[K')
      isShown = false
    },
  }
}
