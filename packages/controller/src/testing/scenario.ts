// The commands of the scenario files in testdata, run against one controller. For tests only.
//
// A decision's answer is a line, and so is each of its records; partitions are written
// `topic-index replicas=... isr=... leader=...@epoch`.

import type { Step } from '@weir/core/testing'
import type { BrokerRegistration } from '../broker-control.ts'
import { ELECTION_PREFERRED, ELECTION_UNCLEAN } from '../election-control.ts'
import type { PartitionImage } from '../image.ts'
import { CONFIG_RESOURCE, type MetadataRecord } from '../records.ts'
import { Cluster } from './cluster.ts'

type Command = (step: Step) => readonly string[]

export class Scenario {
  readonly #cluster = new Cluster()
  readonly #incarnations = new Map<number, string>()
  readonly #commands = new Map<string, Command>([
    ['register', step => this.#register(step)],
    ['heartbeat', step => this.#heartbeat(step)],
    ['start', step => this.#start(step)],
    ['reset', step => this.#reset(step)],
    ['unregister', step => this.#unregister(step)],
    ['wait', step => this.#wait(step)],
    ['settle', () => this.#records(this.#cluster.settle())],
    ['fail-over', () => this.#failOver()],
    ['create', step => this.#create(step)],
    ['delete', step => this.#delete(step)],
    ['grow', step => this.#grow(step)],
    ['isr', step => this.#isr(step)],
    ['elect', step => this.#elect(step)],
    ['reassign', step => this.#reassign(step)],
    ['reassignments', step => this.#reassignments(step)],
    ['config', step => this.#config(step)],
    ['show', step => this.#show(step)],
    ['brokers', () => this.#brokers()],
  ])

  run(step: Step): string {
    const command = this.#commands.get(step.command)
    if (command === undefined) throw new Error(`unknown command ${step.command}`)
    const lines = [...command(step)]
    this.#cluster.check({ isSettled: false })
    return [...lines, ...this.#cluster.violations.map(each => `VIOLATION ${each}`)].join('\n')
  }

  // --- Brokers ---

  /** `register 1 incarnation=a rack=r previous=5 same-process old`. */
  #register({ words, options }: Step): string[] {
    const brokerId = Number(words[0])
    const incarnationId = options.get('incarnation') ?? `i${this.#cluster.offset}`
    this.#incarnations.set(brokerId, incarnationId)
    const registration: BrokerRegistration = {
      brokerId,
      incarnationId,
      endpoints: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
      rack: options.get('rack') ?? null,
      directoryIds: ['d'],
      previousBrokerEpoch: this.#previousEpoch(brokerId, options.get('previous')),
      isSameProcess: words.includes('same-process'),
      ...(words.includes('old')
        ? { features: [{ name: 'group.version', minLevel: 0, maxLevel: 1 }] }
        : {}),
    }
    const { nowMs } = this.#cluster
    const { records, response } = this.#cluster.submit((machine, offset) =>
      machine.brokers.register(registration, offset, nowMs),
    )
    return [answer(response, `epoch=${response.brokerEpoch}`), ...this.#records(records)]
  }

  /** `clean` stands for the epoch of the last registration. */
  #previousEpoch(brokerId: number, text: string | undefined): number {
    if (text !== 'clean') return Number(text ?? -1)
    return this.#cluster.follower.brokers.get(brokerId)?.brokerEpoch ?? -1
  }

  /** `heartbeat 1 epoch=1 offset=9 offline=t-0,t-1 full=t-2 fence shutdown`; by default it has seen everything. */
  #heartbeat({ words, options }: Step): string[] {
    const brokerId = Number(words[0])
    const { nowMs, offset, follower } = this.#cluster
    const request = {
      brokerId,
      brokerEpoch: Number(options.get('epoch') ?? follower.brokers.get(brokerId)?.brokerEpoch ?? 0),
      currentMetadataOffset: Number(options.get('offset') ?? offset),
      offlinePartitions: this.#keysOf(options.get('offline')),
      fullPartitions: this.#keysOf(options.get('full')),
      wantFence: words.includes('fence'),
      wantShutDown: words.includes('shutdown'),
    }
    const { records, response } = this.#cluster.submit((machine, next) =>
      machine.brokers.heartbeat(request, nowMs, next),
    )
    const flags = [
      response.isCaughtUp ? 'caught-up' : 'behind',
      response.isFenced ? 'fenced' : 'unfenced',
      ...(response.shouldShutDown ? ['shut-down'] : []),
    ]
    return [answer(response, flags.join(' ')), ...this.#records(records)]
  }

  #keysOf(text = '') {
    return text.split(',').map(each => {
      const [topic, partitionIndex] = this.#partitionOf(each)
      return { topicId: this.#topicId(topic), partitionIndex }
    })
  }

  /** `start 1 2 3`: registered after a clean stop, and unfenced. */
  #start({ words, options }: Step): string[] {
    return words.flatMap(id => {
      const given = new Map([['previous', 'clean'], ...options])
      const register = this.#register({ ...EMPTY_STEP, words: [id], options: given })
      const heartbeat = this.#heartbeat({ ...EMPTY_STEP, words: [id] })
      return [...register, ...heartbeat, ...this.#records(this.#cluster.settle())]
    })
  }

  #reset({ words }: Step): string[] {
    this.#cluster.controller.brokers.connectionReset(Number(words[0]), this.#cluster.nowMs)
    return []
  }

  #unregister({ words }: Step): string[] {
    const { records, response } = this.#cluster.submit(machine =>
      machine.brokers.unregister(Number(words[0])),
    )
    return [answer(response), ...this.#records(records), ...this.#records(this.#cluster.settle())]
  }

  /** `wait 1500 alive=1,2`: those named send heartbeats all the while. */
  #wait({ words, options }: Step): string[] {
    const untilMs = this.#cluster.nowMs + Number(words[0])
    const alive = (options.get('alive') ?? '').split(',').filter(id => id !== '')
    const lines: string[] = []
    while (this.#cluster.nowMs < untilMs) {
      for (const id of alive) {
        const before = this.#cluster.follower.brokers.get(Number(id))?.fenced
        const heartbeat = this.#heartbeat({ ...EMPTY_STEP, words: [id] })
        if (before === true) lines.push(...heartbeat)
      }
      const stepMs = Math.min(100, untilMs - this.#cluster.nowMs)
      lines.push(...this.#records(this.#cluster.wait(stepMs)))
    }
    return lines
  }

  #failOver(): string[] {
    this.#cluster.failOver()
    return this.#records(this.#cluster.settle())
  }

  // --- Topics ---

  /** `create t partitions=3 factor=2 min-isr=2 assign=1,2;2,1`. */
  #create({ words, options }: Step): string[] {
    const assign = options.get('assign')
    const minimum = options.get('min-isr')
    const topic = {
      name: words[0] ?? '',
      partitionCount: assign === undefined ? Number(options.get('partitions') ?? 1) : -1,
      replicationFactor: assign === undefined ? Number(options.get('factor') ?? 1) : -1,
      assignments: (assign ?? '')
        .split(';')
        .filter(each => each !== '')
        .map((each, partitionIndex) => ({ partitionIndex, brokerIds: ids(each) })),
      configs: minimum === undefined ? [] : [{ name: 'min.insync.replicas', value: minimum }],
    }
    const { records, response } = this.#cluster.submit(machine =>
      machine.topics.createTopics([topic], false),
    )
    return [...response.map(each => answer(each)), ...this.#records(records)]
  }

  #delete({ words }: Step): string[] {
    const topicId = this.#topicId(words[0])
    const { records, response } = this.#cluster.submit(machine =>
      machine.topics.deleteTopics([topicId]),
    )
    return [...response.map(each => answer(each)), ...this.#records(records)]
  }

  #grow({ words, options }: Step): string[] {
    const request = { name: words[0] ?? '', count: Number(options.get('to')), assignments: null }
    const { records, response } = this.#cluster.submit(machine =>
      machine.topics.createPartitions([request], false),
    )
    return [...response.map(each => answer(each)), ...this.#records(records)]
  }

  // --- Partitions ---

  /**
   * `isr t-0 from=1 isr=1,2 epoch=0 version=1 broker-epoch=3 id=X recovering`: what is not given is
   * as it is. `isr=2@7` names the epoch of a member.
   */
  #isr({ words, options }: Step): string[] {
    const [topic, partitionIndex] = this.#partitionOf(words[0])
    const current = this.#cluster.follower.partition(topic, partitionIndex)
    const { brokers } = this.#cluster.follower
    const brokerId = Number(options.get('from') ?? current?.leader ?? -1)
    const number = (key: string, otherwise: number) => Number(options.get(key) ?? otherwise)
    const newIsr = (options.get('isr') ?? '').split(',').map(each => {
      const [id = '', epoch] = each.split('@')
      const known = brokers.get(Number(id))?.brokerEpoch ?? 0
      return { brokerId: Number(id), brokerEpoch: Number(epoch ?? known) }
    })
    const update = {
      partitionIndex,
      leaderEpoch: number('epoch', current?.leaderEpoch ?? 0),
      partitionEpoch: number('version', current?.partitionEpoch ?? 0),
      newIsr,
      leaderRecoveryState: words.includes('recovering') ? 1 : 0,
    }
    const request = {
      brokerId,
      brokerEpoch: number('broker-epoch', brokers.get(brokerId)?.brokerEpoch ?? 0),
      topics: [{ topicId: options.get('id') ?? this.#topicId(topic), partitions: [update] }],
    }
    const { records, response } = this.#cluster.submit(machine =>
      machine.isr.alterPartition(request),
    )
    const results = response.topics.flatMap(each => each.partitions).map(each => each.error)
    return [[response.error, ...results].join(' '), ...this.#records(records)]
  }

  #elect({ words }: Step): string[] {
    const type = words[0] === 'unclean' ? ELECTION_UNCLEAN : ELECTION_PREFERRED
    const wanted = words.slice(1).map(text => {
      const [topic, partitionIndex] = this.#partitionOf(text)
      return { topic, partitionIndex }
    })
    const { records, response } = this.#cluster.submit(machine =>
      machine.elections.electLeaders(wanted.length === 0 ? null : wanted, type),
    )
    const results = response.map(each => answer(each, `${each.topic}-${each.partitionIndex}`))
    return [...results, ...this.#records(records)]
  }

  /** `reassign t-0 to=2,3 same-factor` or `reassign t-0 cancel`. */
  #reassign({ words, options }: Step): string[] {
    const [topic, partitionIndex] = this.#partitionOf(words[0])
    const replicas = words.includes('cancel') ? null : ids(options.get('to') ?? '')
    const { records, response } = this.#cluster.submit(machine =>
      machine.reassignments.alterReassignments(
        [{ topic, partitionIndex, replicas }],
        !words.includes('same-factor'),
      ),
    )
    return [...response.map(each => answer(each)), ...this.#records(records)]
  }

  #reassignments({ words }: Step): string[] {
    const wanted = words.map(text => {
      const [topic, partitionIndex] = this.#partitionOf(text)
      return { topic, partitionIndex }
    })
    const { reassignments } = this.#cluster.controller
    return reassignments
      .listReassignments(wanted.length === 0 ? null : wanted)
      .map(
        each =>
          `${each.topic}-${each.partitionIndex} replicas=${each.replicas} ` +
          `adding=${each.addingReplicas} removing=${each.removingReplicas}`,
      )
  }

  /** `config topic t min.insync.replicas=2`, `config broker default key=value`; empty deletes. */
  #config({ words, options }: Step): string[] {
    const isTopic = words[0] === 'topic'
    const change = {
      resourceType: isTopic ? CONFIG_RESOURCE.topic : CONFIG_RESOURCE.broker,
      resourceName: words[1] === 'default' ? '' : (words[1] ?? ''),
      replaceAll: false,
      operations: [...options].map(([name, value]) =>
        value === ''
          ? ({ name, operation: 'delete', value: null } as const)
          : ({ name, operation: 'set', value } as const),
      ),
    }
    const { records, response } = this.#cluster.submit(machine =>
      machine.configs.alterConfigs([change], false),
    )
    return [
      ...response.map(each => answer(each)),
      ...this.#records(records),
      ...this.#records(this.#cluster.settle()),
    ]
  }

  // --- What there is ---

  #show({ words }: Step): string[] {
    const { follower } = this.#cluster
    const topics = words.length === 0 ? [...follower.topics].map(topic => topic.name) : words
    return topics.flatMap(name =>
      (follower.topic(name)?.partitions ?? []).map(each => this.#describe(each)),
    )
  }

  #brokers(): string[] {
    return [...this.#cluster.follower.brokers.values()].map(broker => {
      const { brokerId, brokerEpoch, fenced, inControlledShutdown, isSuspect } = broker
      const flags = [
        fenced ? 'fenced' : 'unfenced',
        ...(inControlledShutdown ? ['in-shutdown'] : []),
        ...(isSuspect ? ['suspect'] : []),
      ]
      return `broker ${brokerId} epoch=${brokerEpoch} ${flags.join(' ')}`
    })
  }

  #describe(partition: PartitionImage): string {
    const { topicId, partitionIndex, leader, leaderEpoch, partitionEpoch } = partition
    const name = this.#cluster.follower.topicById(topicId)?.name
    const lists = [
      ['replicas', partition.replicas],
      ['isr', partition.isr],
      ['elr', partition.elr],
      ['last', partition.lastKnownElr],
      ['adding', partition.addingReplicas],
      ['removing', partition.removingReplicas],
    ] as const
    const shown = lists.filter(([key, list]) => key === 'isr' || list.length > 0)
    const state = shown.map(([key, list]) => `${key}=${list}`).join(' ')
    const recovering = partition.leaderRecoveryState === 1 ? ' recovering' : ''
    return `${name}-${partitionIndex} ${state} leader=${leader}@${leaderEpoch} v${partitionEpoch}${recovering}`
  }

  /** A partition's record is shown as what the partition is after all of them. */
  #records(records: readonly MetadataRecord[]): string[] {
    return records.map(record => {
      switch (record.kind) {
        case 'partition':
        case 'partitionChange': {
          const { topicId, partitionIndex } = record
          const current = this.#cluster.follower.partitionById(topicId, partitionIndex)
          return current === undefined ? 'a partition that is gone' : this.#describe(current)
        }
        case 'registerBroker':
          return `broker ${record.brokerId} registers${record.isSuspect ? ', suspect' : ''}`
        case 'brokerChange': {
          const { brokerId, fenced, inControlledShutdown } = record
          const change = fenced === null ? 'in-shutdown' : fenced ? 'fenced' : 'unfenced'
          return `broker ${brokerId} ${inControlledShutdown === true ? 'in-shutdown' : change}`
        }
        case 'config':
          return `config ${record.resourceType}:${record.resourceName} ${record.key}=${record.value}`
        case 'unregisterBroker':
          return `broker ${record.brokerId} is gone`
        case 'topic':
          return `topic ${record.name}`
        default:
          return record.kind
      }
    })
  }

  #partitionOf(text = ''): [string, number] {
    const at = text.lastIndexOf('-')
    return [text.slice(0, at), Number(text.slice(at + 1))]
  }

  #topicId(name = ''): string {
    return this.#cluster.follower.topic(name)?.topicId ?? 'unknown'
  }
}

const EMPTY_STEP: Step = { comments: [], command: '', words: [], options: new Map(), line: '' }

function ids(text: string): number[] {
  return text
    .split(',')
    .filter(each => each !== '')
    .map(Number)
}

function answer({ error, message }: { error: string; message: string | null }, more = ''): string {
  return [
    error,
    ...(message === null ? [] : [`"${message}"`]),
    ...(more === '' ? [] : [more]),
  ].join(' ')
}
