// kafka-consumer-groups
import {
  deleteGroup,
  deleteGroupOffsets,
  type ListedGroup,
  type TopicPartition,
} from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { comparePartitions } from '../group-lag.ts'
import { describeGroups } from './consumer-groups-describe.ts'
import { resetOffsets } from './consumer-groups-reset.ts'
import { chosenGroups, listConsumerGroups, splitTopic } from './group-names.ts'
import { javaException, javaMessage } from './java-errors.ts'
import { refuseTogether, requireOptions, usageError } from './option-parser.ts'
import { type KafkaTool, left, type ToolContext } from './tool.ts'

const ACTIONS = ['list', 'describe', 'delete', 'reset-offsets', 'delete-offsets', 'validate-regex']
const MIN_COLUMN = 15
/** The Java tool leaves this much behind the names of a list. */
const LIST_GAP = 10

export const consumerGroupsTool: KafkaTool = {
  description:
    'This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, or reset consumer group offsets.',
  options: {
    'all-groups': { value: 'none', doc: 'All groups (describe, delete, reset-offsets).' },
    'all-topics': { value: 'none', doc: 'All topics of the group (reset-offsets).' },
    'bootstrap-server': { value: 'required', doc: 'REQUIRED: the addresses to connect to.' },
    'by-duration': { value: 'required', doc: "Reset to a duration ago, 'PnDTnHnMnS'." },
    'command-config': { value: 'required', doc: 'A file of client settings.' },
    delete: { value: 'none', doc: 'Delete groups.' },
    'delete-offsets': { value: 'none', doc: 'Delete offsets of topics of a group.' },
    describe: { value: 'none', doc: 'Describe groups and their lag.' },
    'dry-run': { value: 'none', doc: 'Only show the result of reset-offsets.' },
    execute: { value: 'none', doc: 'Do the reset.' },
    export: { value: 'none', doc: 'Print the result of reset-offsets as CSV.' },
    'from-file': { value: 'required', doc: 'Reset to the offsets in a CSV file.' },
    group: { value: 'required', repeats: true, doc: 'The group.' },
    list: { value: 'none', doc: 'List groups.' },
    members: { value: 'none', doc: 'Describe members.' },
    offsets: { value: 'none', doc: 'Describe offsets (the default).' },
    'reset-offsets': { value: 'none', doc: 'Reset the offsets of a group without members.' },
    'shift-by': { value: 'required', doc: 'Reset by n records, back if negative.' },
    state: {
      value: 'optional',
      doc: 'Describe the state; with --list show it, or only groups in these states.',
    },
    timeout: { value: 'required', doc: 'Milliseconds that may pass.' },
    'to-current': { value: 'none', doc: 'Reset to the current offset.' },
    'to-datetime': { value: 'required', doc: "Reset to a time, 'YYYY-MM-DDThh:mm:ss.sss'." },
    'to-earliest': { value: 'none', doc: 'Reset to the first offset.' },
    'to-latest': { value: 'none', doc: 'Reset to the end.' },
    'to-offset': { value: 'required', doc: 'Reset to an offset.' },
    topic: {
      value: 'required',
      repeats: true,
      doc: 'The topic, or topic:1,2 for some partitions.',
    },
    type: { value: 'optional', doc: 'With --list: show the type, or only groups of these types.' },
    'validate-regex': { value: 'required', doc: 'Check an RE2 expression.' },
    verbose: { value: 'none', doc: 'Show more.' },
  },
  async run(context) {
    const { options } = context
    const actions = ACTIONS.filter(name => options.has(name))
    const [action] = actions
    if (action === undefined || actions.length > 1) {
      throw usageError(
        'Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets, --validate-regex.',
      )
    }
    requireOptions(options, 'bootstrap-server')
    checkArguments(context, action)
    switch (action) {
      case 'list':
        return await list(context)
      case 'describe':
        return await describeGroups(context)
      case 'delete':
        return await remove(context)
      case 'reset-offsets':
        return await resetOffsets(context)
      default:
        return await removeOffsets(context)
    }
  },
  fail(context, error) {
    const isUnknownTopic =
      error instanceof KafkaError && error.errorName === 'UNKNOWN_TOPIC_OR_PARTITION'
    // The Java tool finds this one out by itself and shows it without its class.
    const text = isUnknownTopic
      ? 'This server does not host this topic-partition.'
      : javaException(error)
    context.print(`\nError: Executing consumer group command failed due to ${text}\n`)
    context.printError(`java.util.concurrent.ExecutionException: ${text}\n`)
    return 0
  },
}

