// The log_dirs of a plan: replicas that shall be in a certain directory of their broker. Texts are those
// of the Java tool.
import {
  alterReplicaLogDirs,
  type Cluster,
  describeLogDirs,
  type TopicPartition,
} from '@weir/client'
import { failure } from './reassign-failure.ts'
import type { ToolContext } from './tool.ts'

export interface LogDirTarget extends TopicPartition {
  readonly brokerId: number
  readonly path: string
}

const ANY = 'any'
const DEFAULT_TIMEOUT_MS = 10_000
const POLL_MS = 200

/** Of a plan that was found to be one. Throws ToolError. */
export function logDirTargets(text: string): LogDirTarget[] {
  const { partitions } = JSON.parse(text) as { partitions: readonly PlanEntry[] }
  return partitions.flatMap(({ topic, partition, replicas, log_dirs: paths }) => {
    if (!Array.isArray(paths)) return []
    if (paths.length !== replicas.length) {
      throw failure(
        `Size of replicas list ${replicas.length} is different from size of log dirs list ${paths.length} for partition ${topic}-${partition}`,
      )
    }
    return replicas.flatMap((brokerId, index) => {
      const path = String(paths[index])
      return path === ANY ? [] : { topic, partition, brokerId, path }
    })
  })
}

interface PlanEntry extends TopicPartition {
  readonly replicas: readonly number[]
  readonly log_dirs?: unknown
}

/** A replica that its broker does not have yet is tried again until --timeout. */
export async function startLogDirMoves(
  context: ToolContext,
  targets: readonly LogDirTarget[],
): Promise<void> {
  const { clock } = context.cluster.env
  const deadlineMs =
    clock.monotonicMs() + (context.options.integer('timeout') ?? DEFAULT_TIMEOUT_MS)
  let waiting = [...targets]
  for (;;) {
    const started = await startOnce(context.cluster, waiting)
    for (const { topic, partition, brokerId, path } of started) {
      context.print(
        `Successfully started moving log directory to ${path} for replica ${topic}-${partition} with broker ${brokerId} \n`,
      )
    }
    waiting = waiting.filter(target => !started.includes(target))
    if (waiting.length === 0) return
    if (clock.monotonicMs() >= deadlineMs) {
      const plural = waiting.length === 1 ? '' : 's'
      const names = waiting.map(replicaName).sort().join(',')
      throw failure(`Timed out before log directory move${plural} could be started for: ${names}`)
    }
    await clock.sleep(POLL_MS)
  }
}

async function startOnce(
  cluster: Cluster,
  targets: readonly LogDirTarget[],
): Promise<LogDirTarget[]> {
  const started: LogDirTarget[] = []
  for (const brokerId of new Set(targets.map(target => target.brokerId))) {
    const own = targets.filter(target => target.brokerId === brokerId)
    for (const { topic, partition, error } of await alterReplicaLogDirs(cluster, brokerId, own)) {
      const target = own.find(each => each.topic === topic && each.partition === partition)
      if (target === undefined || error?.errorName === 'REPLICA_NOT_AVAILABLE') continue
      if (error !== null) throw failure(`Failed to alter dir for ${replicaName(target)}`)
      started.push(target)
    }
  }
  return started
}

/** One line a replica. */
export async function printLogDirMoves(
  context: ToolContext,
  targets: readonly LogDirTarget[],
): Promise<void> {
  for (const target of targets) {
    const { topic, partition, brokerId, path } = target
    const directories = await describeLogDirs(context.cluster, brokerId, [target])
    const pathOf = (isFuture: boolean): string | undefined =>
      directories.find(({ replicas }) => replicas.some(replica => replica.isFuture === isFuture))
        ?.path
    const [current, future] = [pathOf(false), pathOf(true)]
    const what = `Partition ${topic}-${partition}`
    if (future === path) {
      context.print(`Reassignment of replica ${replicaName(target)} is still in progress.\n`)
    } else if (future !== undefined) {
      context.print(
        `${what} on broker ${brokerId} is being moved to log dir ${future} instead of ${path}.\n`,
      )
    } else if (current === undefined) {
      context.print(
        `${what} is not found in any live log dir on broker ${brokerId}. There is likely an offline log directory on the broker.\n`,
      )
    } else if (current === path) {
      context.print(`Reassignment of replica ${replicaName(target)} completed successfully.\n`)
    } else {
      context.print(
        `${what} on broker ${brokerId} is not being moved from log dir ${current} to ${path}.\n`,
      )
    }
  }
}

function replicaName({ topic, partition, brokerId }: LogDirTarget): string {
  return `${topic}-${partition}-${brokerId}`
}
