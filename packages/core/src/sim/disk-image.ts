// The state of a simulated disk: what programs see now (live), what a power failure leaves for sure
// (durable), and the operations between the two, which a crash keeps, loses or tears by seed.
//
// Invariant: durable + all pending operations in order = live, for every file and directory.
// Pages older than WRITEBACK_MS are written back by the "kernel", so that a log which is never
// synced does not pile up pending operations for ever.

import type { SimRandom } from './sim-random.ts'

const WRITEBACK_MS = 30_000
const SECTOR_BYTES = 512
const MAX_PENDING_BEFORE_WRITEBACK = 256

type FileOperation =
  | { readonly kind: 'write'; readonly atMs: number; readonly position: number; bytes: Buffer }
  | { readonly kind: 'truncate'; readonly atMs: number; readonly bytes: number }

export interface PowerFailure {
  readonly nowMs: number
  /** Chance that a sector that was not written holds something else than before. */
  readonly garbageChance: number
}

export interface DirectoryNode {
  readonly kind: 'directory'
  entries: Map<string, DiskNode>
  durable: Map<string, DiskNode>
}

export type DiskNode = DirectoryNode | FileNode

/** Bytes that grow; what lies beyond the size is zero. */
class Content {
  #buffer = Buffer.alloc(0)
  #size = 0

  get size(): number {
    return this.#size
  }

  write(bytes: Buffer, position: number): void {
    const end = position + bytes.length
    if (end > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(end, this.#buffer.length * 2, 1024))
      this.#buffer.copy(grown, 0, 0, this.#size)
      this.#buffer = grown
    }
    bytes.copy(this.#buffer, position)
    this.#size = Math.max(this.#size, end)
  }

  truncate(bytes: number): void {
    if (bytes < this.#size) this.#buffer.fill(0, bytes, this.#size)
    else if (bytes > this.#buffer.length) this.write(Buffer.alloc(1), bytes - 1)
    this.#size = bytes
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size)
  }

  replaceBy(other: Content): void {
    this.#buffer = Buffer.from(other.bytes())
    this.#size = this.#buffer.length
  }
}

export class FileNode {
  readonly kind = 'file'
  readonly live = new Content()
  readonly #durable = new Content()
  #pending: FileOperation[] = []
  /** Operations that are not pending any more. */
  #settledCount = 0
  modifiedMs = 0

  /** Number of all operations so far: what a sync that starts now covers. */
  get operationCount(): number {
    return this.#settledCount + this.#pending.length
  }

  write(bytes: Buffer, position: number, atMs: number): void {
    this.live.write(bytes, position)
    this.#pending.push({ kind: 'write', atMs, position, bytes: Buffer.from(bytes) })
    if (this.#pending.length > MAX_PENDING_BEFORE_WRITEBACK) this.writeBack(atMs)
  }

  truncate(bytes: number, atMs: number): void {
    this.live.truncate(bytes)
    this.#pending.push({ kind: 'truncate', atMs, bytes })
  }

  /** Makes the first `count` operations since the file was made durable. */
  sync(count: number): void {
    const settled = this.#pending.splice(0, Math.max(0, count - this.#settledCount))
    this.#settledCount += settled.length
    for (const operation of settled) this.#apply(operation)
  }

  /** After a failed fsync the pages count as clean: they are never written. */
  forgetPending(): void {
    this.#settledCount += this.#pending.length
    this.#pending = []
  }

  writeBack(nowMs: number): void {
    let count = this.#settledCount
    for (const operation of this.#pending) {
      if (operation.atMs > nowMs - WRITEBACK_MS) break
      count++
    }
    this.sync(count)
  }

  /** Power is gone: what was pending survives in part. */
  crash(random: SimRandom, { nowMs, garbageChance }: PowerFailure): void {
    this.writeBack(nowMs)
    const mode = random.below(4)
    const pending = this.#pending
    this.forgetPending()
    if (mode === 1) {
      for (const operation of pending) this.#apply(operation)
    } else if (mode === 2) {
      const kept = random.below(pending.length + 1)
      for (const operation of pending.slice(0, kept)) this.#apply(operation)
      const torn = pending[kept]
      if (torn?.kind === 'write') this.#applyPrefix(torn, random.below(torn.bytes.length + 1))
    } else if (mode === 3) {
      for (const operation of pending) this.#applySectors(operation, random, garbageChance)
    }
    this.live.replaceBy(this.#durable)
  }

  #apply(operation: FileOperation): void {
    if (operation.kind === 'write') this.#durable.write(operation.bytes, operation.position)
    else this.#durable.truncate(operation.bytes)
  }

  #applyPrefix(operation: FileOperation & { kind: 'write' }, bytes: number): void {
    if (bytes > 0) this.#durable.write(operation.bytes.subarray(0, bytes), operation.position)
  }

  /** Each sector of the disk reaches it or not, in any order: later data without earlier. */
  #applySectors(operation: FileOperation, random: SimRandom, garbageChance: number): void {
    if (operation.kind === 'truncate') {
      if (random.chance(0.5)) this.#apply(operation)
      return
    }
    const { bytes, position } = operation
    for (let at = 0; at < bytes.length; ) {
      const inSector = SECTOR_BYTES - ((position + at) % SECTOR_BYTES)
      const end = Math.min(bytes.length, at + inSector)
      if (random.chance(0.5)) this.#durable.write(bytes.subarray(at, end), position + at)
      else if (random.chance(garbageChance))
        this.#durable.write(random.bytes(end - at), position + at)
      at = end
    }
  }
}

/** A change of one or two directories that has not reached the disk. */
interface DirectoryOperation {
  readonly atMs: number
  /** Directories whose sync this operation still waits for. */
  readonly waitsFor: Set<DirectoryNode>
  apply(): void
}

export class DiskImage {
  readonly root: DirectoryNode = newDirectory()
  readonly #files = new Set<FileNode>()
  #pending: DirectoryOperation[] = []

  /** Adds an entry to a directory (a new file, a new directory). */
  link(directory: DirectoryNode, name: string, node: DiskNode, atMs: number): void {
    directory.entries.set(name, node)
    this.#push(atMs, [directory], () => directory.durable.set(name, node))
    if (node.kind === 'file') this.#files.add(node)
  }

  unlink(directory: DirectoryNode, name: string, atMs: number): void {
    directory.entries.delete(name)
    this.#push(atMs, [directory], () => directory.durable.delete(name))
  }

  rename(from: [DirectoryNode, string], to: [DirectoryNode, string], atMs: number): void {
    const [fromDirectory, fromName] = from
    const [toDirectory, toName] = to
    const node = fromDirectory.entries.get(fromName)
    if (node === undefined) return
    fromDirectory.entries.delete(fromName)
    toDirectory.entries.set(toName, node)
    this.#push(atMs, [fromDirectory, toDirectory], () => {
      fromDirectory.durable.delete(fromName)
      toDirectory.durable.set(toName, node)
    })
  }

