// From what an operator gave (a file, the environment, the command line; later wins) to settings, or
// to sentences that say what is wrong.

import { nearestName, OperatorError } from '@weir/core'
import { BrokerSettings, isDefault, settingProblem } from './broker-settings.ts'
import { brokerRow, brokerRows } from './broker-table.ts'
import { combinationProblems } from './combinations.ts'
import { parseProperties } from './properties.ts'
import { topicRow } from './topic-settings.ts'

export interface SettingSources {
  readonly file?: { readonly name: string; readonly text: string }
  /** WEIR_LOG_RETENTION_HOURS stands for log.retention.hours. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** KEY=VALUE each. */
  readonly assignments?: readonly string[]
  /** Of a program that starts a broker in itself. */
  readonly given?: ReadonlyMap<string, string>
  /** Values that flags of the command line stand for; they win over everything. */
  readonly flags?: ReadonlyMap<string, string>
}

export interface LoadedSettings {
  readonly settings: BrokerSettings
  /** Sentences for the log: settings without effect, unknown variables. */
  readonly warnings: readonly string[]
}

/** Variables that are ours and are no settings. */
const OTHER_VARIABLES = new Set(['WEIR_BOOTSTRAP', 'WEIR_CONFORMANCE_CACHE'])

/** Settings of one listener or of a plug-in, which Kafka takes in any number. */
const OPEN_PREFIXES = ['listener.name.']

const MAX_PROBLEMS_SHOWN = 10

/** Throws an OperatorError that names every problem. */
export function loadSettings(sources: SettingSources): LoadedSettings {
  const loading = new Loading()
  if (sources.file !== undefined) loading.addFile(sources.file.name, sources.file.text)
  loading.addEnvironment(sources.environment ?? {})
  for (const assignment of sources.assignments ?? []) loading.addAssignment(assignment)
  for (const [key, value] of sources.given ?? []) loading.add(key, value, 'settings')
  for (const [key, value] of sources.flags ?? []) loading.add(key, value, 'the command line')
  return loading.finish()
}

class Loading {
  readonly #values = new Map<string, string>()
  readonly #problems: string[] = []
  readonly #warnings: string[] = []

  addFile(name: string, text: string): void {
    for (const { key, value, line } of parseProperties(text))
      this.add(key, value, `${name}:${line}`)
  }

  addEnvironment(environment: Readonly<Record<string, string | undefined>>): void {
    const keys = new Map<string, string>()
    for (const { key } of brokerRows()) keys.set(variableOf(key), key)
    for (const [variable, value] of Object.entries(environment)) {
      if (!variable.startsWith('WEIR_') || value === undefined) continue
      if (OTHER_VARIABLES.has(variable)) continue
      const key = keys.get(variable)
      if (key !== undefined) this.add(key, value, variable)
      else
        this.#warnings.push(`the variable ${variable} is no setting${hint(variable, keys.keys())}`)
    }
  }

  addAssignment(assignment: string): void {
    const at = assignment.indexOf('=')
    if (at <= 0) this.#problems.push(`--set takes KEY=VALUE, not '${assignment}'`)
    else this.add(assignment.slice(0, at).trim(), assignment.slice(at + 1), '--set')
  }

  add(key: string, value: string, where: string): void {
    const row = brokerRow(key)
    if (row === undefined) {
      this.#addUnknown(key, where)
      return
    }
    const problem = settingProblem(row, value)
    if (problem !== null) {
      this.#problems.push(`${problem} (${where})`)
      return
    }
    // In Kafka, too, an empty value of a setting that has no default means that it is not set.
    if (row.defaultText === null && value.trim() === '') this.#values.delete(key)
    else this.#values.set(key, value.trim())
    if (row.support === 'accepted' && !isDefault(row, value)) {
      this.#warnings.push(`${key} has no effect: ${row.reason} (${where})`)
    }
  }

  finish(): LoadedSettings {
    const brokerId = this.#values.get('broker.id')
    if (brokerId !== undefined && !this.#values.has('node.id')) {
      this.#values.set('node.id', brokerId)
    }
    const settings = new BrokerSettings({ fixed: this.#values })
    if (this.#problems.length === 0) this.#problems.push(...combinationProblems(settings))
    if (this.#problems.length > 0) {
      throw new OperatorError(this.#problems.slice(0, MAX_PROBLEMS_SHOWN).join('\n'))
    }
    return { settings, warnings: this.#warnings }
  }

  #addUnknown(key: string, where: string): void {
    if (OPEN_PREFIXES.some(prefix => key.startsWith(prefix))) {
      this.#warnings.push(
        `${key} has no effect: there are neither TLS nor SASL listeners (${where})`,
      )
      return
    }
    const [brokerKey] = topicRow(key)?.brokerKeys ?? []
    if (brokerKey !== undefined) {
      this.#problems.push(
        `${key} is a topic setting, its default is set by ${brokerKey} (${where})`,
      )
      return
    }
    const known = [...brokerRows()].map(row => row.key)
    this.#problems.push(`unknown setting ${key}${hint(key, known)} (${where})`)
  }
}

/** WEIR_LOG_RETENTION_HOURS; our own settings do not say weir twice. */
export function variableOf(key: string): string {
  const name = key.startsWith('weir.') ? key.slice('weir.'.length) : key
  return `WEIR_${name.toUpperCase().replaceAll('.', '_')}`
}

function hint(name: string, known: Iterable<string>): string {
  const near = nearestName(name, known)
  return near === null ? '' : `, did you mean ${near}?`
}
