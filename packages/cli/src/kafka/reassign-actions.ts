// What kafka-reassign-partitions does with a plan: execute, verify, cancel. The throttle is that of
// `weir reassign`; the texts are those of the Java tool.
import {
  alterReassignments,
  type Cluster,
  describeCluster,
  describeLogDirs,
  listReassignments,
  listTopics,
  type OngoingReassignment,
} from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { throwFirst } from '../errors.ts'
import type { PlannedMove } from '../reassign/reassignment-plan.ts'
import { removeThrottle, setThrottle } from '../reassign/throttle.ts'
import type { PlacedPartition } from '../values/replica-placement.ts'
import { ToolError } from './option-parser.ts'
import { failure } from './reassign-failure.ts'
import { type LogDirTarget, printLogDirMoves, startLogDirMoves } from './reassign-log-dirs.ts'
import type { ToolContext } from './tool.ts'

export interface Assignment {
  readonly plan: readonly PlacedPartition[]
  readonly logDirs: readonly LogDirTarget[]
}

export async function executeAssignment(
  context: ToolContext,
  { plan, logDirs }: Assignment,
): Promise<number> {
  const { cluster, options } = context
  const { brokers } = await describeCluster(cluster)
  const known = new Set(brokers.map(broker => broker.nodeId))
  const unknown = plan.flatMap(place => place.replicas).find(nodeId => !known.has(nodeId))
  if (unknown !== undefined) throw failure(`Unknown broker id ${unknown}`)
  const ongoing = await listReassignments(cluster)
  if (ongoing.length > 0 && !options.has('additional')) {
    throw new ToolError(
      'Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a new partition assignment in addition to the existing one. The --additional flag can also be used to change the throttle by resubmitting the current reassignment.',
      { stream: 'stdout' },
    )
  }
  const current = await currentReplicas(cluster, plan)
  refuseOtherCounts(context, plan, current)
  const now = JSON.stringify(await assignmentDocument(cluster, current))
  context.print(
    `Current partition replica assignment\n\n${now}\n\nSave this to use as the --reassignment-json-file option during rollback\n`,
  )
  const throttle = options.integer('throttle') ?? -1
  if (throttle >= 0) {
    context.print(
      'Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.\n',
    )
    await setThrottle(cluster, movesOf(plan, current, ongoing), throttle)
    context.print(`The inter-broker throttle limit was set to ${throttle} B/s\n`)
  }
  const outcomes = await alterReassignments(cluster, plan)
  const failed = outcomes.filter(outcome => outcome.error !== null)
  if (failed.length > 0) {
    const lines = failed.map(({ topic, partition, error }) => {
      return `${topic}-${partition}: ${error?.message ?? ''}`
    })
    throw failure(`Error reassigning partition(s):\n${lines.join('\n')}`)
  }
  const which = plan.length === 1 ? '' : 's'
  context.print(`Successfully started partition reassignment${which} for ${namesOf(plan)}\n`)
  if (logDirs.length > 0) await startLogDirMoves(context, logDirs)
  return 0
}

export async function verifyAssignment(
  context: ToolContext,
  { plan, logDirs }: Assignment,
): Promise<number> {
  const { cluster } = context
  const ongoing = new Map((await listReassignments(cluster)).map(move => [keyOf(move), move]))
  const topics = new Map((await listTopics(cluster)).map(topic => [topic.name, topic]))
  context.print('Status of partition reassignment:\n')
  for (const place of plan) {
    const now = topics
      .get(place.topic)
      ?.partitions.find(({ partitionIndex }) => partitionIndex === place.partition)
    const replicas = now?.replicas.join(',') ?? ''
    const wanted = place.replicas.join(',')
    const name = keyOf(place)
    if (ongoing.has(name))
      context.print(`Reassignment of partition ${name} is still in progress.\n`)
    else if (replicas === wanted) {
      context.print(`Reassignment of partition ${name} is completed.\n`)
    } else {
      context.print(
        `There is no active reassignment of partition ${name}, but replica set is ${replicas} rather than ${wanted}.\n`,
      )
    }
  }
  if (logDirs.length > 0) await printLogDirMoves(context, logDirs)
  else context.print('\n')
  if (ongoing.size === 0) await clearThrottles(context, plan)
  return 0
}

