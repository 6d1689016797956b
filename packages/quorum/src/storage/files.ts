// Whole reads and writes over a file whose single calls may be short.

import { assert, type DiskFile, type Env } from '@weir/core'

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

/** Makes a directory and missing parents, durably. */
export async function makeDirectory(env: Env, path: string): Promise<void> {
  const parent = path.slice(0, Math.max(path.startsWith('/') ? 1 : 0, path.lastIndexOf('/')))
  if ((await env.disk.stat(path)) !== null) return
  if (parent !== '' && parent !== path) await makeDirectory(env, parent)
  await env.disk.mkdir(path)
  await env.disk.syncDir(parent === '' ? '.' : parent)
}
