// What operators do to a cluster under load: topics go and come, replicas move, settings change.

import {
  alterConfigs,
  type Cluster,
  createTopics,
  deleteRecords,
  deleteTopics,
  isPassing,
} from '@weir/client'
import { errorMessage } from '@weir/core'
import { alterPartitionReassignmentsApi, electLeadersApi } from '@weir/protocol'
import { clusterOf, isAboutBrokers } from './clients.ts'
import type { FaultKind } from './cluster-options.ts'
import type { ClusterWorld } from './cluster-world.ts'
import { VoterChanging } from './voter-changing.ts'
import {
  LASTING_TOPICS,
  newTopic,
  TEMPORARY_TOPIC,
  type TopicPartitionName,
  WORKLOAD_TOPICS,
  type WorkloadTopic,
} from './workload-topics.ts'

export class Operator {
  readonly #world: ClusterWorld
  readonly #cluster: Cluster
  readonly #voters: VoterChanging
  readonly #onRecreated: (incarnation: number) => void
  #isRecreating = false
  #incarnation = 0

  /** `onRecreated` is called whenever the temporary topic is there anew. */
  constructor(world: ClusterWorld, onRecreated: (incarnation: number) => void) {
    this.#world = world
    this.#cluster = clusterOf(world, 'operator')
    this.#voters = new VoterChanging(world, this.#cluster)
    this.#onRecreated = onRecreated
  }

  act(kind: FaultKind): void {
    const doing = this.#start(kind)
    if (doing === null) return
    this.#world.note(`operator: ${kind}`)
    doing.catch((error: unknown) => {
      this.#world.note(`operator: ${kind} failed: ${errorMessage(error)}`)
    })
  }

