// Open files under a limit. A file is opened on its first use and closed when too many others were
// used since; whoever has one in use counts, so that none is closed or deleted under a read.
//
// Invariants: a file with users is never closed; a retired file is closed when its last user has gone
// and never opened again; at most `limit` files are open, but for those in use.

import { assert, type Disk, DiskError, type DiskFile, type Logger } from '@weir/core'

/** A file that may or may not be open. Belongs to one segment. */
export class FileReference {
  path: string
  readonly mode: 'read' | 'write'
  file: DiskFile | null = null
  users = 0
  isRetired = false
  onUnused: (() => void) | null = null

  constructor(path: string, mode: 'read' | 'write') {
    this.path = path
    this.mode = mode
  }
}

export class FileCache {
  readonly #disk: Disk
  readonly #log: Logger
  #limit: number
  /** In the order of use, the oldest first. */
  readonly #open = new Set<FileReference>()

  constructor(disk: Disk, log: Logger, limit: number) {
    this.#disk = disk
    this.#log = log
    this.#limit = limit
  }

  get openCount(): number {
    return this.#open.size
  }

  /** Opens the file if need be (throws DiskError) and counts a user until `release`. */
  acquire(reference: FileReference): DiskFile {
    assert(!reference.isRetired, 'use of a retired file', { path: reference.path })
    let { file } = reference
    if (file === null) {
      file = this.#openFile(reference)
      reference.file = file
      this.#open.add(reference)
      reference.users++
      if (this.#open.size > this.#limit) this.#closeOldest()
      return file
    }
    reference.users++
    this.#open.delete(reference)
    this.#open.add(reference)
    return file
  }

  /** Where the process may open fewer files than the limit says, the limit goes down. */
  #openFile(reference: FileReference): DiskFile {
    try {
      return this.#disk.openSync(reference.path, reference.mode)
    } catch (error) {
      const isLimit =
        error instanceof DiskError && (error.code === 'EMFILE' || error.code === 'ENFILE')
      if (!isLimit || this.#open.size === 0) throw error
      this.#limit = Math.max(1, Math.floor(this.#open.size * 0.75))
      this.#log.warn('too many open files: keeping fewer open', { limit: this.#limit })
      this.#closeOldest()
      return this.#disk.openSync(reference.path, reference.mode)
    }
  }

  release(reference: FileReference): void {
    reference.users--
    assert(reference.users >= 0, 'a file released too often', { path: reference.path })
    if (reference.users > 0) return
    if (reference.isRetired) this.#close(reference)
    const { onUnused } = reference
    reference.onUnused = null
    onUnused?.()
  }

  /** Closes the file when nobody uses it any more; resolves then. */
  retire(reference: FileReference): Promise<void> {
    reference.isRetired = true
    if (reference.users === 0) {
      this.#close(reference)
      return Promise.resolve()
    }
    return new Promise(resolve => {
      reference.onUnused = resolve
    })
  }

  #closeOldest(): void {
    for (const reference of this.#open) {
      if (this.#open.size <= this.#limit) return
      if (reference.users === 0) this.#close(reference)
    }
  }

  #close(reference: FileReference): void {
    const { file } = reference
    reference.file = null
    this.#open.delete(reference)
    if (file === null) return
    try {
      file.closeSync()
    } catch (error) {
      // Nothing depends on it: what has to be durable was synced, with its own error.
      this.#log.warn('closing a file failed', { path: reference.path, error })
    }
  }
}
