// Our own small files (checkpoints, markers): versioned, checksummed, replaced as a whole.
//
// Format: one line `weir KIND VERSION CRC32C BYTES`, then BYTES of JSON; the checksum is over the
// JSON. Invariants: a file is written beside its place, synced, renamed, and the directory is synced,
// so that a crash leaves the old or the new one; what does not fit its checksum is treated as absent.

import { type Disk, DiskError, type Logger } from '@weir/core'
import { crc32c } from '@weir/protocol'

const CHECKPOINT_VERSION = 1
/** Larger ones are not ours. */
const MAX_CHECKPOINT_BYTES = 256 * 1024 * 1024
export const TEMPORARY_SUFFIX = '.tmp'

export type CheckpointRead =
  | { readonly kind: 'valid'; readonly value: unknown }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly reason: string }

export function encodeCheckpoint(kind: string, value: unknown): Buffer {
  return encodeCheckpointText(kind, JSON.stringify(value))
}

/** The same with JSON that is there already. */
export function encodeCheckpointText(kind: string, json: string): Buffer {
  const body = Buffer.from(json)
  const crc = crc32c(body).toString(16).padStart(8, '0')
  return Buffer.concat([
    Buffer.from(`weir ${kind} ${CHECKPOINT_VERSION} ${crc} ${body.length}\n`),
    body,
  ])
}

export function decodeCheckpoint(kind: string, bytes: Buffer): CheckpointRead {
  const lineEnd = bytes.subarray(0, 200).indexOf(10)
  if (lineEnd < 0) return { kind: 'damaged', reason: 'no header line' }
  const [name, actualKind, version, crc, length] = bytes
    .subarray(0, lineEnd)
    .toString('latin1')
    .split(' ')
  if (name !== 'weir' || actualKind !== kind) {
    return { kind: 'damaged', reason: `not a ${kind} checkpoint` }
  }
  if (version !== String(CHECKPOINT_VERSION)) {
    return { kind: 'damaged', reason: `unknown version ${version}` }
  }
  const body = bytes.subarray(lineEnd + 1)
  if (String(body.length) !== length) {
    return { kind: 'damaged', reason: `${body.length} bytes instead of ${length}` }
  }
  if (crc32c(body).toString(16).padStart(8, '0') !== crc) {
    return { kind: 'damaged', reason: 'checksum mismatch' }
  }
  try {
    return { kind: 'valid', value: JSON.parse(body.toString('utf8')) }
  } catch {
    // Cannot happen with a matching checksum, unless somebody wrote it so.
    return { kind: 'damaged', reason: 'not JSON' }
  }
}

export async function readCheckpoint(
  disk: Disk,
  path: string,
  kind: string,
): Promise<CheckpointRead> {
  try {
    return decodeCheckpoint(kind, await disk.readFile(path, MAX_CHECKPOINT_BYTES))
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return { kind: 'missing' }
    if (error instanceof DiskError && error.code === 'EFBIG') {
      return { kind: 'damaged', reason: 'too large' }
    }
    throw error
  }
}

/** Durable when resolved. */
export async function writeCheckpoint(
  disk: Disk,
  path: string,
  kind: string,
  value: unknown,
): Promise<void> {
  await writeFileAtomically(disk, path, encodeCheckpoint(kind, value))
}

/** Replaces the file; a crash leaves the old or the new content. Durable when resolved. */
export async function writeFileAtomically(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const temporary = path + TEMPORARY_SUFFIX
  await writeWholeFile(disk, temporary, bytes)
  await disk.rename(temporary, path)
  await disk.syncDir(directoryOf(path))
}

/** Replaces the content in place and syncs it; not atomic. */
async function writeWholeFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const file = await disk.open(path, 'write')
  try {
    await file.truncate(0)
    await writeFully(file, bytes, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The same without a sync: for caches that carry a checksum, or whose checksum is kept elsewhere. */
export async function writeCacheFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const file = await disk.open(path, 'write')
  try {
    await file.truncate(0)
    await writeFully(file, bytes, 0)
  } finally {
    await file.close()
  }
}

/** A short write is not an error: goes on until all is written, or the disk says why not. */
async function writeFully(
  file: {
    readonly path: string
    write(buffers: readonly Buffer[], position: number): number | Promise<number>
  },
  bytes: Buffer,
  position: number,
): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const written = await file.write([bytes.subarray(done)], position + done)
    if (written <= 0) throw new DiskError('EIO', file.path, 'a write of 0 bytes')
    done += written
  }
}

export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? (slash === 0 ? '/' : '.') : path.slice(0, slash)
}

/** Awaits a write that can be done without: on a full disk it is left out, and that is logged. */
export async function unlessDiskIsFull(write: Promise<unknown>, log: Logger): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!(error instanceof DiskError) || !isOutOfSpace(error)) throw error
    log.warn('the disk is full: left out', { path: error.path })
  }
}

export function isOutOfSpace(error: DiskError): boolean {
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG'
}
