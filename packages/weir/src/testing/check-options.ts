// What a test without types could get wrong, said in a sentence before anything starts.

import { nearestName, OperatorError } from '@weir/core'
import type { StartWeirOptions, TopicOptions } from '../weir.ts'

const OPTIONS: readonly (keyof StartWeirOptions)[] = [
  'brokers',
  'topics',
  'storage',
  'settings',
  'clock',
  'host',
  'port',
  'logLevel',
]
const TOPIC_OPTIONS: readonly (keyof TopicOptions)[] = [
  'name',
  'partitions',
  'replicationFactor',
  'settings',
]
const LOG_LEVELS = ['debug', 'info', 'warn', 'error']

/** Settings that startWeir gives itself, and what stands for them. */
const OWN_SETTINGS: Readonly<Record<string, string>> = {
  'node.id': 'brokers are numbered from 1',
  'broker.id': 'brokers are numbered from 1',
  listeners: 'take the options host and port',
  'controller.quorum.voters': 'take the option brokers',
  'log.dirs': 'take the option storage',
  'log.dir': 'take the option storage',
  'weir.http.listen': 'there is no HTTP in a test',
}

/** Throws an OperatorError for the first thing that is wrong. */
export function checkOptions(options: StartWeirOptions): void {
  checkNames('startWeir', options, OPTIONS)
  const {
    brokers = 1,
    topics = [],
    storage,
    settings,
    clock = 'system',
    logLevel,
    port = 0,
  } = options
  check(brokers === 1 || brokers === 3, `brokers is 1 or 3, not ${shown(brokers)}`)
  check(
    clock === 'system' || clock === 'manual',
    `clock is 'system' or 'manual', not ${shown(clock)}`,
  )
  check(storage !== '', "storage is 'memory' or a directory, not ''")
  check(
    logLevel === undefined || LOG_LEVELS.includes(logLevel),
    `logLevel is one of ${LOG_LEVELS.join(', ')}, not ${shown(logLevel)}`,
  )
  check(
    Number.isInteger(port) && port >= 0 && port <= 65_535,
    `port is a number up to 65535, not ${shown(port)}`,
  )
  for (const key of Object.keys(settings ?? {})) {
    const instead = OWN_SETTINGS[key]
    check(instead === undefined, `startWeir sets ${key} itself: ${instead}`)
  }
  check(Array.isArray(topics), `topics is a list of names or objects, not ${shown(topics)}`)
  for (const topic of topics) checkTopic(topic)
}

function checkTopic(topic: string | TopicOptions): void {
  if (typeof topic === 'string') return
  checkNames('a topic', topic, TOPIC_OPTIONS)
  const { name, partitions, replicationFactor } = topic
  check(typeof name === 'string', `a topic needs a name: ${shown(topic)}`)
  for (const [key, count] of Object.entries({ partitions, replicationFactor })) {
    check(
      count === undefined || Number.isInteger(count),
      `topic '${name}': ${key} is a whole number, not ${shown(count)}`,
    )
  }
}

function checkNames(what: string, options: unknown, known: readonly string[]): void {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options)
  check(isObject, `${what} takes an object with options, not ${shown(options)}`)
  for (const key of Object.keys(options as object)) {
    const near = nearestName(key, known)
    const advice = near === null ? `there are ${known.join(', ')}` : `did you mean '${near}'?`
    check(known.includes(key), `${what} has no option '${key}': ${advice}`)
  }
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}

function check(isRight: boolean, sentence: string): void {
  if (!isRight) throw new OperatorError(sentence)
}
