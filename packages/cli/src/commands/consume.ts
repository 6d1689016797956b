// weir consume: records of topics to standard output, by hand or as a member of a group.
import {
  type Cluster,
  type ConsumerRecord,
  Fetcher,
  GroupConsumer,
  partitionKey,
  type TopicPartition,
} from '@weir/client'
import { defineCommand } from '../command.ts'
import { timeoutMsOf, withCluster } from '../connect.ts'
import { UsageError } from '../errors.ts'
import type { CliIo } from '../io.ts'
import { findTopics } from '../names.ts'
import { bootstrapOption } from '../options.ts'
import { parseRecordFormat, type RecordFormat } from '../output/record-format.ts'
import { recordToJson } from '../output/record-json.ts'
import { styled } from '../output/style.ts'
import { checkInteger, parseTopicSelection, type TopicSelection } from '../values/key-values.ts'
import { parseStart, type Range, resolveRange } from '../values/read-range.ts'

const POLL_MS = 1_000
/** With --exit: how soon the end is looked for when there may be nothing to read. */
const SHORT_POLL_MS = 100
const MAX_RECORDS = Number.MAX_SAFE_INTEGER

export const consumeCommand = defineCommand({
  positionals: {
    topics: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Topics, or TOPIC:PARTITIONS as in orders:0,3-5',
    },
  },
  options: {
    ...bootstrapOption,
    from: {
      type: 'string',
      describe:
        'Where to begin: earliest, latest, an offset, -N (the last N of a partition), a time, or a duration ago',
      defaultDescription: 'latest; in a group: its committed offset, else latest',
      requiresArg: true,
    },
    'from-beginning': { type: 'boolean', default: false, describe: 'The same as --from earliest' },
    to: { type: 'string', describe: 'Where to end (exclusive): as --from', requiresArg: true },
    exit: {
      alias: 'e',
      type: 'boolean',
      default: false,
      describe: 'End at the end, do not wait for more',
    },
    max: { alias: 'n', type: 'number', describe: 'End after this many records' },
    group: {
      alias: 'g',
      type: 'string',
      describe: 'Consume as a member of this group',
      requiresArg: true,
    },
    commit: { type: 'boolean', default: true, describe: 'Commit what was printed (in a group)' },
    format: {
      alias: 'f',
      type: 'string',
      describe:
        'Print as this: %t topic %p partition %o offset %k key %s value %K %S sizes %T time %D date %h headers',
      requiresArg: true,
    },
    json: { type: 'boolean', default: false, describe: 'One line of JSON a record' },
    keys: { type: 'boolean', default: false, describe: 'Print the key before the value' },
    isolation: {
      type: 'string',
      choices: ['read_uncommitted', 'read_committed'] as const,
      default: 'read_uncommitted' as const,
      describe: 'Whether to show records of transactions that are open or aborted',
    },
  },
  examples: [
    ['$0 consume orders', 'new records as they come, until Ctrl-C'],
    ['$0 consume orders --from earliest --exit', 'everything that is there'],
    ['$0 consume orders:0 --from -10 -e', 'the last ten of partition 0'],
    ["$0 consume orders --from 1h -f '%D %p/%o %k=%s\\n'", 'the last hour, in a form of your own'],
    ['$0 consume orders --group audit --json | jq .value', 'as a member of a group'],
  ],
  completePositional: ['topics'],
  async run({ io }, args) {
    const from = args['from-beginning'] ? 'earliest' : args.from
    const max = checkInteger(args.max, '--max', { min: 1, max: MAX_RECORDS }) ?? MAX_RECORDS
    const selections = args.topics.map(parseTopicSelection)
    const printer = new RecordPrinter(io, formatOf(io, args), max)
    if (args.group !== undefined) checkGroupArguments({ ...args, from }, selections)
    const range = {
      from: parseStart(from ?? 'latest'),
      to: args.to === undefined ? null : parseStart(args.to),
    }
    return await withCluster(io, args, async cluster => {
      await findTopics(
        cluster,
        selections.map(selection => selection.topic),
      )
      if (args.group === undefined) {
        const isBounded = args.exit || args.to !== undefined
        const plan = await resolveRange(cluster, selections, range, isBounded)
        await consumeAlone(io, cluster, {
          ranges: plan,
          isolation: args.isolation,
          printer,
          isBounded,
          patienceMs: timeoutMsOf(args),
        })
      } else {
        await consumeInGroup(io, cluster, {
          groupId: args.group,
          topics: selections.map(selection => selection.topic),
          startAt: from === 'earliest' ? 'earliest' : 'latest',
          isolation: args.isolation,
          mustCommit: args.commit,
          mustExit: args.exit,
          printer,
          patienceMs: timeoutMsOf(args),
        })
      }
      return 0
    })
  },
})

function checkGroupArguments(
  args: { from?: string | undefined; to?: string | undefined },
  selections: readonly TopicSelection[],
): void {
  if (selections.some(selection => selection.partitions !== null)) {
    throw new UsageError('in a group the members share all partitions: leave out ":PARTITIONS"')
  }
  if (args.to !== undefined) throw new UsageError('--to does not go with --group')
  if (args.from !== undefined && args.from !== 'earliest' && args.from !== 'latest') {
    throw new UsageError(
      "with --group, --from is earliest or latest; 'weir groups reset-offsets' moves a group",
    )
  }
}

