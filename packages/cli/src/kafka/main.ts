// Entry of the drop-in scripts: the script's own name says which tool it is.
import type { CliIo } from '../io.ts'
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
  ['kafka-metadata-quorum', async () => (await import('./metadata-quorum.ts')).metadataQuorumTool],
  [
    'kafka-reassign-partitions',
    async () => (await import('./reassign-partitions.ts')).reassignPartitionsTool,
  ],
  ['kafka-leader-election', async () => (await import('./leader-election.ts')).leaderElectionTool],
  ['kafka-cluster', async () => (await import('./cluster.ts')).clusterTool],
  ['kafka-features', async () => (await import('./features.ts')).featuresTool],
  ['kafka-log-dirs', async () => (await import('./log-dirs.ts')).logDirsTool],
])

/** Runs the tool of this name (a path and `.sh` are taken off) and resolves to its exit code. */
export async function runKafkaTool(
  io: CliIo,
  scriptPath: string,
  words: readonly string[],
): Promise<number> {
  const name = scriptPath.slice(scriptPath.lastIndexOf('/') + 1).replace(/\.sh$/, '')
  const load = TOOLS.get(name)
  if (load === undefined) {
    void io.stderr.write(`${name} is none of ${[...TOOLS.keys()].join(', ')}\n`)
    return 1
  }
  const [tool, { runTool }] = await Promise.all([load(), import('./tool.ts')])
  return await runTool(tool, io, words)
}

/** The same for the script that this process is, which it ends. */
export async function runKafkaToolProcess(): Promise<never> {
  const [, scriptPath = '', ...words] = process.argv
  return await runProcess(io => runKafkaTool(io, scriptPath, words))
}
