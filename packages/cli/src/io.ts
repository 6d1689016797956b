// What a command may see of the process it runs in: streams, terminal, environment, interruption.
// Tests pass their own; `nodeIo` is the real one. Invariant: nothing else in this package touches
// `process`, but for the entry of the drop-in tools.
import type { Readable, Writable } from 'node:stream'

export interface CliIo {
  readonly stdin: Readable
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by the first Ctrl-C (or SIGTERM). */
  readonly signal: AbortSignal
  /** True when a person can answer questions: standard input and error are a terminal. */
  readonly isInteractive: boolean
}

export interface Output {
  /** Writes text or bytes; the promise is for streams that are full, and may be ignored for little. */
  write(data: string | Uint8Array): Promise<void> | undefined
  readonly isTerminal: boolean
  /** Colours are wanted: a terminal, and neither NO_COLOR nor TERM=dumb says otherwise. */
  readonly hasColors: boolean
  /** Width in columns; Infinity when it is not a terminal. */
  readonly columns: number
}

class StreamOutput implements Output {
  readonly #stream: Writable & { columns?: number; isTTY?: boolean }
  readonly hasColors: boolean

  constructor(stream: Writable & { isTTY?: boolean }, env: CliIo['env']) {
    this.#stream = stream
    const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
    const forced = (env['FORCE_COLOR'] ?? '') !== '' && env['FORCE_COLOR'] !== '0'
    this.hasColors = forced || (this.isTerminal && !refused)
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  get columns(): number {
    return this.#stream.columns ?? Number.POSITIVE_INFINITY
  }

  write(data: string | Uint8Array): Promise<void> | undefined {
    if (this.#stream.write(data)) return undefined
    return new Promise(resolve => this.#stream.once('drain', () => resolve()))
  }
}

/** The process itself. The caller installs what aborts the signal. */
export function nodeIo(signal: AbortSignal): CliIo {
  const { stdin, stdout, stderr, env } = process
  return {
    stdin,
    stdout: new StreamOutput(stdout, env),
    stderr: new StreamOutput(stderr, env),
    env,
    signal,
    isInteractive: stdin.isTTY === true && stderr.isTTY === true,
  }
}
