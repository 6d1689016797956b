// The topics of a test: made at its start, and all gone at a reset. Asked for as any client does, so
// that it works the same with one broker and with three.

import {
  Cluster,
  createTopics as createOnCluster,
  deleteTopics as deleteOnCluster,
  listTopics,
} from '@weir/client'
import { createNodeEnv } from '@weir/core/node'
import type { TopicOptions } from '../weir.ts'
import { Life } from './life.ts'
import type { TestBroker } from './test-broker.ts'

/** The client id of the test's own requests: no fault happens to them. */
export const OWN_CLIENT_ID = 'weir-test'

const DEADLINE_MS = 10_000

/** Resolves when every broker that runs knows the topics and their leaders. Throws KafkaError. */
export async function createTopics(
  brokers: readonly TestBroker[],
  topics: readonly (string | TopicOptions)[],
): Promise<void> {
  if (topics.length === 0) return
  const wanted = topics.map(topic => (typeof topic === 'string' ? { name: topic } : topic))
  await withCluster(brokers, async cluster => {
    const created = await createOnCluster(
      cluster,
      wanted.map(({ name, partitions, replicationFactor, settings }) => ({
        name,
        partitionCount: partitions ?? -1,
        replicationFactor: replicationFactor ?? -1,
        configs: new Map(
          Object.entries(settings ?? {}).map(([key, value]) => [key, String(value)]),
        ),
      })),
    )
    for (const { error } of created) if (error !== null) throw error
  })
  await untilAll(brokers, broker =>
    wanted.every(({ name }) => {
      const topic = broker.node.services.metadata.topic(name)
      return topic?.partitions.every(partition => partition.leader >= 0) === true
    }),
  )
}

/** All of them, also those that clients or the broker itself have made: groups go with theirs. */
export async function deleteAllTopics(brokers: readonly TestBroker[]): Promise<void> {
  await withCluster(brokers, async cluster => {
    const names = (await listTopics(cluster)).map(topic => topic.name)
    if (names.length === 0) return
    for (const { error } of await deleteOnCluster(cluster, names)) if (error !== null) throw error
  })
  await untilAll(brokers, broker => [...broker.node.services.metadata.topics].length === 0)
}

async function withCluster(
  brokers: readonly TestBroker[],
  use: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const running = brokers.filter(broker => broker.isRunning)
  const life = new Life(createNodeEnv({ log: { level: 'silent' } }))
  const bootstrap = running.map(({ host, port }) => ({ host, port }))
  const cluster = new Cluster(life.env, { bootstrap, clientId: OWN_CLIENT_ID })
  try {
    await use(cluster)
  } finally {
    cluster.close()
    await life.end()
  }
}

async function untilAll(
  brokers: readonly TestBroker[],
  isDone: (broker: TestBroker) => boolean,
): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  const waiting = () => brokers.some(broker => broker.isRunning && !isDone(broker))
  while (waiting()) {
    if (performance.now() > deadlineMs) throw new Error('the brokers do not agree on the topics')
    await new Promise(resolve => setImmediate(resolve))
  }
}
