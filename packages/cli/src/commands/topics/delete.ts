// weir topics delete
import { deleteTopics } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { throwFirst } from '../../errors.ts'
import { findTopics } from '../../names.ts'
import { bootstrapOption, jsonOption, yesOption } from '../../options.ts'
import { confirm } from '../../output/confirm.ts'
import { printJson } from '../../output/json.ts'

export const deleteTopicsCommand = defineCommand({
  positionals: {
    topics: { type: 'string', array: true, demandOption: true, describe: 'Names of topics' },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    ...yesOption,
    'if-exists': { type: 'boolean', default: false, describe: 'No error if it does not exist' },
  },
  examples: [
    ['$0 topics delete old-orders', 'asks for the name once more'],
    ['$0 topics delete a b --yes', 'does not ask'],
  ],
  completePositional: ['topics'],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      let names: readonly string[] = args.topics
      if (args['if-exists']) {
        await cluster.retry(() => cluster.refreshMetadata(names))
        names = names.filter(name => cluster.cachedTopic(name) !== undefined)
      }
      if (names.length === 0) {
        if (args.json) printJson(io, [])
        return 0
      }
      const topics = await findTopics(cluster, names)
      if (!args.yes) {
        const count = topics.reduce((sum, topic) => sum + topic.partitions.length, 0)
        const what = topics.length === 1 ? `topic '${names[0]}'` : `${topics.length} topics`
        await confirm(io, {
          warning: `This deletes ${what} with all records in ${count} partition${count === 1 ? '' : 's'}, for good.`,
          expected: topics.length === 1 ? (names[0] ?? '') : `delete ${topics.length} topics`,
        })
      }
      const outcomes = await deleteTopics(cluster, names)
      if (args.json) {
        printJson(
          io,
          outcomes.map(({ name, error }) => ({ name, error: error?.errorName ?? null })),
        )
      } else {
        for (const outcome of outcomes) {
          if (outcome.error === null) void io.stdout.write(`Deleted ${outcome.name}\n`)
        }
      }
      throwFirst(outcomes)
      return 0
    })
  },
})