function formatOf(
  io: CliIo,
  args: { format?: string | undefined; json: boolean; keys: boolean },
): RecordFormat {
  if (args.format !== undefined) return parseRecordFormat(args.format)
  if (args.json) return record => Buffer.from(`${recordToJson(record)}\n`)
  const newline = Buffer.from('\n')
  const nothing = Buffer.alloc(0)
  if (!args.keys) return record => Buffer.concat([record.value ?? nothing, newline])
  return record => {
    const key = styled(io.stdout, 'cyan', record.key?.toString() ?? '')
    return Buffer.concat([Buffer.from(`${key}\t`), record.value ?? nothing, newline])
  }
}

/** Writes records until there were enough; waits for a slow reader. */
class RecordPrinter {
  readonly #io: CliIo
  readonly #format: RecordFormat
  readonly #max: number
  #printed = 0

  constructor(io: CliIo, format: RecordFormat, max: number) {
    this.#io = io
    this.#format = format
    this.#max = max
  }

  get isDone(): boolean {
    return this.#printed >= this.#max || this.#io.signal.aborted
  }

  /** How many of these were printed. */
  async print(records: readonly ConsumerRecord[]): Promise<number> {
    const chosen = records.slice(0, this.#max - this.#printed)
    this.#printed += chosen.length
    const output = this.#io.stdout.write(Buffer.concat(chosen.map(this.#format)))
    if (output !== undefined) await output
    return chosen.length
  }
}

interface AloneOptions {
  readonly ranges: readonly Range[]
  readonly isolation: 'read_uncommitted' | 'read_committed'
  readonly printer: RecordPrinter
  readonly isBounded: boolean
  /** How long an end is waited for while every answer is an error. */
  readonly patienceMs: number
}

async function consumeAlone(io: CliIo, cluster: Cluster, options: AloneOptions): Promise<void> {
  const { printer, isBounded, patienceMs } = options
  const fetcher = new Fetcher(cluster, {
    isolationLevel: options.isolation,
    onOutOfRange: 'earliest',
  })
  io.signal.addEventListener('abort', () => fetcher.close(), { once: true })
  const limits = new Map(options.ranges.map(range => [partitionKey(range), range]))
  const isOpen = (at: TopicPartition & { readonly offset: number }): boolean =>
    !isBounded || at.offset < (limits.get(partitionKey(at))?.endOffset ?? 0)
  fetcher.assign(options.ranges.filter(isOpen))
  let isTroubleSaid = false
  while (!printer.isDone) {
    const positions = fetcher.positions()
    const open = positions.filter(isOpen)
    if (open.length === 0) break
    if (open.length < positions.length) fetcher.assign(open)
    const records = await fetcher.poll(POLL_MS)
    const trouble = fetcher.trouble()
    if (trouble !== null && trouble.forMs >= patienceMs) {
      if (isBounded) throw trouble.error
      // Without an end it goes on, as what is wrong may pass; but not in silence.
      if (!isTroubleSaid) void io.stderr.write(`weir: still trying: ${trouble.error.message}\n`)
    }
    isTroubleSaid = trouble !== null && (isTroubleSaid || trouble.forMs >= patienceMs)
    await printer.print(records.filter(isOpen))
  }
  fetcher.close()
}

interface GroupOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  readonly startAt: 'earliest' | 'latest'
  readonly isolation: 'read_uncommitted' | 'read_committed'
  readonly mustCommit: boolean
  readonly mustExit: boolean
  readonly printer: RecordPrinter
  /** How long the group may take to give this member its partitions before that is told. */
  readonly patienceMs: number
}

async function consumeInGroup(io: CliIo, cluster: Cluster, options: GroupOptions): Promise<void> {
  const { groupId, topics, startAt, printer, mustCommit, mustExit } = options
  const consumer = new GroupConsumer(cluster, {
    groupId,
    topics,
    startAt,
    isolationLevel: options.isolation,
  })
  io.signal.addEventListener('abort', () => consumer.wakeUp(), { once: true })
  const tellWaiting = setTimeout(() => {
    void io.stderr.write(
      `weir: still waiting for partitions of group '${groupId}': 'weir groups describe ${groupId}' and ` +
        "'weir doctor' may tell why\n",
    )
  }, options.patienceMs)
  consumer.onAssigned(partitions => {
    clearTimeout(tellWaiting)
    if (!io.stderr.isTerminal) return
    const list = partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(' ')
    void io.stderr.write(`${styled(io.stderr, 'dim', `assigned: ${list || 'nothing'}`)}\n`)
  })
  try {
    while (!printer.isDone) {
      const records = await consumer.poll(mustExit ? SHORT_POLL_MS : POLL_MS)
      const printed = await printer.print(records)
      if (mustCommit) await consumer.commit(records.slice(printed))
      if (mustExit && (await consumer.isAtEnd())) break
    }
  } finally {
    clearTimeout(tellWaiting)
    await consumer.close()
  }
}
