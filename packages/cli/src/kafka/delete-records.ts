// kafka-delete-records
import { deleteRecords, type TopicPartition } from '@weir/client'
import { javaException } from './java-errors.ts'
import { requireOptions, ToolError } from './option-parser.ts'
import { type KafkaTool, readText } from './tool.ts'

const EARLIEST_VERSION = 1

export const deleteRecordsTool: KafkaTool = {
  description:
    'This tool helps to delete records of the given partitions down to the specified offset.',
  options: {
    'bootstrap-server': { value: 'required', doc: 'REQUIRED: the addresses to connect to.' },
    'command-config': { value: 'required', doc: 'A file of client settings.' },
    'offset-json-file': {
      value: 'required',
      doc: 'REQUIRED: a file {"version":1,"partitions":[{"topic":"t","partition":0,"offset":3}]}; records below the offset go, -1 means all.',
    },
  },
  async run(context) {
    const { options } = context
    requireOptions(options, 'bootstrap-server', 'offset-json-file')
    const deletions = parseOffsets(readText(options.value('offset-json-file') ?? ''))
    context.print('Executing records delete operation\n')
    const outcomes = await deleteRecords(context.cluster, deletions)
    context.print('Records delete operation completed:\n')
    for (const { request, value, error } of outcomes) {
      const result = error === null ? `low_watermark: ${value}` : `error: ${javaException(error)}`
      context.print(`partition: ${request.topic}-${request.partition}\t${result}\n`)
    }
    return 0
  },
}

type Deletion = TopicPartition & { readonly offset: number }

function parseOffsets(text: string): Deletion[] {
  let parsed: { version?: unknown; partitions?: unknown }
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new ToolError(
      'The input string is not a valid JSON\norg.apache.kafka.tools.AdminOperationException: The input string is not a valid JSON\n',
    )
  }
  const version = parsed.version ?? EARLIEST_VERSION
  if (version !== EARLIEST_VERSION) {
    throw new ToolError(`Not supported version field value ${String(version)}`)
  }
  if (!Array.isArray(parsed.partitions)) throw new ToolError('Missing partitions field')
  const seen = new Set<string>()
  const duplicates = new Set<string>()
  const deletions = parsed.partitions.map((item: unknown): Deletion => {
    const { topic, partition, offset } = item as Record<string, unknown>
    if (typeof topic !== 'string' || !Number.isInteger(partition) || !Number.isInteger(offset)) {
      throw new ToolError('Each of the partitions needs "topic", "partition" and "offset"')
    }
    const key = `${topic}-${String(partition)}`
    if (seen.has(key)) duplicates.add(key)
    seen.add(key)
    return { topic, partition: Number(partition), offset: Number(offset) }
  })
  if (duplicates.size > 0) {
    throw new ToolError(
      `Offset json file contains duplicate topic partitions: ${[...duplicates].join(',')}`,
    )
  }
  return deletions
}
