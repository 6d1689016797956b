// The commands of the scenario files in testdata, run against one shard. For tests only.
//
// Member ids are random: a scenario writes them `client.1`, `client.2` in the order in which they
// appear. Every reply is a line; every record that was accepted, too.

import { type Random, ZERO_UUID } from '@weir/core'
import type { Step } from '@weir/core/testing'
import { errorName } from '@weir/protocol'
import { decodeGroupRecord } from '../records.ts'
import {
  type ConsumerGroupsConfig,
  DEFAULT_GROUPS_CONFIG,
  type GroupEffects,
  type GroupsConfig,
  type MigrationPolicy,
  type RequestContext,
} from '../types.ts'
import { formatRecord, formatResponse } from './format.ts'
import { type Answer, ShardHarness } from './shard-harness.ts'
import { encodeAssignment, encodeSubscription } from './subscriptions.ts'

type NumberKey = Exclude<keyof GroupsConfig, 'consumer'>

const CONFIG_KEYS: ReadonlyMap<string, NumberKey> = new Map([
  ['initial-delay', 'initialRebalanceDelayMs'],
  ['max-size', 'maxSize'],
  ['min-session', 'minSessionTimeoutMs'],
  ['max-session', 'maxSessionTimeoutMs'],
  ['metadata-bytes', 'offsetMetadataMaxBytes'],
  ['retention', 'offsetsRetentionMs'],
  ['check-interval', 'offsetsRetentionCheckIntervalMs'],
])

export class Scenario {
  readonly #random: Random
  #config: GroupsConfig = { ...DEFAULT_GROUPS_CONFIG, initialRebalanceDelayMs: 0 }
  #nowMs = 0
  #nextRequestId = 1
  readonly #topicIds = new Map<string, string>()
  readonly #partitionCounts = new Map<string, number>()
  #topicsChange = 0
  #harness: ShardHarness
  /** Request id -> API, for the lines of late replies. */
  readonly #apis = new Map<number, string>()
  readonly #aliases = new Map<string, string>()
  readonly #aliasCounts = new Map<string, number>()

  constructor(random: Random) {
    this.#random = random
    this.#harness = this.#newHarness()
  }

