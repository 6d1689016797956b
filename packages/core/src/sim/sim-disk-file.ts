// An open file of a simulated disk. It stays usable when its name goes away, as on a real system.

import { AssertionError } from '../assert.ts'
import type { DiskFile } from '../env.ts'
import { DiskError } from '../errors.ts'
import type { FileNode } from './disk-image.ts'
import type { Life } from './schedule.ts'
import { maybeFlip, runLater, type SimDisk } from './sim-disk.ts'

const MAX_SYNC_WRITE_BYTES = 64 * 1024

interface FileContext {
  readonly disk: SimDisk
  readonly life: Life
  readonly wallMs: () => number
}

export class SimDiskFile implements DiskFile {
  readonly path: string
  readonly #context: FileContext
  readonly #node: FileNode
  readonly #isWritable: boolean
  #isOpen = true
  #users = 0

  constructor(context: FileContext, node: FileNode, path: string, isWritable: boolean) {
    this.path = path
    this.#context = context
    this.#node = node
    this.#isWritable = isWritable
  }

  write(buffers: readonly Buffer[], position: number): number | Promise<number> {
    const { disk } = this.#context
    const bytes = totalBytes(buffers)
    if (bytes <= MAX_SYNC_WRITE_BYTES && disk.random.chance(disk.faults.syncWriteChance)) {
      return this.writeSync(buffers, position)
    }
    // The bytes are taken when the write is done, not when it was asked for: who changes a buffer
    // too early finds the change in the file.
    const key = {}
    disk.inFlight.set(key, share => {
      const all = Buffer.concat(buffers)
      const part = all.subarray(0, Math.floor(all.length * share))
      if (part.length > 0) this.#node.write(part, position, disk.schedule.nowMs)
    })
    return this.#later('write', () => {
      disk.inFlight.delete(key)
      return this.writeSync(buffers, position)
    })
  }

  writeSync(buffers: readonly Buffer[], position: number): number {
    this.#check()
    const { disk, wallMs } = this.#context
    if (!this.#isWritable) throw new DiskError('EBADF', this.path, 'file is open for reading')
    disk.countCall('write', this.path)
    let bytes = Buffer.concat(buffers)
    if (bytes.length > 1 && disk.random.chance(disk.faults.shortWriteChance)) {
      bytes = bytes.subarray(0, 1 + disk.random.below(bytes.length - 1))
    }
    const growth = Math.max(0, position + bytes.length - this.#node.live.size)
    const room = disk.faults.capacityBytes - disk.usedBytes
    if (growth > room) {
      bytes = bytes.subarray(0, Math.max(0, bytes.length - (growth - Math.max(0, room))))
      if (bytes.length === 0) throw new DiskError('ENOSPC', this.path, 'no space left on the disk')
    }
    const before = this.#node.live.size
    this.#node.write(bytes, position, disk.schedule.nowMs)
    this.#node.modifiedMs = wallMs()
    disk.usedBytes += this.#node.live.size - before
    return bytes.length
  }

  read(target: Buffer, targetOffset: number, length: number, position: number): Promise<number> {
    return this.#later('read', () => this.readSync(target, targetOffset, length, position))
  }

  readSync(target: Buffer, targetOffset: number, length: number, position: number): number {
    this.#check()
    const { disk } = this.#context
    disk.countCall('read', this.path)
    const bytes = this.#node.live.bytes()
    const end = Math.min(bytes.length, position + Math.min(length, target.length - targetOffset))
    if (end <= position) return 0
    bytes.copy(target, targetOffset, position, end)
    maybeFlip(disk, target.subarray(targetOffset, targetOffset + end - position))
    return end - position
  }

  sync(): Promise<void> {
    const { disk } = this.#context
    // Only what was written before the call is covered by it.
    const covered = this.#node.operationCount
    return this.#later('sync', () => {
      this.#check()
      try {
        disk.countCall('sync', this.path)
      } catch (error) {
        this.#node.forgetPending()
        throw error
      }
      this.#node.sync(covered)
    })
  }

  truncate(bytes: number): Promise<void> {
    return this.#later('truncate', () => this.truncateSync(bytes))
  }

  truncateSync(bytes: number): void {
    this.#check()
    const { disk } = this.#context
    disk.usedBytes += bytes - this.#node.live.size
    this.#node.truncate(bytes, disk.schedule.nowMs)
  }

  sizeSync(): number {
    this.#check()
    return this.#node.live.size
  }

  stampSync(): number | null {
    this.#check()
    return this.#context.disk.tellsChanges ? this.#node.modifiedMs : null
  }

  close(): Promise<void> {
    this.closeSync()
    return Promise.resolve()
  }

  closeSync(): void {
    if (this.#users > 0) {
      throw new AssertionError('file closed beside a call under way', { path: this.path })
    }
    this.#isOpen = false
  }

  #check(): void {
    if (!this.#isOpen) throw new DiskError('EBADF', this.path, 'file is closed')
    if (!this.#context.life.isAlive) {
      throw new DiskError('EIO', this.path, 'the machine has crashed')
    }
  }

  async #later<T>(label: string, run: () => T): Promise<T> {
    this.#users++
    try {
      return await runLater(this.#context, label, run)
    } finally {
      this.#users--
    }
  }
}

function totalBytes(buffers: readonly Buffer[]): number {
  let bytes = 0
  for (const buffer of buffers) bytes += buffer.length
  return bytes
}
