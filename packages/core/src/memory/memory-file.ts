// The bytes of a file in memory, and an open file over them. A file stays usable while somebody has it
// open, also when its name is gone, as on a real system.

import { AssertionError } from '../assert.ts'
import type { DiskFile } from '../env.ts'
import { DiskError } from '../errors.ts'

const MIN_CAPACITY_BYTES = 256

export class MemoryNode {
  size = 0
  modifiedMs: number
  #bytes: Buffer = Buffer.alloc(0)

  constructor(modifiedMs: number) {
    this.modifiedMs = modifiedMs
  }

  /** What the file holds, not a copy. */
  contents(): Buffer {
    return this.#bytes.subarray(0, this.size)
  }

  write(buffers: readonly Buffer[], position: number): number {
    let end = position
    for (const buffer of buffers) end += buffer.length
    if (end > this.#bytes.length) this.#grow(end)
    let at = position
    for (const buffer of buffers) at += buffer.copy(this.#bytes, at)
    this.size = Math.max(this.size, end)
    return end - position
  }

  /** Bytes beyond the old end are zero. */
  truncate(bytes: number): void {
    if (bytes > this.#bytes.length) this.#grow(bytes)
    else if (bytes < this.size) this.#bytes.fill(0, bytes, this.size)
    this.size = bytes
  }

  #grow(bytes: number): void {
    const capacity = Math.max(bytes, 2 * this.#bytes.length, MIN_CAPACITY_BYTES)
    const grown = Buffer.alloc(capacity)
    this.#bytes.copy(grown, 0, 0, this.size)
    this.#bytes = grown
  }
}

export class MemoryFile implements DiskFile {
  readonly path: string
  readonly #node: MemoryNode
  readonly #isWritable: boolean
  readonly #nowMs: () => number
  #isOpen = true

  constructor(node: MemoryNode, path: string, isWritable: boolean, nowMs: () => number) {
    this.#node = node
    this.path = path
    this.#isWritable = isWritable
    this.#nowMs = nowMs
  }

  write(buffers: readonly Buffer[], position: number): number {
    return this.writeSync(buffers, position)
  }

  writeSync(buffers: readonly Buffer[], position: number): number {
    this.#check()
    if (!this.#isWritable) throw new DiskError('EBADF', this.path, 'file is open for reading')
    this.#node.modifiedMs = this.#nowMs()
    return this.#node.write(buffers, position)
  }

  async read(
    target: Buffer,
    targetOffset: number,
    length: number,
    position: number,
  ): Promise<number> {
    return this.readSync(target, targetOffset, length, position)
  }

  readSync(target: Buffer, targetOffset: number, length: number, position: number): number {
    this.#check()
    const bytes = this.#node.contents()
    const end = Math.min(bytes.length, position + Math.min(length, target.length - targetOffset))
    return end <= position ? 0 : bytes.copy(target, targetOffset, position, end)
  }

  async sync(): Promise<void> {
    this.#check()
  }

  async truncate(bytes: number): Promise<void> {
    this.truncateSync(bytes)
  }

  truncateSync(bytes: number): void {
    this.#check()
    this.#node.truncate(bytes)
  }

  sizeSync(): number {
    this.#check()
    return this.#node.size
  }

  stampSync(): null {
    return null
  }

  async close(): Promise<void> {
    this.closeSync()
  }

  closeSync(): void {
    if (!this.#isOpen) throw new AssertionError('file closed twice', { path: this.path })
    this.#isOpen = false
  }

  #check(): void {
    if (!this.#isOpen) throw new DiskError('EBADF', this.path, 'file is closed')
  }
}
