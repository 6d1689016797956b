// weir groups export: the committed offsets of groups, to standard output.
import { fetchGroupOffsets, listGroups } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { type ExportedGroup, toCsvFile, toJsonFile } from '../../group-file.ts'
import { comparePartitions } from '../../group-lag.ts'
import { unknownGroup } from '../../names.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'

export const exportGroupsCommand = defineCommand({
  positionals: {
    groups: {
      type: 'string',
      array: true,
      default: [] as string[],
      defaultDescription: 'none',
      describe: 'Names of groups',
    },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    all: { type: 'boolean', default: false, describe: 'All groups of the cluster' },
    csv: {
      type: 'boolean',
      default: false,
      describe: 'Lines GROUP,TOPIC,PARTITION,OFFSET, as kafka-consumer-groups takes them',
    },
  },
  examples: [
    ['$0 groups export billing > billing.json', 'keep what it has committed'],
    ['$0 groups export --all --csv > offsets.csv', 'of all groups, for kafka-consumer-groups'],
  ],
  completePositional: ['groups'],
  async run({ io }, args) {
    if (args.all === args.groups.length > 0) throw new UsageError('name groups, or say --all')
    return await withCluster(io, args, async cluster => {
      const names = args.all
        ? (await listGroups(cluster)).map(({ groupId }) => groupId)
        : args.groups
      const groups: ExportedGroup[] = []
      for (const group of names) {
        const offsets = await fetchGroupOffsets(cluster, group)
        if (offsets.length === 0 && !args.all) {
          const isThere = (await listGroups(cluster)).some(each => each.groupId === group)
          if (!isThere) throw new CommandError(await unknownGroup(cluster, group))
        }
        if (offsets.length > 0) groups.push({ group, offsets: offsets.sort(comparePartitions) })
      }
      await io.stdout.write(args.csv ? toCsvFile(groups) : toJsonFile(groups))
      const count = groups.reduce((sum, { offsets }) => sum + offsets.length, 0)
      void io.stderr.write(`${counted(count, 'offset')} of ${counted(groups.length, 'group')}.\n`)
      return 0
    })
  },
})

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
