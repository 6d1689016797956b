// An open file over node:fs. A write into the page cache takes microseconds when done at once and
// tens of them through the thread pool, but a kernel that throttles dirty pages would stall the
// event loop: writes are synchronous while they are small and were quick of late.

import fs from 'node:fs'
import type { DiskFile } from '../env.ts'
import { diskError, withDiskErrors } from './disk-errors.ts'

const MAX_SYNC_BYTES = 256 * 1024
const SLOW_WRITE_MS = 2
const ASYNC_AFTER_SLOW_MS = 100

/** Shared by all files of a disk: when one write is slow, the next one to another file is, too. */
export class WritePace {
  #asyncUntilMs = 0

  allowsSync(bytes: number): boolean {
    if (bytes > MAX_SYNC_BYTES) return false
    return this.#asyncUntilMs === 0 || performance.now() >= this.#asyncUntilMs
  }

  note(elapsedMs: number, nowMs: number): void {
    this.#asyncUntilMs = elapsedMs > SLOW_WRITE_MS ? nowMs + ASYNC_AFTER_SLOW_MS : 0
  }
}

export class NodeDiskFile implements DiskFile {
  readonly path: string
  readonly #fd: number
  readonly #pace: WritePace

  constructor(path: string, fd: number, pace: WritePace) {
    this.path = path
    this.#fd = fd
    this.#pace = pace
  }

  write(buffers: readonly Buffer[], position: number): number | Promise<number> {
    let bytes = 0
    for (const buffer of buffers) bytes += buffer.length
    if (!this.#pace.allowsSync(bytes)) return this.#writeAsync(buffers, position)
    const startMs = performance.now()
    const written = this.writeSync(buffers, position)
    const endMs = performance.now()
    this.#pace.note(endMs - startMs, endMs)
    return written
  }

  writeSync(buffers: readonly Buffer[], position: number): number {
    try {
      const [first] = buffers
      if (first !== undefined && buffers.length === 1) {
        return fs.writeSync(this.#fd, first, 0, first.length, position)
      }
      return fs.writevSync(this.#fd, buffers, position)
    } catch (error) {
      throw diskError(error, this.path)
    }
  }

  read(target: Buffer, targetOffset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, target, targetOffset, length, position, (error, bytesRead) => {
        if (error === null) resolve(bytesRead)
        else reject(diskError(error, this.path))
      })
    })
  }

  readSync(target: Buffer, targetOffset: number, length: number, position: number): number {
    try {
      return fs.readSync(this.#fd, target, targetOffset, length, position)
    } catch (error) {
      throw diskError(error, this.path)
    }
  }

  sync(): Promise<void> {
    return this.#call(done => fs.fdatasync(this.#fd, done))
  }

  truncate(bytes: number): Promise<void> {
    return this.#call(done => fs.ftruncate(this.#fd, bytes, done))
  }

  truncateSync(bytes: number): void {
    withDiskErrors(this.path, () => fs.ftruncateSync(this.#fd, bytes))
  }

  sizeSync(): number {
    return withDiskErrors(this.path, () => fs.fstatSync(this.#fd).size)
  }

  stampSync(): number {
    // ctime cannot be set back; where it stands for something else, mtime moves.
    const { ctimeMs, mtimeMs } = withDiskErrors(this.path, () => fs.fstatSync(this.#fd))
    return Math.max(ctimeMs, mtimeMs)
  }

  close(): Promise<void> {
    return this.#call(done => fs.close(this.#fd, done))
  }

  closeSync(): void {
    withDiskErrors(this.path, () => fs.closeSync(this.#fd))
  }

  #writeAsync(buffers: readonly Buffer[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.writev(this.#fd, buffers, position, (error, bytesWritten) => {
        if (error === null) resolve(bytesWritten)
        else reject(diskError(error, this.path))
      })
    })
  }

  #call(start: (done: (error: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      start(error => {
        if (error === null) resolve()
        else reject(diskError(error, this.path))
      })
    })
  }
}
