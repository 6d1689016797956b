// Requests that go to the leaders of partitions: split by leader, sent side by side, and sent again
// with fresh metadata for those partitions whose leader has moved.
import { errorCodes, KafkaError } from '@weir/protocol'
import type { Cluster, PartitionInfo, TopicInfo } from './cluster.ts'
import type { TopicPartition } from './topic-partition.ts'

export interface LedPartition<P> {
  readonly request: P
  readonly topic: TopicInfo
  readonly info: PartitionInfo
}

export interface PartitionOutcome<P, R> {
  readonly request: P
  readonly value: R | null
  readonly error: KafkaError | null
}

/** Sends one request to a leader and answers with an outcome for each partition of it. */
export type SendToLeader<P, R> = (
  leaderId: number,
  partitions: readonly LedPartition<P>[],
) => Promise<PartitionOutcome<P, R>[]>

/**
 * Outcomes in the order of the requests. Errors of topics and partitions are values; throws only
 * ClientError (no connection, no support).
 */
export async function sendToLeaders<P extends TopicPartition, R>(
  cluster: Cluster,
  requests: readonly P[],
  send: SendToLeader<P, R>,
): Promise<PartitionOutcome<P, R>[]> {
  const outcomes = new Map<P, PartitionOutcome<P, R>>()
  let waiting = requests
  const attempt = async (): Promise<void> => {
    const { byLeader, refused } = await groupByLeader(cluster, waiting)
    let lost: unknown = null
    const answers = await Promise.all(
      [...byLeader].map(async ([leaderId, partitions]) => {
        try {
          await cluster.connectionToLeader(leaderId)
          return await send(leaderId, partitions)
        } catch (error) {
          // What the other leaders answered stands, and is not asked again.
          if (error instanceof KafkaError) {
            return partitions.map(({ request }) => ({ request, value: null, error }))
          }
          lost ??= error
          return []
        }
      }),
    )
    for (const outcome of [...refused, ...answers.flat()]) outcomes.set(outcome.request, outcome)
    waiting = waiting.filter(request => {
      const outcome = outcomes.get(request)
      return outcome === undefined || isWorthAnotherTry(outcome.error)
    })
    const [next] = waiting
    if (next === undefined) return
    // Another may lead by now: the next try asks who.
    for (const request of waiting) cluster.forgetTopic(request.topic)
    throw lost ?? outcomes.get(next)?.error
  }
  try {
    await cluster.retry(attempt)
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
  }
  return requests.map(
    request => outcomes.get(request) ?? failed(request, 'UNKNOWN_SERVER_ERROR', 'no answer'),
  )
}

function isWorthAnotherTry(error: KafkaError | null): boolean {
  if (error === null || error.errorName === 'UNKNOWN_TOPIC_OR_PARTITION') return false
  return errorCodes[error.errorName].retriable
}

async function groupByLeader<P extends TopicPartition>(
  cluster: Cluster,
  requests: readonly P[],
): Promise<{
  byLeader: Map<number, LedPartition<P>[]>
  refused: PartitionOutcome<P, never>[]
}> {
  const byLeader = new Map<number, LedPartition<P>[]>()
  const refused: PartitionOutcome<P, never>[] = []
  for (const request of requests) {
    const { topic: name, partition } = request
    let topic: TopicInfo
    try {
      topic = await cluster.topic(name)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      refused.push({ request, value: null, error })
      continue
    }
    const info = topic.partitions[partition]
    if (info === undefined) {
      const message = `topic '${name}' has no partition ${partition}`
      refused.push(failed(request, 'UNKNOWN_TOPIC_OR_PARTITION', message))
    } else if (info.leaderId < 0) {
      const message = `partition ${partition} of topic '${name}' has no leader`
      refused.push(failed(request, 'LEADER_NOT_AVAILABLE', message))
    } else {
      const list = byLeader.get(info.leaderId) ?? []
      list.push({ request, topic, info })
      byLeader.set(info.leaderId, list)
    }
  }
  return { byLeader, refused }
}

function failed<P>(
  request: P,
  name: ConstructorParameters<typeof KafkaError>[0],
  message: string,
): PartitionOutcome<P, never> {
  return { request, value: null, error: new KafkaError(name, message) }
}
