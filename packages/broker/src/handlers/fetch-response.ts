// From what a fetch has read to its answer: all partitions of a full one, only news of an incremental
// one. Record chunks go into the answer by reference.

import { errorCode, type FetchRequest, type FetchResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import type { FetchEntry } from './fetch-entry.ts'
import type { EntryResult, FetchRead } from './fetch-read.ts'
import type { FetchSession } from './fetch-session.ts'
import {
  type LeaderHint,
  leaderEndpoints,
  leaderHint,
  wantsLeaderHint,
} from './partition-lookup.ts'

const LEADER_HINT_MIN_VERSION = 16

type PartitionAnswer = {
  partitionIndex: number
  errorCode: number
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
  abortedTransactions: readonly { producerId: number; firstOffset: number }[] | null
  preferredReadReplica: number
  records: readonly Buffer[]
  divergingEpoch?: { epoch: number; endOffset: number }
  currentLeader?: LeaderHint
}

interface TopicAnswer {
  readonly topic: string
  readonly topicId: string
  readonly partitions: PartitionAnswer[]
}

/** How a request is answered. */
export interface FetchPlan {
  readonly request: FetchRequest
  readonly session: FetchSession | null
  /** True: the answer names every partition, with or without news. */
  readonly isFull: boolean
}

export function buildFetchResponse(
  services: Services,
  context: RequestContext,
  plan: FetchPlan,
  read: FetchRead,
): FetchResponseInit {
  const responses: TopicAnswer[] = []
  const byTopic = new Map<string, TopicAnswer>()
  const leaderIds = new Set<number>()
  read.entries.forEach((entry, index) => {
    const result = read.results[index] ?? { kind: 'skipped' as const }
    const answer = answerOf(entry, result)
    if (result.kind === 'failed' && wantsLeaderHint(result.error)) {
      if (context.apiVersion >= LEADER_HINT_MIN_VERSION) {
        const topic = { name: entry.topic, topicId: entry.topicId }
        answer.currentLeader = leaderHint(services, topic, entry.partitionIndex)
        leaderIds.add(answer.currentLeader.leaderId)
      }
    }
    const isNews = noteAnswer(plan.session, entry, result, answer)
    if (!isNews && !plan.isFull) return
    topicAnswer(entry, responses, byTopic).partitions.push(answer)
  })
  const response: FetchResponseInit = {
    errorCode: 0,
    sessionId: plan.session?.id ?? 0,
    responses,
  }
  if (leaderIds.size === 0) return response
  return { ...response, nodeEndpoints: leaderEndpoints(services, context, leaderIds) }
}

function topicAnswer(
  entry: FetchEntry,
  responses: TopicAnswer[],
  byTopic: Map<string, TopicAnswer>,
): TopicAnswer {
  const key = entry.topic === '' ? entry.topicId : entry.topic
  let answer = byTopic.get(key)
  if (answer === undefined) {
    answer = { topic: entry.topic, topicId: entry.topicId, partitions: [] }
    byTopic.set(key, answer)
    responses.push(answer)
  }
  return answer
}

function answerOf(entry: FetchEntry, result: EntryResult): PartitionAnswer {
  const { partition } = entry
  const isKnown = partition !== null && result.kind !== 'failed'
  const answer: PartitionAnswer = {
    partitionIndex: entry.partitionIndex,
    errorCode: result.kind === 'failed' ? errorCode(result.error) : 0,
    highWatermark: isKnown ? partition.highWatermark : -1,
    lastStableOffset: isKnown ? partition.log.lastStableOffset : -1,
    logStartOffset: isKnown ? partition.log.logStartOffset : -1,
    abortedTransactions: result.kind === 'read' ? result.abortedTransactions : null,
    preferredReadReplica: result.kind === 'elsewhere' ? result.replicaId : -1,
    records: result.kind === 'read' ? result.chunks : [],
  }
  if (result.kind === 'diverged') {
    answer.divergingEpoch = { epoch: result.epoch, endOffset: result.endOffset }
  }
  return answer
}

/**
 * Remembers in the session what the client is told; true if there is something to tell. What still
 * has records, or an error, stays on the session's list.
 */
function noteAnswer(
  session: FetchSession | null,
  entry: FetchEntry,
  result: EntryResult,
  answer: PartitionAnswer,
): boolean {
  if (session === null) return true
  const hasRecords = result.kind === 'read' && result.bytes > 0
  const staysReady = hasRecords || result.kind !== 'read'
  if (staysReady) session.keepReady(entry)
  const isNews =
    hasRecords ||
    result.kind === 'failed' ||
    result.kind === 'diverged' ||
    result.kind === 'elsewhere' ||
    answer.highWatermark !== entry.sentHighWatermark ||
    answer.logStartOffset !== entry.sentLogStartOffset
  // Who has to truncate or to go elsewhere makes nothing of the rest.
  const isTaken = result.kind === 'read' || result.kind === 'skipped'
  entry.sentHighWatermark = isTaken ? answer.highWatermark : -1
  entry.sentLogStartOffset = isTaken ? answer.logStartOffset : -1
  return isNews
}
