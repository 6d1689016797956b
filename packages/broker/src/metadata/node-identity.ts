// Who this node is: cluster id, node id and the id of each data directory, from their meta files.
// All directories of a node belong to one node of one cluster; a new directory joins them.

import { type Env, OperatorError } from '@weir/core'
import { type DirectoryMeta, META_FILE, readMetaFile, writeMetaFile } from './meta-file.ts'

export interface NodeIdentity {
  readonly clusterId: string
  readonly nodeId: number
  /** In the order of the directories. */
  readonly directoryIds: readonly string[]
}

export interface IdentityPlan {
  readonly identity: NodeIdentity
  /** Directories without a file yet; written by `saveIdentity` once the directories are locked. */
  readonly missing: readonly { readonly directory: string; readonly meta: DirectoryMeta }[]
}

/** Reads and checks, writes nothing. Throws OperatorError where the directories do not fit. */
export async function readIdentity(
  env: Env,
  nodeId: number,
  directories: readonly string[],
): Promise<IdentityPlan> {
  const metas: (DirectoryMeta | null)[] = []
  for (const directory of directories) metas.push(await readMetaFile(env, directory))
  const known = metas.findIndex(meta => meta !== null)
  const clusterId = metas[known]?.clusterId ?? env.random.uuid()
  const missing: { directory: string; meta: DirectoryMeta }[] = []
  const directoryIds: string[] = []
  for (const [index, directory] of directories.entries()) {
    const meta = metas[index] ?? null
    if (meta === null) {
      const directoryId = env.random.uuid()
      directoryIds.push(directoryId)
      missing.push({ directory, meta: { clusterId, nodeId, directoryId } })
      continue
    }
    check(directory, meta, { nodeId, clusterId, clusterFrom: directories[known] ?? directory })
    directoryIds.push(meta.directoryId)
  }
  return { identity: { clusterId, nodeId, directoryIds }, missing }
}

export async function saveIdentity(env: Env, plan: IdentityPlan): Promise<void> {
  for (const { directory, meta } of plan.missing) await writeMetaFile(env, directory, meta)
}

function check(
  directory: string,
  meta: DirectoryMeta,
  expected: { nodeId: number; clusterId: string; clusterFrom: string },
): void {
  const path = `${directory}/${META_FILE}`
  if (meta.nodeId !== expected.nodeId) {
    throw new OperatorError(
      `${path} says that this is the data of node ${meta.nodeId}, not of node ${expected.nodeId}: ` +
        `start with --node-id ${meta.nodeId} or with another --data-dir`,
    )
  }
  if (meta.clusterId !== expected.clusterId) {
    throw new OperatorError(
      `${path} belongs to cluster ${meta.clusterId}, but ${expected.clusterFrom} to cluster ` +
        `${expected.clusterId}: use data directories of one cluster`,
    )
  }
}