function checkArguments(context: ToolContext, action: string): void {
  const { options } = context
  const hasGroups = options.has('group') || options.has('all-groups')
  if (action === 'describe') {
    if (!hasGroups) {
      throw usageError('Option [describe] takes one of these options: [all-groups], [group]')
    }
    const views = ['members', 'offsets', 'state'].filter(name => options.has(name))
    if (views.length > 1) {
      throw usageError(
        'Option [describe] takes at most one of these options: [members], [offsets], [state]',
      )
    }
    if (options.value('state') !== undefined) {
      throw usageError('Option [describe] does not take a value for [state]')
    }
  }
  if (action === 'delete') {
    if (!hasGroups) {
      throw usageError('Option [delete] takes one of these options: [all-groups], [group]')
    }
    if (options.has('topic')) {
      throw usageError(
        'The consumer does not support topic-specific offset deletion from a consumer group.',
      )
    }
  }
  if (action === 'delete-offsets') requireOptions(options, 'group', 'topic')
  if (action === 'reset-offsets') {
    refuseTogether(options, 'dry-run', ['execute'])
    if (!options.has('dry-run') && !options.has('execute')) {
      context.printError(
        'WARN: No action will be performed as the --execute option is missing. In version 5.0, this command will require either --dry-run or --execute to be specified. You should add the --dry-run option explicitly if you are scripting this command and want to keep the current default behavior without prompting.\n',
      )
    }
    if (!hasGroups) {
      throw usageError('Option [reset-offsets] takes one of these options: [all-groups], [group]')
    }
  }
}

async function list(context: ToolContext): Promise<number> {
  const { options } = context
  const states = wordsOf(options.value('state'))
  const types = wordsOf(options.value('type'))
  const groups = (await listConsumerGroups(context)).filter(
    group =>
      (states.length === 0 || states.includes(group.state.toLowerCase())) &&
      (types.length === 0 || types.includes(group.type.toLowerCase())),
  )
  const columns = [
    ...(options.has('type')
      ? [{ title: 'TYPE', of: (group: ListedGroup) => titleCase(group.type) }]
      : []),
    ...(options.has('state') ? [{ title: 'STATE', of: (group: ListedGroup) => group.state }] : []),
  ]
  if (columns.length === 0) {
    context.print(groups.map(group => `${group.groupId}\n`).join(''))
    return 0
  }
  const width = LIST_GAP + Math.max(MIN_COLUMN, ...groups.map(group => group.groupId.length))
  const line = (name: string, cells: readonly string[]): string =>
    `${left(name, width)} ${cells.map(cell => left(cell, 20)).join(' ')}\n`
  context.print(
    line(
      'GROUP',
      columns.map(column => column.title),
    ),
  )
  for (const group of groups)
    context.print(
      line(
        group.groupId,
        columns.map(column => column.of(group)),
      ),
    )
  return 0
}

function wordsOf(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(',').map(word => word.trim().toLowerCase())
}

function titleCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

async function remove(context: ToolContext): Promise<number> {
  const groups = await chosenGroups(context)
  const failed: string[] = []
  const deleted: string[] = []
  for (const group of groups) {
    try {
      await deleteGroup(context.cluster, group)
      deleted.push(`'${group}'`)
    } catch (error) {
      failed.push(`* Group '${group}' could not be deleted due to: ${javaException(error)}\n`)
    }
  }
  if (failed.length === 0) {
    context.print(`Deletion of requested consumer groups (${deleted.join(', ')}) was successful.\n`)
    return 0
  }
  context.print(`\nError: Deletion of some consumer groups failed:\n${failed.join('')}`)
  if (deleted.length > 0) {
    context.print(`\nThese consumer groups were deleted successfully: ${deleted.join(', ')}\n`)
  }
  return 0
}

async function removeOffsets(context: ToolContext): Promise<number> {
  const { options, cluster } = context
  const groupId = options.value('group') ?? ''
  const partitions: TopicPartition[] = []
  for (const text of options.values('topic')) {
    const [topic = '', numbers] = splitTopic(text)
    const all = (await cluster.topic(topic)).partitions.map(partition => partition.partitionIndex)
    for (const partition of numbers ?? all) partitions.push({ topic, partition })
  }
  partitions.sort(comparePartitions)
  const { outcomes, refusal } = await deleteOrRefuse(context, groupId, partitions)
  const hasErrors = outcomes.some(outcome => outcome.error !== null)
  if (refusal !== null) context.print(`\nError: ${javaMessage(refusal)}\n`)
  else
    context.print(
      hasErrors
        ? '\nError: Encountered some partition-level error, see the follow-up details.\n'
        : `Request succeeded for deleting offsets from group ${groupId}.\n`,
    )
  const width = Math.max(MIN_COLUMN, ...partitions.map(({ topic }) => topic.length))
  const line = (cells: readonly [string, string | number, string]): string =>
    `${left(cells[0], width)} ${left(cells[1], 10)} ${left(cells[2], 15)}\n`
  context.print(`\n${line(['TOPIC', 'PARTITION', 'STATUS'])}`)
  for (const { request, error } of outcomes) {
    const status = error === null ? 'Successful' : `Error: ${javaException(error)}`
    context.print(line([request.topic, request.partition, status]))
  }
  return 0
}

/** A group that cannot be changed at all has the same error for every partition. */
async function deleteOrRefuse(
  { cluster }: ToolContext,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<{
  outcomes: readonly { request: TopicPartition; error: KafkaError | null }[]
  refusal: KafkaError | null
}> {
  try {
    return { outcomes: await deleteGroupOffsets(cluster, groupId, partitions), refusal: null }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { outcomes: partitions.map(request => ({ request, error })), refusal: error }
  }
}
