// Whole reads and writes over a file whose single calls may be short.

import { assert, type DiskFile } from '@weir/core'

/** Writes all of it, however short the single writes are. */
export async function writeFully(file: DiskFile, data: Buffer, position: number): Promise<void> {
  let done = 0
  while (done < data.length) {
    const written = await file.write([data.subarray(done)], position + done)
    assert(written > 0, 'a write without progress', { path: file.path })
    done += written
  }
}

/** Reads up to `length` bytes from `position`; less at the end of the file. */
export async function readFully(file: DiskFile, length: number, position = 0): Promise<Buffer> {
  const data = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const read = await file.read(data, done, length - done, position + done)
    if (read === 0) break
    done += read
  }
  return data.subarray(0, done)
}
