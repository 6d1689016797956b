// The `Disk` of one life of a simulated machine. Calls of a life that has ended do nothing: promises
// never settle, synchronous calls throw.

import type { Disk, DiskEntry, DiskFile, DiskLock, DiskStat } from '../env.ts'
import { DiskError } from '../errors.ts'
import type { Life } from './schedule.ts'
import { maybeFlip, nameOf, parentOf, partsOf, runLater, type SimDisk } from './sim-disk.ts'
import { SimDiskFile } from './sim-disk-file.ts'

export class SimDiskAccess implements Disk {
  readonly #disk: SimDisk
  readonly #life: Life
  readonly #wallMs: () => number

  constructor(disk: SimDisk, life: Life, wallMs: () => number) {
    this.#disk = disk
    this.#life = life
    this.#wallMs = wallMs
  }

  open(path: string, mode: 'read' | 'write'): Promise<DiskFile> {
    return this.#later('open', () => this.openSync(path, mode))
  }

  openSync(path: string, mode: 'read' | 'write'): DiskFile {
    this.#checkAlive(path)
    const node = this.#disk.openNode(path, mode === 'write')
    const context = { disk: this.#disk, life: this.#life, wallMs: this.#wallMs }
    return new SimDiskFile(context, node, path, mode === 'write')
  }

  mkdir(path: string): Promise<void> {
    return this.#later('mkdir', () => this.mkdirSync(path))
  }

  mkdirSync(path: string): void {
    this.#checkAlive(path)
    this.#disk.makeDirectories(path)
  }

  readdir(path: string): Promise<DiskEntry[]> {
    return this.#later('readdir', () =>
      [...this.#disk.directory(path).entries].map(([name, node]) => ({
        name,
        isDirectory: node.kind === 'directory',
      })),
    )
  }

  stat(path: string): Promise<DiskStat | null> {
    return this.#later('stat', () => {
      const node = this.#disk.find(path)
      if (node === null) return null
      if (node.kind === 'directory') return { isDirectory: true, bytes: 0, modifiedMs: 0 }
      return { isDirectory: false, bytes: node.live.size, modifiedMs: node.modifiedMs }
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.#later('rename', () => {
      const disk = this.#disk
      const source = disk.find(from)
      if (source === null) throw new DiskError('ENOENT', from, 'no such file or directory')
      const target = disk.find(to)
      if (target?.kind === 'directory' && target.entries.size > 0) {
        throw new DiskError('ENOTEMPTY', to, 'directory not empty')
      }
      if (target?.kind === 'file') disk.usedBytes -= target.live.size
      const nowMs = disk.schedule.nowMs
      const fromDirectory = disk.directory(parentOf(from))
      const toDirectory = disk.directory(parentOf(to))
      disk.image.rename([fromDirectory, nameOf(from)], [toDirectory, nameOf(to)], nowMs)
    })
  }

  unlink(path: string): Promise<void> {
    return this.#later('unlink', () => {
      const node = this.#disk.find(path)
      if (node === null) throw new DiskError('ENOENT', path, 'no such file')
      if (node.kind === 'directory') throw new DiskError('EISDIR', path, 'is a directory')
      this.#disk.usedBytes -= node.live.size
      const directory = this.#disk.directory(parentOf(path))
      this.#disk.image.unlink(directory, nameOf(path), this.#disk.schedule.nowMs)
    })
  }

  rmdir(path: string): Promise<void> {
    return this.#later('rmdir', () => {
      if (this.#disk.directory(path).entries.size > 0) {
        throw new DiskError('ENOTEMPTY', path, 'directory not empty')
      }
      const directory = this.#disk.directory(parentOf(path))
      this.#disk.image.unlink(directory, nameOf(path), this.#disk.schedule.nowMs)
    })
  }

  syncDir(path: string): Promise<void> {
    return this.#later('syncdir', () => this.#disk.image.syncDirectory(this.#disk.directory(path)))
  }

  readFile(path: string, maxBytes: number): Promise<Buffer> {
    return this.#later('readfile', () => {
      const node = this.#disk.openNode(path, false)
      if (node.live.size > maxBytes) throw new DiskError('EFBIG', path, 'file too large')
      this.#disk.countCall('read', path)
      const bytes = Buffer.from(node.live.bytes())
      maybeFlip(this.#disk, bytes)
      return bytes
    })
  }

  lock(directory: string): Promise<DiskLock> {
    return this.#later('lock', () => {
      this.#disk.directory(directory)
      const key = partsOf(directory).join('/')
      const owner = this.#disk.locks.get(key)
      if (owner?.isAlive === true) {
        throw new DiskError('ELOCKED', directory, 'directory is in use by another process')
      }
      this.#disk.locks.set(key, this.#life)
      return {
        release: () => {
          this.#disk.locks.delete(key)
          return Promise.resolve()
        },
      }
    })
  }

  freeBytes(path: string): Promise<number> {
    return this.#later('statfs', () => {
      this.#disk.directory(path)
      const { capacityBytes } = this.#disk.faults
      const total = capacityBytes === Number.POSITIVE_INFINITY ? 2 ** 40 : capacityBytes
      return Math.max(0, total - this.#disk.usedBytes)
    })
  }

  totalBytes(path: string): Promise<number> {
    return this.#later('statfs', () => {
      this.#disk.directory(path)
      const { capacityBytes } = this.#disk.faults
      return capacityBytes === Number.POSITIVE_INFINITY ? 2 ** 40 : capacityBytes
    })
  }

  #checkAlive(path: string): void {
    if (!this.#life.isAlive) throw new DiskError('EIO', path, 'the machine has crashed')
  }

  #later<T>(label: string, run: () => T): Promise<T> {
    return runLater({ disk: this.#disk, life: this.#life }, label, run)
  }
}
