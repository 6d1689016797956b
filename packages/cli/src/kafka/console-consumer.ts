// kafka-console-consumer. Difference from the Java tool: without --group no group is joined, the
// partitions are read directly.
import {
  type ConsumerRecord,
  Fetcher,
  GroupConsumer,
  listOffsets,
  listTopics,
  OFFSET_EARLIEST,
  OFFSET_LATEST,
  type TopicPartition,
} from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { javaException } from './java-errors.ts'
import {
  type ParsedOptions,
  refuseTogether,
  requireOptions,
  ToolError,
  usageError,
} from './option-parser.ts'
import { recordFormatter } from './record-formatter.ts'
import {
  isInternalTopic,
  type KafkaTool,
  namePattern,
  readProperties,
  type ToolContext,
} from './tool.ts'

const POLL_MS = 500

export const consoleConsumerTool: KafkaTool = {
  description: 'This tool helps to read data from Kafka topics and outputs it to standard output.',
  options: {
    'bootstrap-server': { value: 'required', doc: 'REQUIRED: the addresses to connect to.' },
    'command-config': { value: 'required', doc: 'A file of consumer settings.' },
    'command-property': { value: 'required', repeats: true, doc: 'A consumer setting, key=value.' },
    'consumer-property': {
      value: 'required',
      repeats: true,
      doc: 'Deprecated: as --command-property.',
    },
    'consumer.config': { value: 'required', doc: 'Deprecated: as --command-config.' },
    'enable-systest-events': { value: 'none', doc: 'Has no effect.' },
    formatter: {
      value: 'required',
      doc: "Only Kafka's own DefaultMessageFormatter, LoggingMessageFormatter and NoOpMessageFormatter.",
    },
    'formatter-config': { value: 'required', doc: 'A file of formatter properties.' },
    'formatter-property': {
      value: 'required',
      repeats: true,
      doc: 'print.timestamp, print.key, print.offset, print.partition, print.headers, print.value, key.separator, line.separator, headers.separator, null.literal.',
    },
    'from-beginning': {
      value: 'none',
      doc: 'Begin with the first record where nothing is committed.',
    },
    group: { value: 'required', doc: 'The group to consume in.' },
    include: { value: 'required', doc: 'A regular expression of topics.' },
    'isolation-level': {
      value: 'required',
      doc: 'read_committed or read_uncommitted (the default).',
    },
    'key-deserializer': { value: 'required', doc: 'Has no effect: keys are printed as they are.' },
    'max-messages': { value: 'required', doc: 'End after this many records.' },
    offset: { value: 'required', doc: 'With --partition: earliest, latest or a number.' },
    partition: { value: 'required', doc: 'The partition to read.' },
    property: { value: 'required', repeats: true, doc: 'Deprecated: as --formatter-property.' },
    'skip-message-on-error': { value: 'none', doc: 'Go on when a record cannot be shown.' },
    'timeout-ms': { value: 'required', doc: 'End when no record came for this long.' },
    topic: { value: 'required', doc: 'The topic.' },
    'value-deserializer': {
      value: 'required',
      doc: 'Has no effect: values are printed as they are.',
    },
  },
  async run(context) {
    const settings = checkArguments(context)
    const source = await openSource(context, settings)
    let count = 0
    try {
      count = await printRecords(context, source, settings)
    } catch (error) {
      context.log(
        'ERROR',
        'Error processing message, terminating consumer process: ',
        'org.apache.kafka.tools.consumer.ConsoleConsumer',
      )
      throw error
    } finally {
      await source.close()
    }
    context.printError(`Processed a total of ${count} messages\n`)
    return 0
  },
}

interface Settings {
  readonly maxMessages: number
  readonly timeoutMs: number
  readonly isolationLevel: 'read_committed' | 'read_uncommitted'
  readonly fromBeginning: boolean
  readonly groupId: string | undefined
  readonly partition: number | undefined
  /** -1 latest, -2 earliest. */
  readonly offset: number
  readonly mustCommit: boolean
  readonly print: (record: ConsumerRecord) => Buffer
}

function checkArguments(context: ToolContext): Settings {
  const { options } = context
  requireOptions(options, 'bootstrap-server')
  if (options.has('topic') === options.has('include')) {
    throw usageError('Exactly one of the following arguments is required: [topic], [include]')
  }
  const partition = options.integer('partition')
  if (partition !== undefined) {
    if (!options.has('topic'))
      throw usageError('The topic is required when partition is specified.')
    if (options.has('offset') && options.has('from-beginning')) {
      throw usageError('The offset and from-beginning options cannot be specified together.')
    }
  } else if (options.has('offset')) {
    throw usageError('The partition is required when offset is specified.')
  }
  const groupId = options.value('group')
  refuseTogether(options, 'partition', ['include'])
  if (groupId !== undefined && partition !== undefined) {
    throw usageError('Options group and partition cannot be specified together.')
  }
  const properties = consumerProperties(options)
  const isolation = options.value('isolation-level') ?? properties.get('isolation.level')
  return {
    maxMessages: options.integer('max-messages') ?? -1,
    timeoutMs: options.integer('timeout-ms') ?? -1,
    isolationLevel: isolation === 'read_committed' ? 'read_committed' : 'read_uncommitted',
    fromBeginning:
      options.has('from-beginning') || properties.get('auto.offset.reset') === 'earliest',
    groupId: groupId ?? properties.get('group.id'),
    partition,
    offset: parseOffset(options),
    mustCommit: properties.get('enable.auto.commit') !== 'false',
    print: recordFormatter(options.value('formatter'), formatterProperties(options)),
  }
}

