// Streams in memory for tests of whole commands.
import { Readable } from 'node:stream'
import type { CliIo, Output } from '../io.ts'

class MemoryOutput implements Output {
  readonly isTerminal = false
  readonly hasColors = false
  readonly columns = Number.POSITIVE_INFINITY
  #text = ''
  #onText: (text: string) => void = () => {}

  get text(): string {
    return this.#text
  }

  /** Called with everything so far after each write. */
  onText(listener: (text: string) => void): void {
    this.#onText = listener
  }

  write(data: string | Uint8Array): undefined {
    this.#text += typeof data === 'string' ? data : Buffer.from(data).toString()
    this.#onText(this.#text)
  }
}

export interface MemoryIo extends CliIo {
  readonly stdout: MemoryOutput
  readonly stderr: MemoryOutput
  readonly interrupt: AbortController
}

export function memoryIo(
  input: string | Buffer = '',
  env: Readonly<Record<string, string>> = {},
): MemoryIo {
  const interrupt = new AbortController()
  return {
    stdin: Readable.from([Buffer.from(input)]),
    stdout: new MemoryOutput(),
    stderr: new MemoryOutput(),
    env,
    interrupt,
    signal: interrupt.signal,
    isInteractive: false,
  }
}
