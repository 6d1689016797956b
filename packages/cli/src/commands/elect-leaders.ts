// weir elect-leaders: gives leadership back to the first replica, or takes an unclean one.
import { type ElectionOutcome, type ElectionType, electLeaders } from '@weir/client'
import { defineCommand } from '../command.ts'
import { withCluster } from '../connect.ts'
import { bootstrapOption, jsonOption, topicsPositional, yesOption } from '../options.ts'
import { confirm } from '../output/confirm.ts'
import { printJson } from '../output/json.ts'
import { selectedPartitions, topicsOrAll } from '../selected-partitions.ts'

export const electLeadersCommand = defineCommand({
  positionals: topicsPositional,
  options: {
    ...bootstrapOption,
    ...jsonOption,
    all: { type: 'boolean', default: false, describe: 'All partitions of all topics' },
    unclean: {
      type: 'boolean',
      default: false,
      describe: 'Where no replica in sync is left, take one that is not: records are lost',
    },
    ...yesOption,
  },
  examples: [
    ['$0 elect-leaders --all', 'the first replica of each partition leads again'],
    ['$0 elect-leaders orders:0 --unclean', 'better some records than none; asks first'],
  ],
  completePositional: ['topics'],
  async run({ io }, args) {
    const selections = topicsOrAll(args)
    const type: ElectionType = args.unclean ? 'unclean' : 'preferred'
    return await withCluster(io, args, async cluster => {
      const partitions = selections && (await selectedPartitions(cluster, selections))
      if (args.unclean && !args.yes) {
        const what = args.all ? 'every partition without a leader' : args.topics.join(', ')
        await confirm(io, {
          warning: `An unclean election of ${what} loses the records that only the missing replicas have, for good.`,
          expected: 'lose records',
        })
      }
      const outcomes = await electLeaders(cluster, type, partitions)
      const counted = outcomes.filter(({ error }) => error?.errorName !== 'ELECTION_NOT_NEEDED')
      if (args.json) {
        printJson(
          io,
          outcomes.map(({ error, ...place }) => ({ ...place, error: error?.errorName ?? null })),
        )
      } else if (counted.length === 0) {
        void io.stderr.write('No election was needed.\n')
      } else {
        void io.stdout.write(counted.map(renderOutcome).join(''))
      }
      return counted.some(outcome => outcome.error !== null) ? 1 : 0
    })
  },
})

function renderOutcome({ topic, partition, error }: ElectionOutcome): string {
  const place = `${topic}-${partition}`
  if (error === null) return `Elected a leader of ${place}\n`
  const reason = error.message.startsWith(`${place}: `)
    ? error.message.slice(place.length + 2)
    : error.message
  return `No election of ${place}: ${reason}\n`
}