  syncDirectory(directory: DirectoryNode): void {
    // What is older than an operation on this directory and touches it too goes first: the list is
    // in order, and an operation that waits for another directory holds back those after it there.
    const blocked = new Set<DirectoryNode>()
    const rest: DirectoryOperation[] = []
    for (const operation of this.#pending) {
      operation.waitsFor.delete(directory)
      const isBlocked = [...operation.waitsFor].some(other => blocked.has(other))
      if (operation.waitsFor.size === 0 && !isBlocked) {
        operation.apply()
        continue
      }
      for (const other of operation.waitsFor) blocked.add(other)
      rest.push(operation)
    }
    this.#pending = rest
  }

  /** Power is gone: files keep what survives, directories a prefix of their pending changes. */
  crash(random: SimRandom, failure: PowerFailure): void {
    const { nowMs } = failure
    for (const file of this.#files) file.crash(random, failure)
    const aged = this.#pending.filter(operation => operation.atMs <= nowMs - WRITEBACK_MS).length
    const kept = aged + random.below(this.#pending.length - aged + 1)
    for (const operation of this.#pending.slice(0, kept)) operation.apply()
    this.#pending = []
    this.#files.clear()
    this.#restore(this.root)
  }

  #restore(root: DirectoryNode): void {
    const stack = [root]
    for (let directory = stack.pop(); directory !== undefined; directory = stack.pop()) {
      directory.entries = new Map(directory.durable)
      for (const node of directory.entries.values()) {
        if (node.kind === 'directory') stack.push(node)
        else this.#files.add(node)
      }
    }
  }

  #push(atMs: number, directories: DirectoryNode[], apply: () => void): void {
    this.#pending.push({ atMs, waitsFor: new Set(directories), apply })
  }
}

export function newDirectory(): DirectoryNode {
  return { kind: 'directory', entries: new Map(), durable: new Map() }
}
