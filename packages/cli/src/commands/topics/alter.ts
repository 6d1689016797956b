// weir topics alter
import { alterConfigs, createPartitions } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { CommandError, throwFirst, UsageError } from '../../errors.ts'
import { findTopics } from '../../names.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { withSuggestion } from '../../setting-names.ts'
import { checkInteger, parseKeyValues } from '../../values/key-values.ts'

const MAX_PARTITIONS = 100_000

export const alterTopicCommand = defineCommand({
  positionals: {
    topic: { type: 'string', demandOption: true, describe: 'Name of the topic' },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    partitions: { alias: 'p', type: 'number', describe: 'The new number of partitions' },
    config: {
      alias: 'c',
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'none',
      describe: 'Change a setting, NAME=VALUE (repeatable)',
      nargs: 1,
    },
    unset: {
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'none',
      describe: 'Give a setting its default again (repeatable)',
      nargs: 1,
    },
  },
  examples: [
    [
      '$0 topics alter orders --partitions 12',
      'add partitions; keys will move to other partitions',
    ],
    ['$0 topics alter orders -c retention.ms=86400000', 'change a setting'],
  ],
  completePositional: ['topics', 'none'],
  async run({ io }, args) {
    const partitionCount = checkInteger(args.partitions, '--partitions', {
      min: 1,
      max: MAX_PARTITIONS,
    })
    const changes = [
      ...[...parseKeyValues(args.config, '--config')].map(([name, value]) => ({ name, value })),
      ...args.unset.map(name => ({ name, value: null })),
    ]
    if (partitionCount === undefined && changes.length === 0) {
      throw new UsageError('say what to change: --partitions, --config or --unset')
    }
    const say = (line: string): void => {
      if (!args.json) void io.stdout.write(`${line}\n`)
    }
    return await withCluster(io, args, async cluster => {
      const [topic] = await findTopics(cluster, [args.topic])
      const current = topic?.partitions.length ?? 0
      if (partitionCount !== undefined && partitionCount < current) {
        throw new CommandError(
          `topic '${args.topic}' has ${current} partitions, and partitions cannot be taken away; create a new topic to have fewer`,
        )
      }
      if (changes.length > 0) {
        await withSuggestion(
          'topic',
          changes.map(({ name }) => name),
          () => alterConfigs(cluster, { type: 'topic', name: args.topic }, changes),
        )
        say(`Changed ${changes.map(change => change.name).join(', ')}`)
      }
      if (partitionCount !== undefined && partitionCount !== current) {
        throwFirst(await createPartitions(cluster, [{ name: args.topic, partitionCount }]))
        say(`${args.topic} now has ${partitionCount} partitions, before ${current}`)
      } else if (partitionCount !== undefined) {
        say(`${args.topic} already has ${current} partitions`)
      }
      if (args.json) {
        const configs = Object.fromEntries(changes.map(({ name, value }) => [name, value]))
        const after = partitionCount ?? current
        printJson(io, { name: args.topic, partitions: { before: current, after }, configs })
      }
      return 0
    })
  },
})
