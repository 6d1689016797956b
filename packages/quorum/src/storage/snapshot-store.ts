// Snapshots of the state machine as files `<index>-<term>.snapshot`, the newest two of them.
//
// Invariant: a file of that name is complete and synced: it is written under another name, synced,
// renamed, and the directory synced. Leftovers are removed at the start.

import { assert, type Env } from '@weir/core'
import type { SnapshotChunk, SnapshotMeta } from '@weir/raft'
import { makeDirectory } from './files.ts'
import {
  DamagedSnapshotError,
  describeSnapshot,
  readChunks,
  SNAPSHOT_CHUNK_BYTES,
  SnapshotWriter,
  type StoredSnapshot,
} from './snapshot-file.ts'

const SUFFIX = '.snapshot'
const KEPT_SNAPSHOTS = 2

export interface LoadedSnapshot {
  readonly meta: SnapshotMeta
  readonly data: readonly Buffer[]
}

export class SnapshotStore {
  readonly #env: Env
  readonly #directory: string
  /** Oldest first. */
  #stored: StoredSnapshot[] = []
  #incoming: SnapshotWriter | null = null

  private constructor(env: Env, directory: string) {
    this.#env = env
    this.#directory = directory
  }

  static async open(env: Env, directory: string): Promise<SnapshotStore> {
    const store = new SnapshotStore(env, directory)
    await makeDirectory(env, directory)
    for (const { name } of await env.disk.readdir(directory)) {
      const path = `${directory}/${name}`
      if (!name.endsWith(SUFFIX)) await env.disk.unlink(path)
      else await store.#add(path)
    }
    store.#sort()
    return store
  }

  async #add(path: string): Promise<void> {
    try {
      this.#stored.push(await describeSnapshot(this.#env, path))
    } catch (error) {
      if (!(error instanceof DamagedSnapshotError)) throw error
      this.#env.log.error('a damaged snapshot is left out', { path })
    }
  }

  #sort(): void {
    this.#stored.sort((a, b) => a.meta.index - b.meta.index)
  }

  get newest(): SnapshotMeta | null {
    return this.#stored.at(-1)?.meta ?? null
  }

  /** Saves a snapshot of this node's own state machine. Durable when resolved. */
  async save(meta: SnapshotMeta, data: readonly Buffer[]): Promise<void> {
    const bytes = data.reduce((sum, part) => sum + part.length, 0)
    assert(bytes === meta.bytes, 'snapshot of another size', { bytes })
    const path = `${this.#directory}/own.tmp`
    const writer = await SnapshotWriter.create(this.#env, path, meta)
    try {
      let offset = 0
      for (const chunk of chunksOf(data)) {
        await writer.write(offset, chunk)
        offset += chunk.length
      }
    } catch (error) {
      await writer.abandon()
      await this.#env.disk.unlink(path)
      throw error
    }
    await this.#finish(writer)
  }

  /** The next chunk of a snapshot that comes in; offset 0 starts again. */
  async receive({ snapshot, offset, data }: SnapshotChunk): Promise<void> {
    if (offset === 0) {
      await this.#incoming?.abandon()
      this.#incoming = null
      const path = `${this.#directory}/incoming.tmp`
      this.#incoming = await SnapshotWriter.create(this.#env, path, snapshot)
    }
    assert(this.#incoming?.meta.index === snapshot.index, 'a chunk before the first', { offset })
    if (data.length > 0) await this.#incoming.write(offset, data)
  }

  /** All chunks are there: from now on this is the newest snapshot. Durable when resolved. */
  async install(meta: SnapshotMeta): Promise<void> {
    const incoming = this.#incoming
    assert(incoming?.meta.index === meta.index, 'no snapshot to install', { index: meta.index })
    this.#incoming = null
    await this.#finish(incoming)
  }

  async #finish(writer: SnapshotWriter): Promise<void> {
    const { index, term } = writer.meta
    const name = `${String(index).padStart(20, '0')}-${term}${SUFFIX}`
    const stored = await writer.finish(this.#directory, name)
    this.#stored = this.#stored.filter(one => one.path !== stored.path)
    this.#stored.push(stored)
    this.#sort()
  }

  async removeAll(): Promise<void> {
    for (const { path } of this.#stored.splice(0)) await this.#env.disk.unlink(path)
  }

  async removeOld(): Promise<void> {
    while (this.#stored.length > KEPT_SNAPSHOTS) {
      const oldest = this.#stored.shift()
      if (oldest !== undefined) await this.#env.disk.unlink(oldest.path)
    }
  }

  /**
   * The chunk at `offset`; null if this snapshot is not kept any more. Rejects with
   * DamagedSnapshotError.
   */
  async readChunk(index: number, offset: number): Promise<Buffer | null> {
    const stored = this.#stored.find(one => one.meta.index === index)
    if (stored === undefined) return null
    const endOffset = Math.min(offset + SNAPSHOT_CHUNK_BYTES, stored.meta.bytes)
    const [chunk] = await readChunks(this.#env, stored, offset, endOffset)
    return chunk ?? Buffer.alloc(0)
  }

  /** The newest snapshot that holds; null if there is none. Damaged ones are left out, loudly. */
  async load(): Promise<LoadedSnapshot | null> {
    for (;;) {
      const stored = this.#stored.at(-1)
      if (stored === undefined) return null
      try {
        const data = await readChunks(this.#env, stored, 0, stored.meta.bytes)
        return { meta: stored.meta, data }
      } catch (error) {
        if (!(error instanceof DamagedSnapshotError)) throw error
        this.#env.log.error('a damaged snapshot is left out', { path: stored.path })
        this.#stored.pop()
      }
    }
  }

  async close(): Promise<void> {
    await this.#incoming?.abandon()
    this.#incoming = null
  }
}

/** The same bytes in chunks as they are stored; only the last is shorter. */
function* chunksOf(data: readonly Buffer[]): Generator<Buffer> {
  let pending: Buffer[] = []
  let pendingBytes = 0
  for (let part of data) {
    while (pendingBytes + part.length >= SNAPSHOT_CHUNK_BYTES) {
      const missing = SNAPSHOT_CHUNK_BYTES - pendingBytes
      yield Buffer.concat([...pending, part.subarray(0, missing)])
      part = part.subarray(missing)
      pending = []
      pendingBytes = 0
    }
    if (part.length > 0) pending.push(part)
    pendingBytes += part.length
  }
  if (pendingBytes > 0) yield Buffer.concat(pending)
}
