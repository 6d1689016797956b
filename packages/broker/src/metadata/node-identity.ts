// Who this node is: cluster id, node id and the id of each data directory, from their meta files.
// All directories of a node belong to one node of one cluster; a new directory joins them.
//
// A new node has no cluster id until it hears of the first decision of its cluster: the meta files are
// written without it first, since the ids of the directories must not change any more.

import { type Env, OperatorError } from '@weir/core'
import { makeDirectory } from '@weir/quorum'
import { type DirectoryMeta, META_FILE, readMetaFile, writeMetaFile } from './meta-file.ts'

export interface DirectoryPlaces {
  /** Those of the logs. */
  readonly directories: readonly string[]
  /** May be one of them. */
  readonly metadataDirectory: string
}

interface LocatedMeta {
  readonly directory: string
  readonly meta: DirectoryMeta
}

export class NodeIdentity {
  readonly nodeId: number
  /** In the order of the directories. */
  readonly directoryIds: readonly string[]
  /** Of the directory in which the metadata is kept. */
  readonly metadataDirectoryId: string
  readonly #env: Env
  readonly #metas: readonly LocatedMeta[]
  readonly #missing: ReadonlySet<string>
  #clusterId: string
  #saving: Promise<void> = Promise.resolve()

  private constructor(
    env: Env,
    nodeId: number,
    metas: readonly LocatedMeta[],
    places: DirectoryPlaces & { readonly missing: ReadonlySet<string> },
  ) {
    this.#env = env
    this.nodeId = nodeId
    this.#metas = metas
    this.#missing = places.missing
    const idOf = (directory: string) =>
      metas.find(each => each.directory === directory)?.meta.directoryId ?? ''
    this.directoryIds = places.directories.map(idOf)
    this.metadataDirectoryId = idOf(places.metadataDirectory)
    this.#clusterId = metas.find(({ meta }) => meta.clusterId !== '')?.meta.clusterId ?? ''
  }

  /** Reads and checks, writes nothing. Throws OperatorError where the directories do not fit. */
  static async read(env: Env, nodeId: number, places: DirectoryPlaces): Promise<NodeIdentity> {
    const found: { directory: string; meta: DirectoryMeta | null }[] = []
    for (const directory of new Set([...places.directories, places.metadataDirectory])) {
      found.push({ directory, meta: await readMetaFile(env, directory) })
    }
    const known = found.find(({ meta }) => meta !== null && meta.clusterId !== '')
    const missing = new Set<string>()
    const metas = found.map(({ directory, meta }) => {
      if (meta !== null) {
        check(directory, meta, nodeId, known)
        return { directory, meta }
      }
      missing.add(directory)
      return { directory, meta: { clusterId: '', nodeId, directoryId: env.random.uuid() } }
    })
    return new NodeIdentity(env, nodeId, metas, { ...places, missing })
  }

  /** Empty as long as the node has heard of none. */
  get clusterId(): string {
    return this.#clusterId
  }

  /** Gives new directories their files; once the directories are locked. */
  async save(): Promise<void> {
    for (const { directory, meta } of this.#metas) {
      if (!this.#missing.has(directory)) continue
      await makeDirectory(this.#env, directory)
      await writeMetaFile(this.#env, directory, { ...meta, clusterId: this.#clusterId })
    }
  }

  /** The metadata tells the cluster. Throws OperatorError if the directories are of another one. */
  learnCluster(clusterId: string): void {
    if (this.#clusterId === clusterId) return
    if (this.#clusterId !== '') {
      throw new OperatorError(
        `this node's data is of cluster ${this.#clusterId}, but the metadata that it gets is of ` +
          `cluster ${clusterId}: check --voters, and restore the data directory as a whole`,
      )
    }
    this.#clusterId = clusterId
    this.#saving = this.#saveCluster()
    this.#env.log.background(this.#saving, 'writing the cluster id')
  }

  /** What was learned is on the disk. */
  async close(): Promise<void> {
    await this.#saving.catch(() => undefined)
  }

  async #saveCluster(): Promise<void> {
    for (const { directory, meta } of this.#metas) {
      await writeMetaFile(this.#env, directory, { ...meta, clusterId: this.#clusterId })
    }
  }
}

function check(
  directory: string,
  meta: DirectoryMeta,
  nodeId: number,
  known: { readonly directory: string; readonly meta: DirectoryMeta | null } | undefined,
): void {
  const path = `${directory}/${META_FILE}`
  if (meta.nodeId !== nodeId) {
    throw new OperatorError(
      `${path} says that this is the data of node ${meta.nodeId}, not of node ${nodeId}: ` +
        `start with --node-id ${meta.nodeId} or with another --data-dir`,
    )
  }
  const clusterId = known?.meta?.clusterId ?? ''
  if (meta.clusterId !== '' && meta.clusterId !== clusterId) {
    throw new OperatorError(
      `${path} belongs to cluster ${meta.clusterId}, but ${known?.directory} to cluster ` +
        `${clusterId}: use data directories of one cluster`,
    )
  }
}
