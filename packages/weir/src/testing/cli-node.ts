// The command line and the drop-in scripts against a node in the process of the test.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '@weir/cli'
import { runKafkaTool } from '@weir/cli/kafka'
import { memoryIo } from '@weir/cli/testing'
import { startWeir } from '../start-weir.ts'
import type { Weir } from '../weir.ts'

export interface Answer {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface CliNode {
  readonly weir: Weir
  readonly dataDirectory: string
  run(words: readonly string[], input?: string | Buffer): Promise<Answer>
  /** Must end with 0; answers standard output. */
  ok(...words: readonly string[]): Promise<string>
  /** A drop-in script with --bootstrap-server in front of its arguments. */
  tool(name: string, words: readonly string[], input?: string): Promise<Answer>
  stop(): Promise<void>
}

export async function startCliNode(): Promise<CliNode> {
  // Not tap's own directory for tests: that is gone before the node has stopped.
  const dataDirectory = mkdtempSync(join(tmpdir(), 'weir-cli-'))
  const weir = await startWeir({
    storage: dataDirectory,
    settings: {
      'group.initial.rebalance.delay.ms': 0,
      'offsets.topic.num.partitions': 2,
      'auto.create.topics.enable': false,
    },
  })
  const run = async (words: readonly string[], input: string | Buffer = ''): Promise<Answer> => {
    const io = memoryIo(input, { WEIR_BOOTSTRAP: weir.bootstrap })
    const code = await runCli(words, { io, version: '1' })
    return { code, out: io.stdout.text, err: io.stderr.text }
  }
  return {
    weir,
    dataDirectory,
    run,
    async ok(...words) {
      const { code, out, err } = await run(words)
      if (code !== 0) throw new Error(`weir ${words.join(' ')} ends with ${code}: ${err}`)
      return out
    },
    async tool(name, words, input = '') {
      const io = memoryIo(input)
      const code = await runKafkaTool(io, name, ['--bootstrap-server', weir.bootstrap, ...words])
      return { code, out: io.stdout.text, err: io.stderr.text }
    },
    async stop() {
      await weir.stop()
      rmSync(dataDirectory, { recursive: true, force: true })
    },
  }
}
