// What settings have to fulfil together. Each problem is one sentence for the operator.

import type { BrokerSettings } from './broker-settings.ts'
import type { BrokerKey } from './broker-table.ts'
import { dataDirectories, parseListener, parseVoter, securityProtocolOf } from './listeners.ts'

export function combinationProblems(settings: BrokerSettings): string[] {
  return [...nodeProblems(settings), ...listenerProblems(settings), ...orderProblems(settings)]
}

function nodeProblems(settings: BrokerSettings): string[] {
  const problems: string[] = []
  const nodeId = settings.get('node.id')
  const brokerId = settings.get('broker.id')
  if (settings.isSet('broker.id') && brokerId !== nodeId) {
    problems.push(`broker.id is ${brokerId} and node.id is ${nodeId}: set node.id alone`)
  }
  if (settings.get('process.roles').length === 0) {
    problems.push('process.roles is empty: say broker, controller or both')
  }
  const directories = dataDirectories(settings)
  if (directories.length === 0) problems.push('log.dirs names no data directory')
  if (new Set(directories).size < directories.length) {
    problems.push(`log.dirs names a directory twice: ${directories.join(',')}`)
  }
  return [...problems, ...voterProblems(settings)]
}

function voterProblems(settings: BrokerSettings): string[] {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const text of settings.get('controller.quorum.voters')) {
    const voter = parseVoter(text)
    if (voter === null) {
      problems.push(
        `controller.quorum.voters has '${text}', which is not ID@HOST:PORT with a port from 1 to 65535`,
      )
      continue
    }
    const { nodeId, host, port } = voter
    for (const each of [`the id ${nodeId}`, `the address ${host}:${port}`]) {
      if (seen.has(each)) problems.push(`controller.quorum.voters has ${each} twice`)
      seen.add(each)
    }
  }
  return problems
}

function listenerProblems(settings: BrokerSettings): string[] {
  const problems: string[] = []
  const keys = ['listeners', 'advertised.listeners'] as const
  for (const key of keys) {
    const names = new Set<string>()
    for (const text of settings.get(key) ?? []) {
      const listener = parseListener(text)
      if (listener === null) {
        problems.push(`${key} has '${text}', which is not NAME://HOST:PORT with a port up to 65535`)
        continue
      }
      const { name, host } = listener
      if (names.has(name)) problems.push(`${key} has the name ${name} twice`)
      names.add(name)
      if (key === 'advertised.listeners' && ['', '0.0.0.0', '::'].includes(host)) {
        problems.push(`advertised.listeners has '${text}', to which no client can connect`)
      }
      const protocol = securityProtocolOf(settings, name)
      if (protocol !== 'PLAINTEXT') {
        problems.push(`${key}: ${name} asks for ${protocol}, but only PLAINTEXT is served so far`)
      }
    }
  }
  if (settings.get('listeners').length === 0) {
    const isController = !settings.get('process.roles').includes('broker')
    const advice = isController ? ': a controller alone takes --controller-listen HOST:PORT' : ''
    problems.push(`listeners names no address${advice}`)
  }
  return problems
}

/** Pairs whose first has to be below, or at most equal to, the second. */
const ORDERED: readonly [BrokerKey, '<' | '<=', BrokerKey][] = [
  ['broker.heartbeat.interval.ms', '<', 'broker.session.timeout.ms'],
  ['group.min.session.timeout.ms', '<=', 'group.max.session.timeout.ms'],
  ['log.cleaner.min.compaction.lag.ms', '<=', 'log.cleaner.max.compaction.lag.ms'],
  ['replica.fetch.wait.max.ms', '<=', 'replica.lag.time.max.ms'],
]

function orderProblems(settings: BrokerSettings): string[] {
  const problems: string[] = []
  for (const [low, order, high] of ORDERED) {
    const a = Number(settings.get(low))
    const b = Number(settings.get(high))
    if (order === '<' ? a < b : a <= b) continue
    problems.push(`${low} (${a}) has to be ${order === '<' ? 'below' : 'at most'} ${high} (${b})`)
  }
  return problems
}
