// The disk of one life of a broker. When the life has ended nothing is written any more: calls fail,
// those under way are waited for, open files are closed and locks released, so that the next life
// finds the directory as a killed process leaves it.

import {
  type Disk,
  type DiskEntry,
  DiskError,
  type DiskFile,
  type DiskLock,
  type DiskStat,
} from '@weir/core'

export class LifeDisk implements Disk {
  readonly #disk: Disk
  readonly #files = new Set<DiskFile>()
  readonly #locks = new Set<DiskLock>()
  readonly #underWay = new Set<Promise<unknown>>()
  #isAlive = true

  constructor(disk: Disk) {
    this.#disk = disk
  }

  open(path: string, mode: 'read' | 'write'): Promise<DiskFile> {
    return this.run(async () => this.#adopt(await this.#disk.open(path, mode)))
  }

  openSync(path: string, mode: 'read' | 'write'): DiskFile {
    this.check(path)
    return this.#adopt(this.#disk.openSync(path, mode))
  }

  mkdir(path: string): Promise<void> {
    return this.run(() => this.#disk.mkdir(path))
  }

  mkdirSync(path: string): void {
    this.check(path)
    this.#disk.mkdirSync(path)
  }

  readdir(path: string): Promise<DiskEntry[]> {
    return this.run(() => this.#disk.readdir(path))
  }

  stat(path: string): Promise<DiskStat | null> {
    return this.run(() => this.#disk.stat(path))
  }

  rename(from: string, to: string): Promise<void> {
    return this.run(() => this.#disk.rename(from, to))
  }

  unlink(path: string): Promise<void> {
    return this.run(() => this.#disk.unlink(path))
  }

  rmdir(path: string): Promise<void> {
    return this.run(() => this.#disk.rmdir(path))
  }

  syncDir(path: string): Promise<void> {
    return this.run(() => this.#disk.syncDir(path))
  }

  readFile(path: string, maxBytes: number): Promise<Buffer> {
    return this.run(() => this.#disk.readFile(path, maxBytes))
  }

  lock(path: string): Promise<DiskLock> {
    return this.run(async () => {
      const lock = await this.#disk.lock(path)
      this.#locks.add(lock)
      return {
        release: async () => {
          if (this.#locks.delete(lock)) await lock.release()
        },
      }
    })
  }

  freeBytes(path: string): Promise<number> {
    return this.run(() => this.#disk.freeBytes(path))
  }

  totalBytes(path: string): Promise<number> {
    return this.run(() => this.#disk.totalBytes(path))
  }

  /** Throws if the life has ended. */
  check(path: string): void {
    if (!this.#isAlive) throw new DiskError('EIO', path, 'the broker was killed')
  }

  /** A call that `end` waits for. Of an ended life neither the call nor its promise comes to anything. */
  run<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#isAlive) return new Promise(() => undefined)
    const promise = call()
    this.#underWay.add(promise)
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#underWay.delete(promise)
        if (this.#isAlive) settle()
      }
      promise.then(
        value => finish(() => resolve(value)),
        (error: unknown) => finish(() => reject(error)),
      )
    })
  }

  forget(file: DiskFile): void {
    this.#files.delete(file)
  }

  /** Resolves when no call is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay])
  }

  async end(): Promise<void> {
    this.#isAlive = false
    await this.settled()
    for (const file of this.#files) file.closeSync()
    this.#files.clear()
    for (const lock of this.#locks) await lock.release()
    this.#locks.clear()
  }

  #adopt(file: DiskFile): DiskFile {
    this.#files.add(file)
    return new LifeFile(this, file)
  }
}

class LifeFile implements DiskFile {
  readonly path: string
  readonly #disk: LifeDisk
  readonly #file: DiskFile

  constructor(disk: LifeDisk, file: DiskFile) {
    this.path = file.path
    this.#disk = disk
    this.#file = file
  }

  write(buffers: readonly Buffer[], position: number): number | Promise<number> {
    this.#disk.check(this.path)
    const outcome = this.#file.write(buffers, position)
    return typeof outcome === 'number' ? outcome : this.#disk.run(() => outcome)
  }

  writeSync(buffers: readonly Buffer[], position: number): number {
    this.#disk.check(this.path)
    return this.#file.writeSync(buffers, position)
  }

  read(target: Buffer, targetOffset: number, length: number, position: number): Promise<number> {
    return this.#disk.run(() => this.#file.read(target, targetOffset, length, position))
  }

  readSync(target: Buffer, targetOffset: number, length: number, position: number): number {
    this.#disk.check(this.path)
    return this.#file.readSync(target, targetOffset, length, position)
  }

  sync(): Promise<void> {
    return this.#disk.run(() => this.#file.sync())
  }

  truncate(bytes: number): Promise<void> {
    return this.#disk.run(() => this.#file.truncate(bytes))
  }

  truncateSync(bytes: number): void {
    this.#disk.check(this.path)
    this.#file.truncateSync(bytes)
  }

  sizeSync(): number {
    this.#disk.check(this.path)
    return this.#file.sizeSync()
  }

  stampSync(): number | null {
    this.#disk.check(this.path)
    return this.#file.stampSync()
  }

  close(): Promise<void> {
    return this.#disk.run(() => {
      this.#disk.forget(this.#file)
      return this.#file.close()
    })
  }

  closeSync(): void {
    this.#disk.check(this.path)
    this.#disk.forget(this.#file)
    this.#file.closeSync()
  }
}
