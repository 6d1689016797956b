// weir topics create
import { createTopics } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { throwFirst, UsageError } from '../../errors.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { withSuggestion } from '../../setting-names.ts'
import { checkInteger, parseKeyValues } from '../../values/key-values.ts'

const MAX_PARTITIONS = 100_000
const MAX_REPLICAS = 32_767

export const createTopicsCommand = defineCommand({
  positionals: {
    topics: { type: 'string', array: true, demandOption: true, describe: 'Names of new topics' },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    partitions: {
      alias: 'p',
      type: 'number',
      describe: 'How many partitions each gets',
      defaultDescription: "the cluster's num.partitions",
    },
    replicas: {
      alias: 'r',
      type: 'number',
      describe: 'How many brokers hold each partition',
      defaultDescription: "the cluster's default.replication.factor",
    },
    assignment: {
      type: 'string',
      describe:
        'Broker ids of each partition instead: 1:2,2:3 is two partitions on two brokers each',
    },
    config: {
      alias: 'c',
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'none',
      describe: 'A setting, NAME=VALUE (repeatable)',
      nargs: 1,
    },
    'if-not-exists': { type: 'boolean', default: false, describe: 'No error if it exists' },
    'dry-run': { type: 'boolean', default: false, describe: 'Only check whether it would work' },
  },
  examples: [
    ['$0 topics create orders --partitions 6', 'one topic of six partitions'],
    ['$0 topics create clicks -c retention.ms=3600000 -c cleanup.policy=delete', 'with settings'],
  ],
  async run({ io }, args) {
    const partitionCount =
      checkInteger(args.partitions, '--partitions', { min: 1, max: MAX_PARTITIONS }) ?? -1
    const replicationFactor =
      checkInteger(args.replicas, '--replicas', { min: 1, max: MAX_REPLICAS }) ?? -1
    const configs = parseKeyValues(args.config, '--config')
    const assignments = args.assignment === undefined ? undefined : parseAssignment(args.assignment)
    if (assignments !== undefined && (partitionCount !== -1 || replicationFactor !== -1)) {
      throw new UsageError('--assignment already says how many partitions and replicas there are')
    }
    return await withCluster(io, args, async cluster => {
      const wanted = args.topics.map(name => ({
        name,
        partitionCount,
        replicationFactor,
        configs,
        ...(assignments === undefined ? {} : { assignments }),
      }))
      const outcomes = await createTopics(cluster, wanted, { validateOnly: args['dry-run'] })
      const done = outcomes.filter(outcome => outcome.error === null)
      const failed = outcomes.filter(({ error }) => {
        const isThere = error?.errorName === 'TOPIC_ALREADY_EXISTS'
        return error !== null && !(isThere && args['if-not-exists'])
      })
      if (args.json) {
        printJson(
          io,
          outcomes.map(({ error, ...topic }) => ({ ...topic, error: error?.errorName ?? null })),
        )
      } else {
        for (const topic of done) {
          const size =
            topic.partitionCount < 0
              ? ''
              : `: ${topic.partitionCount} partition${topic.partitionCount === 1 ? '' : 's'}, ${topic.replicationFactor} replica${topic.replicationFactor === 1 ? '' : 's'}`
          const verb = args['dry-run'] ? 'Would create' : 'Created'
          void io.stdout.write(`${verb} ${topic.name}${size}\n`)
        }
      }
      return await withSuggestion('topic', [...configs.keys()], async () => {
        throwFirst(failed)
        return 0
      })
    })
  },
})

/** `1:2,2:3` -> [[1, 2], [2, 3]] */
export function parseAssignment(text: string): number[][] {
  return text.split(',').map(part => {
    if (!/^\s*\d+(:\d+)*\s*$/.test(part)) {
      throw new UsageError(`'${text}' is not an assignment: write 1:2,2:3`)
    }
    return part.trim().split(':').map(Number)
  })
}
