// One snapshot as a file: a header with what the snapshot is, then chunks with a checksum each, so
// that a rotten one is noticed before it is sent or loaded.

import { assert, type DiskFile, type Env, OperatorError } from '@weir/core'
import { crc32c } from '@weir/protocol'
import { decodeSnapshotMeta, encodeSnapshotMeta, type SnapshotMeta } from '@weir/raft'
import { readFully, writeFully } from './files.ts'

/** Bytes of data in a chunk, but for the last. */
export const SNAPSHOT_CHUNK_BYTES = 256 * 1024
const MAGIC = 0x57534e31
/** magic, length of the description, its checksum */
const PREFIX_BYTES = 12
/** length, checksum */
const CHUNK_HEADER_BYTES = 8
const MAX_META_BYTES = 16 * 1024 * 1024

export interface StoredSnapshot {
  readonly meta: SnapshotMeta
  readonly path: string
  readonly headerBytes: number
}

export class DamagedSnapshotError extends OperatorError {
  constructor(path: string) {
    super(`the snapshot ${path} is damaged`)
    this.name = 'DamagedSnapshotError'
  }
}

function chunkPosition(headerBytes: number, offset: number): number {
  const number = offset / SNAPSHOT_CHUNK_BYTES
  return headerBytes + number * (CHUNK_HEADER_BYTES + SNAPSHOT_CHUNK_BYTES)
}

/** Writes a snapshot under a temporary name. */
export class SnapshotWriter {
  readonly meta: SnapshotMeta
  readonly #env: Env
  readonly #path: string
  readonly #file: DiskFile
  readonly #headerBytes: number

  private constructor(env: Env, meta: SnapshotMeta, file: DiskFile, headerBytes: number) {
    this.#env = env
    this.meta = meta
    this.#path = file.path
    this.#file = file
    this.#headerBytes = headerBytes
  }

  static async create(env: Env, path: string, meta: SnapshotMeta): Promise<SnapshotWriter> {
    const file = await env.disk.open(path, 'write')
    await file.truncate(0)
    const description = encodeSnapshotMeta(meta)
    const prefix = Buffer.alloc(PREFIX_BYTES)
    prefix.writeUInt32BE(MAGIC, 0)
    prefix.writeUInt32BE(description.length, 4)
    prefix.writeUInt32BE(crc32c(description, 0, description.length), 8)
    await writeFully(file, Buffer.concat([prefix, description]), 0)
    return new SnapshotWriter(env, meta, file, PREFIX_BYTES + description.length)
  }

  async write(offset: number, data: Buffer): Promise<void> {
    assert(offset % SNAPSHOT_CHUNK_BYTES === 0, 'a chunk at an odd place', { offset })
    const header = Buffer.alloc(CHUNK_HEADER_BYTES)
    header.writeUInt32BE(data.length, 0)
    header.writeUInt32BE(crc32c(data, 0, data.length), 4)
    const position = chunkPosition(this.#headerBytes, offset)
    await writeFully(this.#file, Buffer.concat([header, data]), position)
  }

  /** Gives it its name; durable when resolved: file, rename and directory are synced. */
  async finish(directory: string, name: string): Promise<StoredSnapshot> {
    await this.#file.sync()
    await this.#file.close()
    const path = `${directory}/${name}`
    await this.#env.disk.rename(this.#path, path)
    await this.#env.disk.syncDir(directory)
    return { meta: this.meta, path, headerBytes: this.#headerBytes }
  }

  async abandon(): Promise<void> {
    await this.#file.close()
  }
}

/** Rejects with DamagedSnapshotError. */
export async function describeSnapshot(env: Env, path: string): Promise<StoredSnapshot> {
  const file = await env.disk.open(path, 'read')
  try {
    const prefix = await readFully(file, PREFIX_BYTES)
    const isKnown = prefix.length === PREFIX_BYTES && prefix.readUInt32BE(0) === MAGIC
    const length = isKnown ? prefix.readUInt32BE(4) : MAX_META_BYTES + 1
    if (length > MAX_META_BYTES) throw new DamagedSnapshotError(path)
    const description = await readFully(file, length, PREFIX_BYTES)
    if (description.length !== length || crc32c(description, 0, length) !== prefix.readUInt32BE(8))
      throw new DamagedSnapshotError(path)
    return { meta: decodeSnapshotMeta(description), path, headerBytes: PREFIX_BYTES + length }
  } finally {
    await file.close()
  }
}

/** The chunks from `fromOffset` up to `endOffset`. Rejects with DamagedSnapshotError. */
export async function readChunks(
  env: Env,
  stored: StoredSnapshot,
  fromOffset: number,
  endOffset: number,
): Promise<Buffer[]> {
  const file = await env.disk.open(stored.path, 'read')
  try {
    const chunks: Buffer[] = []
    for (let offset = fromOffset; offset < endOffset; offset += SNAPSHOT_CHUNK_BYTES)
      chunks.push(await readChunk(file, stored, offset))
    return chunks
  } finally {
    await file.close()
  }
}

async function readChunk(file: DiskFile, stored: StoredSnapshot, offset: number): Promise<Buffer> {
  const expected = Math.min(SNAPSHOT_CHUNK_BYTES, stored.meta.bytes - offset)
  const position = chunkPosition(stored.headerBytes, offset)
  const bytes = await readFully(file, CHUNK_HEADER_BYTES + expected, position)
  const data = bytes.subarray(CHUNK_HEADER_BYTES)
  const isWhole =
    data.length === expected &&
    bytes.readUInt32BE(0) === expected &&
    bytes.readUInt32BE(4) === crc32c(data, 0, data.length)
  if (!isWhole) throw new DamagedSnapshotError(stored.path)
  return data
}
