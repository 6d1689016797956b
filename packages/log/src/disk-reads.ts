// Small files read whole, where a missing one is an ordinary answer.

import { type Disk, DiskError, type DiskFile } from '@weir/core'

/** No index is larger: 2^31 bytes of segment with an entry for each smallest batch. */
const MAX_SMALL_FILE_BYTES = 512 * 1024 * 1024

/** Null if it is not there, or larger (absurdly large, unless said otherwise). */
export async function readIfThere(
  disk: Disk,
  path: string,
  maxBytes = MAX_SMALL_FILE_BYTES,
): Promise<Buffer | null> {
  try {
    return await disk.readFile(path, maxBytes)
  } catch (error) {
    if (error instanceof DiskError && (error.code === 'ENOENT' || error.code === 'EFBIG')) {
      return null
    }
    throw error
  }
}

/** Null if it is not there, or larger. */
export function readSyncIfThere(
  disk: Disk,
  path: string,
  maxBytes = MAX_SMALL_FILE_BYTES,
): Buffer | null {
  let file: DiskFile
  try {
    file = disk.openSync(path, 'read')
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return null
    throw error
  }
  try {
    const size = file.sizeSync()
    if (size > maxBytes) return null
    const bytes = Buffer.alloc(size)
    let done = 0
    while (done < bytes.length) {
      const read = file.readSync(bytes, done, bytes.length - done, done)
      if (read === 0) break
      done += read
    }
    return bytes.subarray(0, done)
  } finally {
    file.closeSync()
  }
}

export async function namesIn(disk: Disk, directory: string): Promise<string[]> {
  return (await disk.readdir(directory)).map(entry => entry.name)
}

/** Reads until the length is reached or the file ends; answers the bytes read. */
export async function readFully(
  file: DiskFile,
  target: Buffer,
  length: number,
  position: number,
): Promise<number> {
  let done = 0
  while (done < length) {
    const read = await file.read(target, done, length - done, position + done)
    if (read === 0) break
    done += read
  }
  return done
}

/** Removes a file; one that is not there is fine. */
export async function unlinkIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.unlink(path)
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'ENOENT') throw error
  }
}
