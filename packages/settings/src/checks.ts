// Checks of single settings beyond type, range and choice: null, or what is wrong, in Kafka's words.

import { splitList } from '@weir/core'

export function gzipLevelProblem(text: string): string | null {
  return text === '0' ? 'Value must be between 1 and 9 or equal to -1' : null
}

/** Age of records in whatever unit: 0 would delete what was just acknowledged. */
export function retentionProblem(text: string): string | null {
  const number = Number(text)
  return number === -1 || number >= 1 ? null : 'must be unlimited (-1) or, equal or greater than 1'
}

/** [partitionId]:[brokerId] elements, or `*` alone. */
export function throttledReplicasProblem(text: string): string | null {
  const elements = splitList(text)
  if (elements.length === 1 && elements[0] === '*') return null
  if (elements.every(element => /^\d+:\d+$/.test(element))) return null
  return `'${text}' is not in the form [partitionId]:[brokerId],[partitionId]:[brokerId],... or *`
}

export function httpListenProblem(text: string): string | null {
  if (text === 'off' || parseHttpListen(text) !== null) return null
  return `'${text}' is neither HOST:PORT nor off`
}

/** HOST:PORT; a host without a name is every address. Null if it is not of that form. */
export function parseHttpListen(text: string): { host: string; port: number } | null {
  const match = /^(\[[0-9a-fA-F:.]*\]|[^:/[\]]*):(\d{1,5})$/.exec(text.trim())
  const [, host = '', port = ''] = match ?? []
  if (match === null || Number(port) > 65_535) return null
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** Kafka's own two, by the last part of their names. */
export function replicaSelectorProblem(text: string): string | null {
  if (/(^|\.)(RackAware|Leader)ReplicaSelector$/.test(text)) return null
  return `'${text}' is neither RackAwareReplicaSelector nor LeaderReplicaSelector`
}

export function offsetResetProblem(text: string): string | null {
  const duration = /^by_duration:(?=P.)P(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/
  if (text === 'latest' || text === 'earliest' || duration.test(text)) return null
  return `Invalid value ${text}: must be latest, earliest, or by_duration:<ISO-8601 duration>`
}

/** Only plain text is spoken: a listener that asked for more would be open to everybody. */
export function protocolMapProblem(text: string): string | null {
  for (const element of splitList(text)) {
    const [name = '', protocol = '', ...rest] = element.split(':')
    const known = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']
    if (name === '' || rest.length > 0 || !known.includes(protocol)) {
      return `'${element}' is not NAME:PROTOCOL with one of ${known.join(', ')}`
    }
  }
  return null
}

export function connectionOverridesProblem(text: string): string | null {
  for (const element of splitList(text)) {
    if (!OVERRIDE.test(element)) return `'${element}' is not ADDRESS:COUNT`
  }
  return null
}

/** A numeric address, of IPv6 perhaps in brackets, and a count. */
const OVERRIDE = /^(\d+\.\d+\.\d+\.\d+|\[?[0-9a-fA-F]*:[0-9a-fA-F:.]+\]?):(\d{1,9})$/

/** How many connections single addresses may have, of a text that passed the check. */
export function connectionOverrides(text: string): ReadonlyMap<string, number> {
  const overrides = new Map<string, number>()
  for (const element of splitList(text)) {
    const [, address = '', count = ''] = OVERRIDE.exec(element) ?? []
    overrides.set(address.replace(/^\[|\]$/g, '').toLowerCase(), Number(count))
  }
  return overrides
}
