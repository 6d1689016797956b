// weir groups describe: state, offsets and lag; with --watch a live table.
import type { Cluster, DescribedGroup } from '@weir/client'
import { defineCommand } from '../../command.ts'
import { withCluster } from '../../connect.ts'
import { describeExistingGroup, groupLag, type PartitionLag } from '../../group-lag.ts'
import { lagAges } from '../../group-lag-age.ts'
import { isSettled } from '../../group-members.ts'
import type { CliIo, Output } from '../../io.ts'
import { bootstrapOption, jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { styled } from '../../output/style.ts'
import { type Field, renderFields, renderTable } from '../../output/table.ts'
import { formatDurationMs, parseDurationMs } from '../../values/duration.ts'

interface PartitionRow extends PartitionLag {
  /** How old the first record is that is not committed; null if that is not known. */
  readonly lagMs: number | null
}

interface GroupReport {
  readonly group: DescribedGroup
  readonly lag: readonly PartitionRow[]
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
    ['$0 groups describe billing', 'what is committed, and how far behind it is: records and time'],
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
      const lag = await groupLag(cluster, group)
      const ages = await lagAges(cluster, lag)
      return { group, lag: lag.map((row, index) => ({ ...row, lagMs: ages[index] ?? null })) }
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
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    members: group.members.length,
    reconcilingMembers: group.members.filter(member => !isSettled(group, member)).length,
    lag: sumOf(lag),
    lagSeconds: secondsOf(largestAge(lag)),
    partitions: lag.map(({ member, lagMs, ...row }) => ({
      ...row,
      lagSeconds: secondsOf(lagMs),
      memberId: member?.memberId ?? null,
      clientId: member?.clientId ?? null,
      host: member?.clientHost ?? null,
    })),
  }
}

function renderReports(output: Output, reports: readonly GroupReport[]): string {
  return reports.map(report => renderReport(output, report)).join('\n')
}

function sumOf(lag: readonly PartitionRow[]): number {
  return lag.reduce((sum, row) => sum + (row.lag ?? 0), 0)
}

/** Null if no partition has a known one. */
function largestAge(lag: readonly PartitionRow[]): number | null {
  const ages = lag.flatMap(({ lagMs }) => lagMs ?? [])
  return ages.length === 0 ? null : Math.max(...ages)
}

function secondsOf(durationMs: number | null): number | null {
  return durationMs === null ? null : Math.round(durationMs) / 1000
}

function formatAge(durationMs: number | null): string | null {
  return durationMs === null ? null : formatDurationMs(durationMs)
}

/** Epochs and who is still on the way to the newest assignment: only of consumer groups. */
function consumerFields(group: DescribedGroup): Field[] {
  if (group.groupEpoch === null) return []
  const behind = group.members.filter(member => !isSettled(group, member)).length
  const classic = group.members.filter(member => member.protocol === 'classic').length
  return [
    { name: 'Epoch', value: group.groupEpoch },
    { name: 'Assignment', value: `of epoch ${group.assignmentEpoch}` },
    { name: 'Reconciling', value: behind === 0 ? 'nobody' : `${behind} members` },
    ...(classic === 0 ? [] : [{ name: 'Classic', value: `${classic} members` }]),
  ]
}

function renderReport(output: Output, { group, lag }: GroupReport): string {
  const age = formatAge(largestAge(lag))
  const fields = renderFields(output, [
    { name: 'Group', value: group.groupId, style: 'cyan' },
    { name: 'State', value: group.state },
    { name: 'Protocol', value: group.type },
    ...consumerFields(group),
    { name: 'Members', value: group.members.length },
    { name: 'Assignor', value: group.protocol },
    { name: 'Coordinator', value: `node ${group.coordinatorId}` },
    { name: 'Lag', value: age === null ? sumOf(lag) : `${sumOf(lag)} records, ${age}` },
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
      { title: 'TIME', cell: row => formatAge(row.lagMs), align: 'right' },
      { title: 'CLIENT', cell: row => row.member?.clientId },
      { title: 'HOST', cell: row => row.member?.clientHost.replace(/^\//, '') },
    ],
    lag,
  )
  return `${fields}\n${table}`
}