function consumerProperties(options: ParsedOptions): Map<string, string> {
  const file = options.value('command-config') ?? options.value('consumer.config')
  return new Map([
    ...(file === undefined ? [] : readProperties(file)),
    ...options.properties('consumer-property', 'command-property'),
  ])
}

function formatterProperties(options: ParsedOptions): Map<string, string> {
  const file = options.value('formatter-config')
  return new Map([
    ...(file === undefined ? [] : readProperties(file)),
    ...options.properties('property', 'formatter-property'),
  ])
}

function parseOffset(options: ParsedOptions): number {
  const text = options.value('offset')
  if (text === undefined) return options.has('from-beginning') ? OFFSET_EARLIEST : OFFSET_LATEST
  if (text.toLowerCase() === 'earliest') return OFFSET_EARLIEST
  if (text.toLowerCase() === 'latest') return OFFSET_LATEST
  if (!/^\d{1,16}$/.test(text)) {
    throw usageError(
      `The provided offset value '${text}' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.`,
    )
  }
  return Number(text)
}

/** Where records come from: a group, or partitions read directly. */
interface Source {
  poll(timeoutMs: number): Promise<ConsumerRecord[]>
  /** Called after each poll with the records that were not printed. */
  done(unprinted: readonly ConsumerRecord[]): Promise<void>
  close(): Promise<void>
  wakeUp(): void
}

async function openSource(context: ToolContext, settings: Settings): Promise<Source> {
  const { cluster } = context
  const { groupId, isolationLevel, mustCommit } = settings
  const startAt = settings.fromBeginning ? 'earliest' : 'latest'
  const topics = await topicsOf(context)
  if (groupId === undefined) {
    const fetcher = new Fetcher(cluster, { isolationLevel, onOutOfRange: startAt, maxWaitMs: 500 })
    fetcher.assign(await startPositions(context, topics, settings))
    return {
      poll: timeoutMs => fetcher.poll(timeoutMs),
      done: () => Promise.resolve(),
      close: () => Promise.resolve(fetcher.close()),
      wakeUp: () => fetcher.wakeUp(),
    }
  }
  const consumer = new GroupConsumer(cluster, { groupId, topics, startAt, isolationLevel })
  return {
    poll: timeoutMs => consumer.poll(timeoutMs),
    async done(unprinted) {
      if (mustCommit) await consumer.commit(unprinted)
    },
    close: () => consumer.close(),
    wakeUp: () => consumer.wakeUp(),
  }
}

async function topicsOf({ options, cluster }: ToolContext): Promise<string[]> {
  const topic = options.value('topic')
  if (topic !== undefined) return [topic]
  const pattern = namePattern(options.value('include') ?? '')
  const topics = await listTopics(cluster)
  return topics.map(({ name }) => name).filter(name => pattern.test(name) && !isInternalTopic(name))
}

async function startPositions(
  { cluster }: ToolContext,
  topics: readonly string[],
  settings: Settings,
): Promise<(TopicPartition & { offset: number })[]> {
  const partitions: TopicPartition[] = []
  for (const name of topics) {
    const topic = await cluster.topic(name, { allowAutoTopicCreation: true })
    for (const { partitionIndex: partition } of topic.partitions) {
      if (settings.partition === undefined || settings.partition === partition) {
        partitions.push({ topic: name, partition })
      }
    }
  }
  if (partitions.length === 0 && settings.partition !== undefined) {
    throw new ToolError(
      `Unable to find partition ${settings.partition} of topic ${topics.join(',')}`,
    )
  }
  if (settings.offset >= 0) return partitions.map(item => ({ ...item, offset: settings.offset }))
  const timestamp = settings.fromBeginning ? OFFSET_EARLIEST : settings.offset
  const queries = partitions.map(item => ({ ...item, timestamp }))
  return (await listOffsets(cluster, queries)).map(({ request, value, error }) => {
    if (value === null) throw error
    return { topic: request.topic, partition: request.partition, offset: value.offset }
  })
}

/** How many were printed. */
async function printRecords(
  context: ToolContext,
  source: Source,
  settings: Settings,
): Promise<number> {
  const { io } = context
  io.signal.addEventListener('abort', () => source.wakeUp(), { once: true })
  let count = 0
  let lastMs = performance.now()
  while (!io.signal.aborted && (settings.maxMessages < 0 || count < settings.maxMessages)) {
    const records = await pollOnce(source, settings, lastMs)
    if (records.length === 0) {
      await source.done([])
      if (settings.timeoutMs < 0 || performance.now() - lastMs < settings.timeoutMs) continue
      context.log(
        'ERROR',
        'Error processing message, terminating consumer process: ',
        'org.apache.kafka.tools.consumer.ConsoleConsumer',
      )
      context.printError('org.apache.kafka.common.errors.TimeoutException\n')
      break
    }
    lastMs = performance.now()
    const limit = settings.maxMessages < 0 ? records.length : settings.maxMessages - count
    const chosen = records.slice(0, limit)
    count += chosen.length
    const written = io.stdout.write(Buffer.concat(chosen.map(settings.print)))
    if (written !== undefined) await written
    await source.done(records.slice(limit))
  }
  return count
}

async function pollOnce(
  source: Source,
  settings: Settings,
  lastMs: number,
): Promise<ConsumerRecord[]> {
  const leftMs =
    settings.timeoutMs < 0 ? POLL_MS : settings.timeoutMs - (performance.now() - lastMs)
  try {
    return await source.poll(Math.max(1, Math.min(POLL_MS, leftMs)))
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    throw new ToolError(javaException(error), { cause: error })
  }
}