  #newHarness(): ShardHarness {
    const changeCount = () => this.#topicsChange
    return new ShardHarness(this.#random, this.#config, {
      topicId: name => this.#topicIds.get(name) ?? null,
      topicName: id => [...this.#topicIds].find(each => each[1] === id)?.[0] ?? null,
      partitionCount: name => this.#partitionCounts.get(name) ?? 0,
      racksOf: () => [],
      names: () => this.#topicIds.keys(),
      get changeCount() {
        return changeCount()
      },
      get namesVersion() {
        return changeCount()
      },
    })
  }

  /** The output of a step, lines joined; throws for a step that makes no sense. */
  run(step: Step): string {
    const output = this.#dispatch(step)
    return output.join('\n')
  }

  #dispatch(step: Step): string[] {
    const { words, options } = step
    switch (step.command) {
      case 'config':
        return this.#configure(words[0] === 'at-restart', options)
      case 'topic':
        return this.#topic(words[0] ?? '', options)
      case 'join':
        return this.#join(step)
      case 'sync':
        return this.#sync(step)
      case 'heartbeat':
        return this.#heartbeat(step)
      case 'leave':
        return this.#leave(step)
      case 'commit':
        return this.#commit(step)
      case 'fetch':
        return this.#fetch(step)
      case 'beat':
        return this.#beat(step)
      case 'describe-consumer':
        return this.#request(step, 'ConsumerGroupDescribe', (id, shard) =>
          shard.describeConsumerGroups(id, words),
        )
      case 'delete-offsets':
        return this.#deleteOffsets(step)
      case 'list': {
        const statesFilter = list(options.get('states'))
        const typesFilter = list(options.get('types'))
        return this.#request(step, 'ListGroups', (id, shard) =>
          shard.listGroups(id, { statesFilter, typesFilter }),
        )
      }
      case 'describe':
        return this.#request(step, 'DescribeGroups', (id, shard, context) =>
          shard.describeGroups(id, words, context),
        )
      case 'delete':
        return this.#request(step, 'DeleteGroups', (id, shard) => shard.deleteGroups(id, words))
      case 'topic-deleted':
        return this.#topicDeleted(words[0] ?? '')
      case 'end-transaction':
        this.#harness.shard.replayTransactionEnd(Number(words[0]), words[1] === 'commit')
        return []
      case 'advance':
        return this.#advance(Number(words[0]))
      case 'refuse-next':
        this.#harness.refusesNext = true
        return []
      case 'restart':
        return this.#texts(() => this.#harness.restart(this.#nowMs))
      default:
        throw new Error(`unknown command ${step.command}`)
    }
  }

  #topic(name: string, options: ReadonlyMap<string, string>): string[] {
    this.#topicIds.set(name, topicIdOf(options.get('id') ?? name))
    this.#partitionCounts.set(name, number(options.get('partitions'), 1))
    this.#topicsChange++
    return []
  }

  #configure(isAtRestart: boolean, options: ReadonlyMap<string, string>): string[] {
    const changes: Partial<Record<NumberKey, number>> = {}
    for (const [name, value] of options) {
      if (name.startsWith('consumer-')) {
        this.#configureConsumer(name, value)
        continue
      }
      const key = CONFIG_KEYS.get(name)
      if (key === undefined) throw new Error(`unknown setting ${name}`)
      changes[key] = Number(value)
    }
    this.#config = { ...this.#config, ...changes }
    if (isAtRestart) {
      this.#harness.config = this.#config
      return []
    }
    this.#harness = this.#newHarness()
    this.#aliases.clear()
    this.#aliasCounts.clear()
    return []
  }

  #configureConsumer(name: string, value: string): void {
    const { consumer } = this.#config
    const change: Partial<ConsumerGroupsConfig> =
      name === 'consumer-policy'
        ? { migrationPolicy: value as MigrationPolicy }
        : { maxSize: Number(value) }
    this.#config = { ...this.#config, consumer: { ...consumer, ...change } }
  }

  #join(step: Step): string[] {
    const { words, options } = step
    const request = {
      groupId: words[0] ?? '',
      sessionTimeoutMs: number(options.get('session'), 10_000),
      rebalanceTimeoutMs: number(options.get('rebalance'), 30_000),
      memberId: this.#memberId(options.get('member')),
      groupInstanceId: options.get('instance') ?? null,
      protocolType: options.get('type') ?? 'consumer',
      protocols: list(options.get('protocols') ?? 'range:t').map(each => {
        const [name = '', topics = ''] = each.split(':')
        return { name, metadata: encodeSubscription(topics.split('+'), options.get('owned')) }
      }),
      reason: null,
    }
    return this.#request(step, 'JoinGroup', (id, shard, context) =>
      shard.joinGroup(id, request, context),
    )
  }

  #sync(step: Step): string[] {
    const { words, options } = step
    const request = {
      groupId: words[0] ?? '',
      generationId: number(options.get('gen'), 1),
      memberId: this.#memberId(options.get('member')),
      groupInstanceId: options.get('instance') ?? null,
      protocolType: options.get('type') ?? 'consumer',
      protocolName: options.get('protocol') ?? 'range',
      assignments: list(options.get('assign')).map(each => {
        const [member, text = ''] = each.split(':')
        return { memberId: this.#memberId(member), assignment: assignmentOf(text) }
      }),
    }
    return this.#request(step, 'SyncGroup', (id, shard, context) =>
      shard.syncGroup(id, request, context),
    )
  }

  /** ConsumerGroupHeartbeat; a join is complete by itself, `owned` is what the member reports. */
  #beat(step: Step): string[] {
    const { words, options } = step
    const memberEpoch = number(options.get('epoch'), 0)
    const isJoin = memberEpoch === 0
    const names = options.get('topics')
    const owned = options.get('owned')
    const topicPartitions = (owned === undefined || owned === '' ? [] : owned.split(',')).map(
      each => {
        const [topic = '', indexes = ''] = each.split(':')
        const topicId = this.#topicIds.get(topic) ?? topicIdOf(topic)
        return { topicId, partitions: indexes.split('+').map(Number) }
      },
    )
    const request = {
      groupId: words[0] ?? '',
      memberId: options.get('member') ?? '',
      memberEpoch,
      instanceId: options.get('instance') ?? null,
      rackId: options.get('rack') ?? null,
      rebalanceTimeoutMs: number(options.get('rebalance'), isJoin ? 30_000 : -1),
      subscribedTopicNames: names === undefined ? null : list(names).filter(each => each !== ''),
      subscribedTopicRegex: options.get('regex') ?? null,
      serverAssignor: options.get('assignor') ?? null,
      topicPartitions: isJoin || owned !== undefined ? topicPartitions : null,
    }
    return this.#request(step, 'ConsumerGroupHeartbeat', (id, shard, context) =>
      shard.consumerGroupHeartbeat(id, request, { ...context, apiVersion: 1 }),
    )
  }

  #heartbeat(step: Step): string[] {
    const { words, options } = step
    const request = {
      groupId: words[0] ?? '',
      generationId: number(options.get('gen'), 1),
      memberId: this.#memberId(options.get('member')),
      groupInstanceId: options.get('instance') ?? null,
    }
    return this.#request(step, 'Heartbeat', (id, shard, context) =>
      shard.heartbeat(id, request, context),
    )
  }

  /** Each further word is `member`, `member@instance`, or `@instance`. */
  #leave(step: Step): string[] {
    const [groupId = '', ...leavers] = step.words
    const members = leavers.map(each => {
      const [member, instance] = each.split('@')
      return {
        memberId: this.#memberId(member),
        groupInstanceId: instance ?? null,
        reason: null,
      }
    })
    return this.#request(step, 'LeaveGroup', (id, shard, context) =>
      shard.leaveGroup(id, { groupId, memberId: '', members }, context),
    )
  }

  /** Each option that looks like `topic-0=5` is an offset. */
  #commit(step: Step): string[] {
    const { words, options } = step
    const topics = [...options]
      .filter(([name]) => /-\d+$/.test(name))
      .map(([name, offset]) => {
        const { topic, partitionIndex } = partitionOf(name)
        return {
          name: topic,
          topicId: ZERO_UUID,
          partitions: [
            {
              partitionIndex,
              committedOffset: Number(offset),
              committedLeaderEpoch: number(options.get('epoch'), -1),
              committedMetadata: options.get('meta') ?? null,
            },
          ],
        }
      })
    const request = {
      groupId: words[0] ?? '',
      generationIdOrMemberEpoch: number(options.get('gen'), -1),
      memberId: this.#memberId(options.get('member')),
      groupInstanceId: options.get('instance') ?? null,
      retentionTimeMs: number(options.get('retention'), -1),
      topics,
    }
    this.#harness.producerId = number(options.get('producer'), -1)
    const output = this.#request(step, 'OffsetCommit', (id, shard, context) =>
      shard.offsetCommit(id, request, context),
    )
    this.#harness.producerId = -1
    return output
  }

  #fetch(step: Step): string[] {
    const { options } = step
    const [groupId = '', ...partitions] = step.words.filter(each => each !== 'stable')
    const topics = partitions.map(each => {
      const { topic, partitionIndex } = partitionOf(each)
      const topicId = this.#topicIds.get(topic) ?? ZERO_UUID
      return { name: topic, topicId, partitionIndexes: [partitionIndex] }
    })
    const requireStable = step.words.includes('stable')
    return this.#request(step, 'OffsetFetch', (id, shard) =>
      shard.offsetFetch(id, {
        groupId,
        topics: topics.length === 0 ? null : topics,
        requireStable,
        memberId: options.get('member') ?? null,
        memberEpoch: number(options.get('epoch'), -1),
      }),
    )
  }

  #deleteOffsets(step: Step): string[] {
    const [groupId = '', ...partitions] = step.words
    const topics = partitions.map(each => {
      const { topic, partitionIndex } = partitionOf(each)
      return { name: topic, partitions: [{ partitionIndex }] }
    })
    return this.#request(step, 'OffsetDelete', (id, shard) =>
      shard.offsetDelete(id, { groupId, topics }),
    )
  }

  #topicDeleted(name: string): string[] {
    const topicId = this.#topicIds.get(name) ?? ZERO_UUID
    this.#topicIds.delete(name)
    this.#topicsChange++
    return this.#apply(this.#harness.shard.topicsDeleted([{ name, topicId }], this.#nowMs))
  }

  /** Every deadline on the way is met at its time. */
  #advance(byMs: number): string[] {
    const endMs = this.#nowMs + byMs
    const output: string[] = []
    for (;;) {
      const deadlineMs = this.#harness.shard.nextDeadlineMs()
      if (deadlineMs > endMs) break
      this.#nowMs = Math.max(this.#nowMs, deadlineMs)
      const lines = this.#apply(this.#harness.shard.expire(this.#nowMs))
      output.push(...lines.map(each => `${this.#nowMs} ms: ${each}`))
    }
    this.#nowMs = endMs
    return output
  }

  #request(
    step: Step,
    api: string,
    run: (id: number, shard: ShardHarness['shard'], context: RequestContext) => GroupEffects,
  ): string[] {
    const requestId = this.#nextRequestId++
    this.#apis.set(requestId, api)
    const context = {
      nowMs: this.#nowMs,
      apiVersion: number(step.options.get('v'), 9),
      clientId: step.options.get('client') ?? 'c',
      clientHost: '/127.0.0.1',
    }
    const lines = this.#apply(run(requestId, this.#harness.shard, context))
    const isAnswered = lines.some(each => each.startsWith(`#${requestId} `))
    return isAnswered ? lines : [`#${requestId} waits`, ...lines]
  }

  #apply(effects: GroupEffects): string[] {
    return this.#texts(() => this.#harness.apply(effects, this.#nowMs))
  }

  #texts(act: () => Answer[]): string[] {
    const before = this.#harness.log.length
    const answers = act()
    const lines = answers.map(({ requestId, response }) => {
      const api = this.#apis.get(requestId) ?? '?'
      const text = response === undefined ? 'refused' : formatResponse(api, response, errorName)
      return `#${requestId} ${api}: ${text}`
    })
    for (const { key, value } of this.#harness.log.slice(before)) {
      const record = decodeGroupRecord(key, value)
      if (record !== null) lines.push(`record ${formatRecord(record)}`)
    }
    return lines.map(each => this.#withAliases(each))
  }

  #memberId(alias: string | undefined): string {
    if (alias === undefined) return ''
    for (const [memberId, known] of this.#aliases) if (known === alias) return memberId
    return alias
  }

  #withAliases(line: string): string {
    return line.replace(
      /([\w.]+)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g,
      (memberId, prefix: string) => {
        const known = this.#aliases.get(memberId)
        if (known !== undefined) return known
        const count = (this.#aliasCounts.get(prefix) ?? 0) + 1
        this.#aliasCounts.set(prefix, count)
        this.#aliases.set(memberId, `${prefix}.${count}`)
        return `${prefix}.${count}`
      },
    )
  }
}

/** `@t:0+1` is an assignment of the consumer protocol, anything else its own bytes. */
function assignmentOf(text: string): Buffer {
  if (!text.startsWith('@')) return Buffer.from(text)
  const [topic = '', indexes = ''] = text.slice(1).split('/')
  return encodeAssignment(topic, indexes.split('+').map(Number))
}

function list(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(',')
}

function number(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : Number(text)
}

function partitionOf(text: string): { topic: string; partitionIndex: number } {
  const at = text.lastIndexOf('-')
  return { topic: text.slice(0, at), partitionIndex: Number(text.slice(at + 1)) }
}

/** A readable name as a topic id: padded to the form of one. */
function topicIdOf(name: string): string {
  return `${name.padEnd(21, '_')}A`
}
