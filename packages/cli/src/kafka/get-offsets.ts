// kafka-get-offsets
import { listOffsets, listTopics, type TopicPartition } from '@weir/client'
import { javaException, javaMessage } from './java-errors.ts'
import { requireOptions, ToolError } from './option-parser.ts'
import { isInternalTopic, type KafkaTool, namePattern } from './tool.ts'

const TIMES: ReadonlyMap<string, number> = new Map([
  ['latest', -1],
  ['earliest', -2],
  ['max-timestamp', -3],
  ['earliest-local', -4],
  ['latest-tiered', -5],
  ['earliest-pending-upload', -6],
])

export const getOffsetsTool: KafkaTool = {
  description: 'An interactive shell for getting topic-partition offsets.',
  options: {
    'bootstrap-server': { value: 'required', doc: 'REQUIRED: the addresses to connect to.' },
    'command-config': { value: 'required', doc: 'A file of client settings.' },
    'exclude-internal-topics': { value: 'none', doc: 'Leave out internal topics.' },
    partitions: { value: 'required', doc: 'Partition ids, separated by commas; all if left out.' },
    time: {
      value: 'required',
      doc: 'latest (-1), earliest (-2), max-timestamp (-3) or a time in milliseconds.',
    },
    topic: { value: 'required', doc: 'A regular expression of topic names; all if left out.' },
    'topic-partitions': {
      value: 'required',
      doc: 'Patterns topic:partition or topic:from-to (to is exclusive), separated by commas.',
    },
  },
  async run(context) {
    const { options, cluster } = context
    requireOptions(options, 'bootstrap-server')
    const timestamp = parseTime(options.value('time') ?? 'latest')
    if (options.has('topic-partitions') && (options.has('topic') || options.has('partitions'))) {
      throw occurred('--topic-partitions cannot be used with --topic or --partitions')
    }
    const isWanted = partitionFilter(options)
    const topics = await listTopics(cluster)
    const partitions = topics
      .filter(({ name }) => !options.has('exclude-internal-topics') || !isInternalTopic(name))
      .flatMap(({ name, partitions: list }) =>
        list.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
      )
      .filter(isWanted)
    if (partitions.length === 0) {
      throw occurred('Could not match any topic-partitions with the specified filters')
    }
    const outcomes = await listOffsets(
      cluster,
      partitions.map(item => ({ ...item, timestamp })),
    )
    for (const { request, value, error } of outcomes) {
      const { topic, partition } = request
      if (error !== null) {
        context.printError(
          `Skip getting offsets for topic-partition ${topic}-${partition} due to error: ${javaException(error)}\n`,
        )
      } else if (value !== null && value.offset >= 0) {
        context.print(`${topic}:${partition}:${value.offset}\n`)
      }
    }
    return 0
  },
  fail(context, error) {
    context.printError(`Error occurred: ${javaMessage(error)}\n`)
    return 1
  },
}

function occurred(message: string): ToolError {
  return new ToolError(`Error occurred: ${message}`)
}

function parseTime(text: string): number {
  const named = TIMES.get(text)
  if (named !== undefined) return named
  if (/^-?\d{1,18}$/.test(text)) return Number(text)
  throw occurred(
    `Malformed time argument ${text}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, or a specified long format timestamp`,
  )
}

type Filter = (item: TopicPartition) => boolean

function partitionFilter(options: { value(name: string): string | undefined }): Filter {
  const patterns = options.value('topic-partitions')
  if (patterns !== undefined) {
    const filters = patterns.split(',').map(topicPartitionFilter)
    return item => filters.some(filter => filter(item))
  }
  const topic = options.value('topic')
  const pattern = topic === undefined ? null : namePattern(topic)
  const partitions = options.value('partitions')
  const filters = partitions?.split(',').map(partitionRange)
  return item =>
    (pattern === null || pattern.test(item.topic)) &&
    (filters === undefined || filters.some(filter => filter(item.partition)))
}

/** `topic:3`, `topic:1-4`, `topic:2-`, `:0`, `topic` */
function topicPartitionFilter(text: string): Filter {
  const match = /^([^:,]*)(?::(\d*)(-?)(\d*))?$/.exec(text.trim())
  if (match === null) throw occurred(`Invalid rule specification: ${text}`)
  const [, name = '', first = '', dash = '', last = ''] = match
  const pattern = name === '' ? null : namePattern(name)
  const range = first === '' && dash === '' ? () => true : partitionRange(`${first}${dash}${last}`)
  return item => (pattern === null || pattern.test(item.topic)) && range(item.partition)
}

/** `3`, `1-4` (4 is exclusive), `2-`, `-4` */
function partitionRange(text: string): (partition: number) => boolean {
  const match = /^(\d*)(-?)(\d*)$/.exec(text.trim())
  if (match === null || text.trim() === '') {
    throw occurred(
      `--partitions expects a comma separated list of numeric partition ids, but received: ${text}`,
    )
  }
  const [, first = '', dash = '', last = ''] = match
  if (dash === '') return partition => partition === Number(first)
  const from = first === '' ? 0 : Number(first)
  const end = last === '' ? Number.POSITIVE_INFINITY : Number(last)
  return partition => partition >= from && partition < end
}