/** Moves between the directories of a broker go on. */
export async function cancelAssignment(
  context: ToolContext,
  { plan }: Assignment,
): Promise<number> {
  const { cluster } = context
  const wanted = new Set(plan.map(keyOf))
  const moves = (await listReassignments(cluster)).filter(move => wanted.has(keyOf(move)))
  if (moves.length === 0) {
    context.print('None of the specified partition reassignments are active.\n')
  } else {
    const targets = moves.map(({ topic, partition }) => ({ topic, partition, replicas: null }))
    throwFirst(await alterReassignments(cluster, targets))
    context.print(`Successfully cancelled partition reassignments for: ${namesOf(moves)}\n`)
  }
  // The Java tool ends this line nowhere.
  context.print('None of the specified partition moves are active.')
  await clearThrottles(context, plan)
  return 0
}

export interface AssignmentDocument {
  readonly version: 1
  readonly partitions: readonly (PlacedPartition & { readonly log_dirs: readonly string[] })[]
}

/** With the directory of each replica, where its broker tells. */
export async function assignmentDocument(
  cluster: Cluster,
  places: readonly PlacedPartition[],
): Promise<AssignmentDocument> {
  const directories = new Map<string, string>()
  const { brokers } = await describeCluster(cluster)
  const holders = new Set(places.flatMap(place => place.replicas))
  for (const { nodeId, isFenced } of brokers) {
    if (isFenced || !holders.has(nodeId)) continue
    for (const { path, replicas } of await describeLogDirs(cluster, nodeId, places)) {
      for (const replica of replicas) {
        if (!replica.isFuture) directories.set(`${nodeId}/${keyOf(replica)}`, path)
      }
    }
  }
  const partitions = places.map(place => ({
    topic: place.topic,
    partition: place.partition,
    replicas: place.replicas,
    log_dirs: place.replicas.map(nodeId => directories.get(`${nodeId}/${keyOf(place)}`) ?? 'any'),
  }))
  return { version: 1, partitions }
}

async function currentReplicas(
  cluster: Cluster,
  plan: readonly PlacedPartition[],
): Promise<PlacedPartition[]> {
  const topics = new Map((await listTopics(cluster)).map(topic => [topic.name, topic]))
  return plan.map(({ topic, partition }) => {
    const now = topics
      .get(topic)
      ?.partitions.find(({ partitionIndex }) => partitionIndex === partition)
    if (now === undefined) {
      throw new KafkaError(
        'UNKNOWN_TOPIC_OR_PARTITION',
        `the plan: Unable to find partition: ${topic}-${partition}`,
      )
    }
    return { topic, partition, replicas: now.replicas }
  })
}

function refuseOtherCounts(
  { options }: ToolContext,
  plan: readonly PlacedPartition[],
  current: readonly PlacedPartition[],
): void {
  if (!options.has('disallow-replication-factor-change')) return
  for (const [index, place] of plan.entries()) {
    const before = current[index]?.replicas.length ?? 0
    if (place.replicas.length === before) continue
    throw failure(
      `Error reassigning partition(s):\n${keyOf(place)}: The replication factor is changed from ${before} to ${place.replicas.length}`,
    )
  }
}

/** Replicas that are being added are none to read from yet. */
function movesOf(
  plan: readonly PlacedPartition[],
  current: readonly PlacedPartition[],
  ongoing: readonly OngoingReassignment[],
): PlannedMove[] {
  const moves = new Map(ongoing.map(move => [keyOf(move), move]))
  return plan.map((place, index) => {
    const adding = moves.get(keyOf(place))?.addingReplicas ?? []
    const now = current[index]?.replicas ?? []
    return {
      topic: place.topic,
      partition: place.partition,
      from: now.filter(nodeId => !adding.includes(nodeId)),
      to: place.replicas,
    }
  })
}

async function clearThrottles(
  context: ToolContext,
  plan: readonly PlacedPartition[],
): Promise<void> {
  if (context.options.has('preserve-throttles')) return
  const { brokers } = await describeCluster(context.cluster)
  const named = [...brokers.map(broker => broker.nodeId), ...plan.flatMap(place => place.replicas)]
  const nodeIds = [...new Set(named)].sort((a, b) => a - b)
  const topics = [...new Set(plan.map(place => place.topic))].sort()
  context.print(
    `Clearing broker-level throttles on broker${nodeIds.length === 1 ? '' : 's'} ${nodeIds.join(',')}\n` +
      `Clearing topic-level throttles on topic${topics.length === 1 ? '' : 's'} ${topics.join(',')}\n`,
  )
  const existing = new Set((await listTopics(context.cluster)).map(topic => topic.name))
  await removeThrottle(
    context.cluster,
    topics.filter(topic => existing.has(topic)),
  )
}

function namesOf(places: readonly { topic: string; partition: number }[]): string {
  return places.map(keyOf).sort().join(',')
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}-${partition}`
}
