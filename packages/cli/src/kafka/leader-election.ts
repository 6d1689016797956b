// kafka-leader-election
import { type ElectionType, electLeaders, type TopicPartition } from '@weir/client'
import { javaException } from './java-errors.ts'
import { type ParsedOptions, ToolError } from './option-parser.ts'
import { type KafkaTool, readText } from './tool.ts'

const CHOICES = ['topic', 'all-topic-partitions', 'path-to-json-file'] as const

export const leaderElectionTool: KafkaTool = {
  description:
    'This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported are preferred replicas and unclean replicas.',
  options: {
    'admin.config': { value: 'required', doc: 'Deprecated: use --command-config.' },
    'all-topic-partitions': { value: 'none', doc: 'All partitions that need it.' },
    'bootstrap-server': { value: 'required', doc: 'REQUIRED: the addresses to connect to.' },
    'command-config': { value: 'required', doc: 'A file of client settings.' },
    'election-type': {
      value: 'required',
      doc: 'REQUIRED: preferred (the first replica leads again) or unclean (a replica that is not in sync leads where there is no leader).',
    },
    partition: { value: 'required', doc: 'The partition; goes with --topic.' },
    'path-to-json-file': {
      value: 'required',
      doc: 'A file {"partitions":[{"topic":"t","partition":1}]}.',
    },
    topic: { value: 'required', doc: 'The topic; goes with --partition.' },
  },
  async run(context) {
    const { options } = context
    const type = checkArguments(options)
    const partitions = partitionsOf(options)
    const outcomes = await electLeaders(context.cluster, type, partitions)
    const done = outcomes.filter(({ error }) => error === null)
    const needless = outcomes.filter(({ error }) => error?.errorName === 'ELECTION_NOT_NEEDED')
    if (done.length > 0) {
      context.print(
        `Successfully completed leader election (${type.toUpperCase()}) for partitions ${names(done)}\n`,
      )
    }
    // Asked for all, nobody wants to hear of those that are in order.
    if (needless.length > 0 && partitions !== null) {
      context.print(`Valid replica already elected for partitions ${names(needless)}\n`)
    }
    const failed = outcomes.filter(item => !done.includes(item) && !needless.includes(item))
    for (const { topic, partition, error } of failed) {
      context.print(
        `Error completing leader election (${type.toUpperCase()}) for partition: ${topic}-${partition}: ${javaException(error)}\n`,
      )
    }
    if (failed.length === 0) return 0
    const summary = `${failed.length} replica(s) could not be elected`
    context.printError(
      `${summary}\norg.apache.kafka.tools.AdminCommandFailedException: ${summary}\n`,
    )
    return 1
  },
}

function checkArguments(options: ParsedOptions): ElectionType {
  const missing = ['bootstrap-server', 'election-type'].filter(name => !options.has(name))
  if (missing.length > 0) {
    throw new ToolError(`Missing required option(s): ${missing.join(', ')}`)
  }
  if (CHOICES.filter(name => options.has(name)).length !== 1) {
    throw new ToolError(
      `One and only one of the following options is required: ${CHOICES.join(', ')}`,
    )
  }
  if (options.has('topic') && !options.has('partition')) {
    throw new ToolError('Missing required option(s): partition')
  }
  if (!options.has('topic') && options.has('partition')) {
    throw new ToolError('Option partition is only allowed if topic is used')
  }
  const type = options.value('election-type')?.toLowerCase() ?? ''
  if (type !== 'preferred' && type !== 'unclean') {
    throw new ToolError(`Cannot parse argument '${type}' of option election-type`)
  }
  return type
}

/** Null: all. */
function partitionsOf(options: ParsedOptions): TopicPartition[] | null {
  const topic = options.value('topic')
  if (topic !== undefined) return [{ topic, partition: options.integer('partition') ?? 0 }]
  const path = options.value('path-to-json-file')
  return path === undefined ? null : parsePartitions(readText(path))
}

function parsePartitions(text: string): TopicPartition[] {
  const invalid = new ToolError('Replica election data is empty')
  let document: { partitions?: unknown }
  try {
    document = JSON.parse(text) as { partitions?: unknown }
  } catch (error) {
    throw new ToolError('Failed to parse partition data', { cause: error })
  }
  if (!Array.isArray(document.partitions) || document.partitions.length === 0) throw invalid
  const partitions = document.partitions.map((item: TopicPartition) => {
    if (typeof item?.topic !== 'string' || !Number.isInteger(item.partition)) throw invalid
    return { topic: item.topic, partition: item.partition }
  })
  const keys = partitions.map(({ topic, partition }) => `${topic}-${partition}`)
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index)
  if (twice.length > 0) {
    throw new ToolError(`Replica election data contains duplicate partitions: ${twice.join(',')}`)
  }
  return partitions
}

function names(partitions: readonly TopicPartition[]): string {
  return partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(', ')
}
