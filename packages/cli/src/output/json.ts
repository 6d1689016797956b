// JSON for other programs: indented for one answer, one line each for streams.
import type { CliIo } from '../io.ts'

export function printJson(io: CliIo, value: unknown): void {
  void io.stdout.write(`${JSON.stringify(value, replaceMaps, 2)}\n`)
}

function replaceMaps(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}
