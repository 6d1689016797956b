// weir groups members
import type { GroupMember, TopicPartition } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { comparePartitions, describeExistingGroup } from '../../group-lag.ts'
import { isSettled, reconciliationOf } from '../../group-members.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'

export const groupMembersCommand = defineCommand({
  positionals: {
    group: { type: 'string', demandOption: true, describe: 'Name of the group' },
  },
  options: { ...bootstrapOption, ...jsonOption },
  examples: [['$0 groups members billing', 'who is in it, and who reads which partitions']],
  completePositional: ['groups', 'none'],
  async run({ io }, args) {
    return await withCluster(io, args, async cluster => {
      const group = await describeExistingGroup(cluster, args.group)
      if (args.json) {
        printJson(
          io,
          group.members.map(member => ({ ...member, isReconciling: !isSettled(group, member) })),
        )
      } else if (group.members.length === 0) {
        void io.stderr.write(
          `Group '${args.group}' has no members now; its state is ${group.state}.\n`,
        )
      } else {
        void io.stdout.write(
          renderTable(
            io.stdout,
            [
              { title: 'MEMBER', cell: row => row.memberId },
              { title: 'STATIC', cell: row => row.groupInstanceId },
              { title: 'CLIENT', cell: row => row.clientId },
              { title: 'HOST', cell: row => row.clientHost.replace(/^\//, '') },
              ...(group.groupEpoch === null
                ? []
                : [
                    {
                      title: 'EPOCH',
                      cell: (row: GroupMember) => row.memberEpoch,
                      align: 'right' as const,
                    },
                    { title: 'RACK', cell: (row: GroupMember) => row.rackId },
                    {
                      title: 'RECONCILING',
                      cell: (row: GroupMember) => reconciliationOf(group, row),
                    },
                  ]),
              { title: 'COUNT', cell: row => row.assignment.length, align: 'right' },
              { title: 'PARTITIONS', cell: row => formatAssignment(row.assignment) },
            ],
            group.members,
          ),
        )
      }
      return 0
    })
  },
})

/** `orders:0,1,2 bills:0` */
export function formatAssignment(assignment: readonly TopicPartition[]): string {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of [...assignment].sort(comparePartitions)) {
    topics.set(topic, [...(topics.get(topic) ?? []), partition])
  }
  return [...topics].map(([topic, partitions]) => `${topic}:${partitions.join(',')}`).join(' ')
}
