// The process of `weir start --brokers N`: no broker itself, it keeps N nodes running until a signal.
//
// One line on standard output when all of them serve clients; what it has to say about a node goes to
// the log. A node that cannot start at all ends everything: its own sentence says why.
import type { Logger } from '@weir/core'
import { NodeProcess } from './node-process.ts'

export interface SupervisorOptions {
  readonly log: Logger
  readonly nodes: readonly SupervisedNode[]
  /** What a node is run with. */
  readonly script: string
  /** Written to standard output when all nodes are ready. */
  readonly announce: () => void
  /** A start that takes long says whom it waits for, as often as this; 5 s unless told. */
  readonly tellEveryMs?: number
}

export interface SupervisedNode {
  readonly nodeId: number
  readonly args: readonly string[]
}

/** The next node is stopped when one has ended, or when it takes this long. */
const PATIENCE_MS = 5_000

/** Resolves to the exit code, when no node is left. */
export async function supervise(options: SupervisorOptions): Promise<number> {
  return await new Supervisor(options).run()
}

class Supervisor {
  readonly #log: Logger
  readonly #announce: () => void
  readonly #nodes: readonly NodeProcess[]
  readonly #waiting: Set<number>
  readonly #tellWaiting: NodeJS.Timeout
  #isAnnounced = false
  #end: (code: number) => void = () => undefined

  constructor({ log, nodes, script, announce, tellEveryMs = 5_000 }: SupervisorOptions) {
    this.#log = log
    this.#announce = announce
    this.#waiting = new Set(nodes.map(node => node.nodeId))
    this.#tellWaiting = setInterval(() => {
      this.#log.info(`waiting until these nodes are ready: ${[...this.#waiting].join(', ')}`)
    }, tellEveryMs)
    this.#nodes = nodes.map(
      ({ nodeId, args }) =>
        new NodeProcess({
          nodeId,
          args,
          script,
          onReady: () => this.#onReady(nodeId),
          onDeath: (how, restartMs) => this.#onDeath(nodeId, how, restartMs),
        }),
    )
  }

  async run(): Promise<number> {
    const ended = new Promise<number>(resolve => {
      this.#end = resolve
    })
    let signals = 0
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        signals++
        if (signals === 1) void this.#stop(signal)
        else void this.#kill()
      })
    }
    for (const node of this.#nodes) node.start()
    return await ended
  }

  #onReady(nodeId: number): void {
    this.#waiting.delete(nodeId)
    if (this.#isAnnounced) {
      this.#log.info(`node ${nodeId} is back`)
    } else if (this.#waiting.size === 0) {
      this.#isAnnounced = true
      clearInterval(this.#tellWaiting)
      this.#announce()
    }
  }

  #onDeath(nodeId: number, how: string, restartMs: number): void {
    if (!this.#isAnnounced) {
      this.#log.error(`node ${nodeId} did not start (it ended ${how}): all nodes are stopped`)
      void this.#kill()
      return
    }
    const when = restartMs === 0 ? 'at once' : `in ${restartMs} ms`
    this.#log.warn(`node ${nodeId} ended ${how}: it is started again ${when}`)
  }

  /** One after the other, so that each can hand its partitions on. */
  async #stop(signal: string): Promise<void> {
    clearInterval(this.#tellWaiting)
    this.#log.info(`stopping ${this.#nodes.length} nodes on ${signal}; once more ends them at once`)
    const stopping: Promise<void>[] = []
    for (const node of [...this.#nodes].reverse()) {
      const stop = node.stop()
      stopping.push(stop)
      await Promise.race([stop, sleep(PATIENCE_MS)])
    }
    await Promise.all(stopping)
    this.#end(0)
  }

  async #kill(): Promise<void> {
    clearInterval(this.#tellWaiting)
    await Promise.all(this.#nodes.map(node => node.stop('SIGKILL')))
    this.#end(1)
  }
}

function sleep(delayMs: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, delayMs).unref())
}
