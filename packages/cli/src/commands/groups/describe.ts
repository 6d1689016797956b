// weir groups describe: state, offsets and lag; with --watch a live table.
import type { Cluster, DescribedGroup } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { describeExistingGroup, groupLag, type PartitionLag } from '../../group-lag.ts'
import type { CliIo, Output } from '../../io.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { styled } from '../../output/style.ts'
import { renderFields, renderTable } from '../../output/table.ts'
import { parseDurationMs } from '../../values/duration.ts'

interface GroupReport {
  readonly group: DescribedGroup
  readonly lag: readonly PartitionLag[]
}

const MIN_INTERVAL_MS = 200

export const describeGroupsCommand = defineCommand({
  positionals: {
    groups: { type: 'string', array: true, demandOption: true, describe: 'Names of groups' },
  },
  options: {
    ...bootstrapOption,
    ...jsonOption,
    watch: { alias: 'w', type: 'boolean', default: false, describe: 'Show it again and again' },
    interval: { type: 'string', default: '2s', describe: 'How often with --watch' },
  },
  examples: [
    ['$0 groups describe billing', 'what is committed, and how far behind it is'],
    ['$0 groups describe billing --watch', 'live, until Ctrl-C'],
  ],
  completePositional: ['groups'],
  async run({ io }, args) {
    const intervalMs = Math.max(MIN_INTERVAL_MS, parseDurationMs(args.interval))
    return await withCluster(io, args, async cluster => {
      if (args.watch) await watch(io, cluster, args.groups, { intervalMs, json: args.json })
      else {
        const reports = await readReports(cluster, args.groups)
        if (args.json) printJson(io, reports.map(toJson))
        else void io.stdout.write(renderReports(io.stdout, reports))
      }
      return 0
    })
  },
})

async function readReports(cluster: Cluster, names: readonly string[]): Promise<GroupReport[]> {
  return await Promise.all(
    names.map(async name => {
      const group = await describeExistingGroup(cluster, name)
      return { group, lag: await groupLag(cluster, group) }
    }),
  )
}

/** On a terminal the table is drawn over; in a pipe each round is one line of JSON or one table. */
async function watch(
  io: CliIo,
  cluster: Cluster,
  names: readonly string[],
  { intervalMs, json }: { readonly intervalMs: number; readonly json: boolean },
): Promise<void> {
  while (!io.signal.aborted) {
    const reports = await readReports(cluster, names)
    if (json) {
      const line = { time: new Date().toISOString(), groups: reports.map(toJson) }
      void io.stdout.write(`${JSON.stringify(line)}\n`)
    } else {
      const clear = io.stdout.isTerminal ? '\u001b[H\u001b[2J' : ''
      const time = styled(io.stdout, 'dim', new Date().toLocaleTimeString())
      void io.stdout.write(`${clear}${time}\n${renderReports(io.stdout, reports)}\n`)
    }
    await interruptibleSleep(io.signal, intervalMs)
  }
}

function interruptibleSleep(signal: AbortSignal, delayMs: number): Promise<void> {
  return new Promise(resolve => {
    const finish = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      void resolve()
    }
    const timer = setTimeout(finish, delayMs)
    signal.addEventListener('abort', finish, { once: true })
  })
}

function toJson({ group, lag }: GroupReport): unknown {
  return {
    group: group.groupId,
    state: group.state,
    type: group.type,
    assignor: group.protocol,
    coordinator: group.coordinatorId,
    members: group.members.length,
    partitions: lag.map(({ member, ...row }) => ({
      ...row,
      memberId: member?.memberId ?? null,
      clientId: member?.clientId ?? null,
      host: member?.clientHost ?? null,
    })),
  }
}

function renderReports(output: Output, reports: readonly GroupReport[]): string {
  return reports.map(report => renderReport(output, report)).join('\n')
}

function renderReport(output: Output, { group, lag }: GroupReport): string {
  const total = lag.reduce((sum, row) => sum + (row.lag ?? 0), 0)
  const fields = renderFields(output, [
    { name: 'Group', value: group.groupId, style: 'cyan' },
    { name: 'State', value: group.state },
    { name: 'Members', value: group.members.length },
    { name: 'Assignor', value: group.protocol },
    { name: 'Coordinator', value: `node ${group.coordinatorId}` },
    { name: 'Lag', value: total },
  ])
  if (lag.length === 0) return `${fields}\nThe group has no committed offsets and no partitions.\n`
  const table = renderTable(
    output,
    [
      { title: 'TOPIC', cell: row => row.topic },
      { title: 'PARTITION', cell: row => row.partition, align: 'right' },
      { title: 'COMMITTED', cell: row => row.committed, align: 'right' },
      { title: 'END', cell: row => row.endOffset, align: 'right' },
      { title: 'LAG', cell: row => row.lag, align: 'right' },
      { title: 'CLIENT', cell: row => row.member?.clientId },
      { title: 'HOST', cell: row => row.member?.clientHost.replace(/^\//, '') },
    ],
    lag,
  )
  return `${fields}\n${table}`
}
