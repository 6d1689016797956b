// kafka-log-dirs
import { describeCluster, describeLogDirs } from '@weir/client'
import { javaException } from './java-errors.ts'
import { requireOptions, ToolError } from './option-parser.ts'
import { type KafkaTool, parseIds } from './tool.ts'

export const logDirsTool: KafkaTool = {
  description: 'This tool helps to query log directory usage on the specified brokers.',
  options: {
    'bootstrap-server': { value: 'required', doc: 'REQUIRED: the addresses to connect to.' },
    'broker-list': { value: 'required', doc: 'Ids of brokers with commas; all if left out.' },
    'command-config': { value: 'required', doc: 'A file of client settings.' },
    describe: { value: 'none', doc: 'REQUIRED: describe the directories.' },
    'topic-list': { value: 'required', doc: 'Topics with commas; all if left out.' },
  },
  async run(context) {
    const { options, cluster } = context
    requireOptions(options, 'bootstrap-server', 'describe')
    const { brokers } = await describeCluster(cluster)
    const existing = brokers.filter(broker => !broker.isFenced).map(broker => broker.nodeId)
    const asked = parseIds(options.value('broker-list') ?? '')
    const missing = asked.filter(nodeId => !existing.includes(nodeId))
    if (missing.length > 0) {
      throw new ToolError(
        `ERROR: The given brokers do not exist from --broker-list: ${missing.join(',')}. Current existent brokers: ${existing.join(',')}`,
      )
    }
    const topics = (options.value('topic-list') ?? '').split(',').filter(name => name !== '')
    const nodeIds = asked.length > 0 ? asked : existing
    context.print('Querying brokers for log directories information\n')
    const described = await Promise.all(
      nodeIds.map(async nodeId => ({
        broker: nodeId,
        logDirs: (await describeLogDirs(cluster, nodeId)).map(dir => ({
          partitions: dir.replicas
            .filter(replica => topics.length === 0 || topics.includes(replica.topic))
            .map(({ topic, partition, sizeBytes, offsetLag, isFuture }) => ({
              partition: `${topic}-${partition}`,
              size: sizeBytes,
              offsetLag,
              isFuture,
            })),
          error: dir.error === null ? null : javaException(dir.error).split(': ')[0],
          logDir: dir.path,
        })),
      })),
    )
    context.print(`Received log directory information from brokers ${nodeIds.join(',')}\n`)
    context.print(`${JSON.stringify({ brokers: described, version: 1 })}\n`)
    return 0
  },
}
