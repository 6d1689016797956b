// weir configs explain: from the tables of settings, without a broker.
import type { SettingRow } from '@weir/core'
import { allGroupRows, allTopicRows, brokerRows } from '@weir/settings'
import { defineCommand } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { jsonOption } from '../../options.ts'
import { printJson } from '../../output/json.ts'
import { styled } from '../../output/style.ts'
import { type Field, renderFields } from '../../output/table.ts'
import { nearest } from '../../values/nearest.ts'

interface Explained {
  readonly scope: 'topic' | 'broker' | 'group'
  readonly row: SettingRow
}

export const explainConfigCommand = defineCommand({
  positionals: {
    name: { type: 'string', demandOption: true, describe: 'Name of a setting' },
  },
  options: { ...jsonOption },
  examples: [['$0 configs explain retention.ms', 'what it means, its default and its range']],
  completePositional: ['settings'],
  async run({ io }, args) {
    const all = settingRows()
    const found = all.filter(({ row }) => row.key === args.name)
    if (found.length === 0) {
      const near = nearest(
        args.name,
        all.map(({ row }) => row.key),
      )
      const advice =
        near === null ? "'weir configs get broker/1 --all' lists them" : `did you mean '${near}'?`
      throw new CommandError(`there is no setting '${args.name}': ${advice}`)
    }
    if (args.json) {
      printJson(
        io,
        found.map(({ scope, row }) => ({
          scope,
          name: row.key,
          type: row.type,
          default: row.defaultText,
          kafkaDefault: row.kafkaDefault ?? row.defaultText,
          valid: rangeOf(row),
          unit: row.unit ?? null,
          update: updateOf(scope, row),
          support: row.support,
          reason: row.reason ?? null,
          doc: row.doc,
        })),
      )
      return 0
    }
    for (const [index, { scope, row }] of found.entries()) {
      if (index > 0) void io.stdout.write('\n')
      const name = styled(io.stdout, 'cyan', row.key)
      void io.stdout.write(`${name} (${scope})\n${row.doc}\n\n`)
      void io.stdout.write(renderFields(io.stdout, fieldsOf(scope, row)))
    }
    return 0
  },
})

function settingRows(): Explained[] {
  return [
    ...[...allTopicRows()].map(row => ({ scope: 'topic' as const, row })),
    ...[...brokerRows()].map(row => ({ scope: 'broker' as const, row })),
    ...[...allGroupRows()].map(row => ({ scope: 'group' as const, row })),
  ]
}

function fieldsOf(scope: Explained['scope'], row: SettingRow): Field[] {
  const unit = row.unit === undefined ? '' : ` (${row.unit})`
  const fields: Field[] = [
    { name: 'Type', value: `${row.type}${unit}` },
    { name: 'Default', value: row.defaultText },
  ]
  if (row.kafkaDefault !== undefined) fields.push({ name: 'Kafka has', value: row.kafkaDefault })
  const range = rangeOf(row)
  if (range !== null) fields.push({ name: 'Valid', value: range })
  if (scope === 'topic' && row.brokerKeys !== undefined) {
    fields.push({ name: 'Broker default', value: row.brokerKeys.join(', ') })
  }
  if (scope === 'broker')
    fields.push({ name: 'Changes', value: UPDATES.get(row.update) ?? row.update })
  if (row.support !== 'supported') {
    fields.push({ name: 'Here', value: `${row.support}: ${row.reason ?? ''}` })
  }
  return fields
}

/** Those of topics and groups are all changed while brokers run. */
function updateOf(scope: Explained['scope'], row: SettingRow): string {
  return scope === 'broker' ? row.update : `per-${scope}`
}

const UPDATES: ReadonlyMap<string, string> = new Map([
  ['read-only', 'with a restart'],
  ['per-broker', "at once, for one broker ('weir configs set broker/ID')"],
  ['cluster-wide', "at once, for all brokers ('weir configs set broker')"],
])

function rangeOf(row: SettingRow): string | null {
  if (row.oneOf !== undefined) return row.oneOf.join(', ')
  if (row.min === undefined && row.max === undefined) return null
  if (row.max === undefined) return `${row.min} or more`
  return row.min === undefined ? `up to ${row.max}` : `${row.min} to ${row.max}`
}
