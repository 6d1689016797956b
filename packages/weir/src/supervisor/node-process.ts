// One node of a cluster on this machine as a process of its own, started again when it dies.
//
// Invariants: at most one process at a time; none after `stop`. The process ends by itself when this one
// is gone, however that happened: it watches the channel between them (stop-with-parent.ts). It is in a
// session of its own, so that Ctrl-C reaches the supervisor alone, which stops node after node.
import { type ChildProcess, fork } from 'node:child_process'
import { RestartDelay } from './restart-delay.ts'

export interface NodeProcessOptions {
  readonly nodeId: number
  /** The program and its arguments. */
  readonly script: string
  readonly args: readonly string[]
  /** Clients are served, after each start. */
  readonly onReady: () => void
  /** It ended without being asked to; `restartMs` is when it is started again. */
  readonly onDeath: (how: string, restartMs: number) => void
}

/** Its own stop is bounded by less; what takes longer hangs, and is as safe to kill as any node. */
const KILL_AFTER_MS = 30_000

export class NodeProcess {
  readonly nodeId: number
  readonly #options: NodeProcessOptions
  readonly #delay = new RestartDelay()
  #child: ChildProcess | null = null
  #restart: NodeJS.Timeout | null = null
  #isStopping = false

  constructor(options: NodeProcessOptions) {
    this.#options = options
    this.nodeId = options.nodeId
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  start(): void {
    const { script, args } = this.#options
    const startedMs = performance.now()
    const child = fork(script, [...args], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      detached: true,
    })
    this.#child = child
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (output.includes('\n')) return
      output += text
      if (output.includes('\n')) this.#options.onReady()
    })
    child.once('error', error => this.#onEnd(child, error.message, startedMs))
    child.once('exit', (code, signal) => {
      this.#onEnd(child, signal === null ? `with exit code ${code}` : `by ${signal}`, startedMs)
    })
  }

  /** Resolves when the process has ended. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#isStopping = true
    if (this.#restart !== null) clearTimeout(this.#restart)
    const child = this.#child
    if (child === null) return
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
    await ended
    clearTimeout(timer)
  }

  #onEnd(child: ChildProcess, how: string, startedMs: number): void {
    if (this.#child !== child) return
    this.#child = null
    if (this.#isStopping) return
    const delayMs = this.#delay.next(performance.now() - startedMs)
    // First, as it may well decide that there is no next start.
    this.#restart = setTimeout(() => this.start(), delayMs)
    this.#options.onDeath(how, delayMs)
  }
}