  #start(kind: FaultKind): Promise<unknown> | null {
    switch (kind) {
      case 'recreateTopic':
        return this.#isRecreating ? null : this.#recreate()
      case 'reassign':
        return this.#reassign()
      case 'alterConfigs':
        return this.#alterConfigs()
      case 'electLeaders':
        return this.#electLeaders()
      case 'deleteRecords':
        return this.#deleteRecords()
      case 'changeVoters':
        return this.#voters.change()
      default:
        return null
    }
  }

  /** Makes all topics; their errors pass when the cluster is up. */
  async createAll(): Promise<void> {
    const { options } = this.#world
    const brokers = this.#world.brokers.length
    const missing = new Map(
      LASTING_TOPICS.map(wanted => [wanted.name, newTopic(wanted, brokers, options)]),
    )
    while (missing.size > 0) {
      const outcomes = await this.#cluster
        .retry(() => createTopics(this.#cluster, [...missing.values()]))
        .catch((error: unknown) => {
          this.#world.note(`operator: ${errorMessage(error)}`)
          if (!isPassing(error) && !isAboutBrokers(error)) throw error
          return []
        })
      for (const { name, error } of outcomes) {
        if (error === null || error.errorName === 'TOPIC_ALREADY_EXISTS') missing.delete(name)
        else this.#world.note(`operator: ${error.message}`)
      }
      await this.#sleep(200)
    }
  }

  async #recreate(): Promise<void> {
    this.#isRecreating = true
    try {
      const { name } = TEMPORARY_TOPIC
      if (this.#incarnation > 0)
        await this.#until(
          name,
          async () => deleteTopics(this.#cluster, [name]),
          'UNKNOWN_TOPIC_OR_PARTITION',
        )
      const topic = newTopic(TEMPORARY_TOPIC, this.#world.brokers.length, this.#world.options)
      await this.#until(
        name,
        async () => createTopics(this.#cluster, [topic]),
        'TOPIC_ALREADY_EXISTS',
      )
      this.#incarnation++
      this.#world.note(`operator: ${name} is there, ${this.#incarnation}`)
      this.#onRecreated(this.#incarnation)
    } finally {
      this.#isRecreating = false
    }
  }

  /** Until it succeeds, or a try before it did. */
  async #until(
    what: string,
    attempt: () => Promise<readonly { error: { errorName: string } | null }[]>,
    isDone: string,
  ): Promise<void> {
    for (;;) {
      try {
        const [outcome] = await attempt()
        if (outcome?.error === null || outcome?.error.errorName === isDone) return
        this.#world.note(`operator: ${what}: ${outcome?.error.errorName}`)
      } catch (error) {
        this.#world.note(`operator: ${what}: ${errorMessage(error)}`)
      }
      await this.#sleep(300)
    }
  }

  /** Other replicas for a random partition, or an end to what is going on there. */
  async #reassign(): Promise<unknown> {
    const { random, brokers } = this.#world
    const { name, partitionCount, replicationFactor } = this.#anyTopic()
    const ids = shuffled(
      brokers.map(({ id }) => id),
      limit => random.below(limit),
    )
    const isCancelled = random.chance(0.2)
    const count = Math.min(ids.length, random.chance(0.8) ? replicationFactor : 2)
    const replicas = isCancelled ? null : ids.slice(0, Math.max(2, count))
    const partitionIndex = random.below(partitionCount)
    this.#world.note(`operator: ${name}-${partitionIndex} to ${replicas ?? 'where it was'}`)
    return await this.#cluster.request('controller', alterPartitionReassignmentsApi, {
      topics: [{ name, partitions: [{ partitionIndex, replicas }] }],
    })
  }

  async #alterConfigs(): Promise<unknown> {
    const { random } = this.#world
    const { name } = this.#anyTopic()
    const changes = [
      ['min.insync.replicas', String(this.#world.options.isStrict ? 2 : 1 + random.below(2))],
      ['retention.ms', String(86_400_000 + random.below(1000))],
      ['segment.bytes', String(1_048_576 + random.below(1000))],
      ['flush.messages', String(1 + random.below(5))],
    ] as const
    // Whoever wants logs synced keeps them so.
    const [key, value] = changes[random.below(this.#world.options.isSynced ? 3 : 4)] ?? changes[0]
    return await alterConfigs(this.#cluster, { type: 'topic', name }, [{ name: key, value }])
  }

  /** Gives the lead to this replica. */
  async lead(target: TopicPartitionName, replicas: readonly number[], id: number): Promise<void> {
    const { topic: name, partition } = target
    await this.#cluster.request('controller', alterPartitionReassignmentsApi, {
      topics: [
        {
          name,
          partitions: [
            { partitionIndex: partition, replicas: [id, ...replicas.filter(one => one !== id)] },
          ],
        },
      ],
    })
    await this.#cluster.request('controller', electLeadersApi, {
      electionType: 0,
      topicPartitions: [{ topic: name, partitions: [partition] }],
      timeoutMs: 2000,
    })
  }

  /** All that is committed there goes. */
  async deleteAll({ topic, partition }: TopicPartitionName): Promise<void> {
    const leader = this.#world.leaderOf({ topic, partition })
    const found = leader?.node?.services.replicaManager.getPartition(topic, partition)
    if (found === undefined) return
    await deleteRecords(this.#cluster, [{ topic, partition, offset: found.highWatermark }])
  }

  async #electLeaders(): Promise<unknown> {
    const { name, partitionCount } = this.#anyTopic()
    const partitions = Array.from({ length: partitionCount }, (_, index) => index)
    return await this.#cluster.request('controller', electLeadersApi, {
      electionType: 0,
      topicPartitions: [{ topic: name, partitions }],
      timeoutMs: 2000,
    })
  }

  /** Up to its committed end, or a part of it. */
  async #deleteRecords(): Promise<unknown> {
    const leader = this.#world.running
      .filter(({ isBroker }) => isBroker)
      .map(({ node }) => node?.services.replicaManager.getPartition('trim', 0))
      .find(partition => partition?.isLeader === true)
    const end = leader?.highWatermark ?? 0
    const offset = Math.floor(this.#world.random.fraction() * end)
    return await deleteRecords(this.#cluster, [{ topic: 'trim', partition: 0, offset }])
  }

  #anyTopic(): WorkloadTopic {
    const topic = WORKLOAD_TOPICS[this.#world.random.below(WORKLOAD_TOPICS.length)]
    if (topic === undefined) throw new Error('no topics')
    return topic
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.#world.sim.after(ms, resolve))
  }
}

function shuffled<T>(items: readonly T[], below: (limit: number) => number): T[] {
  const rest = [...items]
  const result: T[] = []
  while (rest.length > 0) result.push(...rest.splice(below(rest.length), 1))
  return result
}
