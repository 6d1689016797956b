// Entry of the drop-in scripts: the script's own name says which tool it is.
import { runProcess } from '../process.ts'
import type { KafkaTool } from './tool.ts'

const TOOLS: ReadonlyMap<string, () => Promise<KafkaTool>> = new Map([
  ['kafka-topics', async () => (await import('./topics.ts')).topicsTool],
  [
    'kafka-console-producer',
    async () => (await import('./console-producer.ts')).consoleProducerTool,
  ],
  [
    'kafka-console-consumer',
    async () => (await import('./console-consumer.ts')).consoleConsumerTool,
  ],
  ['kafka-consumer-groups', async () => (await import('./consumer-groups.ts')).consumerGroupsTool],
  ['kafka-configs', async () => (await import('./configs.ts')).configsTool],
  ['kafka-get-offsets', async () => (await import('./get-offsets.ts')).getOffsetsTool],
  ['kafka-delete-records', async () => (await import('./delete-records.ts')).deleteRecordsTool],
])

/** Runs the tool of this name (a path and `.sh` are taken off) with the process's arguments and ends it. */
export async function runKafkaTool(scriptPath: string): Promise<never> {
  return await runProcess(async io => {
    const name = scriptPath.slice(scriptPath.lastIndexOf('/') + 1).replace(/\.sh$/, '')
    const load = TOOLS.get(name)
    if (load === undefined) {
      void io.stderr.write(`${name} is none of ${[...TOOLS.keys()].join(', ')}\n`)
      return 1
    }
    const [tool, { runTool }] = await Promise.all([load(), import('./tool.ts')])
    return await runTool(tool, io, process.argv.slice(2))
  })
}
