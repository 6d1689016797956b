// A disk in memory, for brokers that live in a test: no faults, nothing to clean up, every call done
// when it returns. It outlives the broker on it: a restart finds what was written.

import type { Disk, DiskEntry, DiskFile, DiskLock, DiskStat } from '../env.ts'
import { DiskError } from '../errors.ts'
import { MemoryFile, MemoryNode } from './memory-file.ts'

interface Directory {
  readonly entries: Map<string, Directory | MemoryNode>
}

/** It never fills; but who sets space aside on a disk with plenty would take memory for nothing here. */
const FREE_BYTES = 0

export class MemoryDisk implements Disk {
  readonly #root: Directory = { entries: new Map() }
  readonly #locks = new Set<Directory>()
  readonly #nowMs: () => number

  /** The clock gives files their time of modification. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  async open(path: string, mode: 'read' | 'write'): Promise<DiskFile> {
    return this.openSync(path, mode)
  }

  openSync(path: string, mode: 'read' | 'write'): DiskFile {
    const { parent, name } = this.#place(path)
    let node = parent.entries.get(name)
    if (node === undefined && mode === 'write') {
      node = new MemoryNode(this.#nowMs())
      parent.entries.set(name, node)
    }
    return new MemoryFile(fileOf(node, path), path, mode === 'write', this.#nowMs)
  }

  async mkdir(path: string): Promise<void> {
    this.mkdirSync(path)
  }

  mkdirSync(path: string): void {
    let directory = this.#root
    for (const name of partsOf(path)) {
      let next = directory.entries.get(name)
      if (next === undefined) {
        next = { entries: new Map() }
        directory.entries.set(name, next)
      }
      directory = directoryOf(next, path)
    }
  }

  async readdir(path: string): Promise<DiskEntry[]> {
    return [...this.#directory(path).entries].map(([name, node]) => ({
      name,
      isDirectory: !(node instanceof MemoryNode),
    }))
  }

  async stat(path: string): Promise<DiskStat | null> {
    const node = this.#find(path)
    if (node === undefined) return null
    if (!(node instanceof MemoryNode)) return { isDirectory: true, bytes: 0, modifiedMs: 0 }
    return { isDirectory: false, bytes: node.size, modifiedMs: node.modifiedMs }
  }

  async rename(from: string, to: string): Promise<void> {
    const source = this.#place(from)
    const target = this.#place(to)
    const node = source.parent.entries.get(source.name)
    if (node === undefined) throw missing(from)
    const replaced = target.parent.entries.get(target.name)
    if (replaced !== undefined && !(replaced instanceof MemoryNode) && replaced.entries.size > 0) {
      throw new DiskError('ENOTEMPTY', to, 'directory not empty')
    }
    source.parent.entries.delete(source.name)
    target.parent.entries.set(target.name, node)
  }

  async unlink(path: string): Promise<void> {
    const { parent, name } = this.#place(path)
    fileOf(parent.entries.get(name), path)
    parent.entries.delete(name)
  }

  async rmdir(path: string): Promise<void> {
    const { parent, name } = this.#place(path)
    if (this.#directory(path).entries.size > 0) {
      throw new DiskError('ENOTEMPTY', path, 'directory not empty')
    }
    parent.entries.delete(name)
  }

  async syncDir(path: string): Promise<void> {
    this.#directory(path)
  }

  async readFile(path: string, maxBytes: number): Promise<Buffer> {
    const node = fileOf(this.#find(path), path)
    if (node.size > maxBytes) throw new DiskError('EFBIG', path, 'file too large')
    return Buffer.from(node.contents())
  }

  async lock(path: string): Promise<DiskLock> {
    const directory = this.#directory(path)
    if (this.#locks.has(directory)) {
      throw new DiskError('ELOCKED', path, 'directory is in use by another broker')
    }
    this.#locks.add(directory)
    return {
      release: async () => {
        this.#locks.delete(directory)
      },
    }
  }

  async freeBytes(path: string): Promise<number> {
    this.#directory(path)
    return FREE_BYTES
  }

  async totalBytes(path: string): Promise<number> {
    this.#directory(path)
    return FREE_BYTES
  }

  #find(path: string): Directory | MemoryNode | undefined {
    let node: Directory | MemoryNode = this.#root
    for (const name of partsOf(path)) {
      const next: Directory | MemoryNode | undefined =
        node instanceof MemoryNode ? undefined : node.entries.get(name)
      if (next === undefined) return undefined
      node = next
    }
    return node
  }

  #directory(path: string): Directory {
    return directoryOf(this.#find(path), path)
  }

  /** The directory that has, or would have, the last part of the path. */
  #place(path: string): { readonly parent: Directory; readonly name: string } {
    const parts = partsOf(path)
    const name = parts.pop()
    if (name === undefined) throw new DiskError('EINVAL', path, 'not the path of an entry')
    return { parent: directoryOf(this.#find(parts.join('/')), path), name }
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter(part => part !== '' && part !== '.')
}

function fileOf(node: Directory | MemoryNode | undefined, path: string): MemoryNode {
  if (node === undefined) throw missing(path)
  if (node instanceof MemoryNode) return node
  throw new DiskError('EISDIR', path, 'is a directory')
}

function directoryOf(node: Directory | MemoryNode | undefined, path: string): Directory {
  if (node === undefined) throw missing(path)
  if (!(node instanceof MemoryNode)) return node
  throw new DiskError('ENOTDIR', path, 'is not a directory')
}

function missing(path: string): DiskError {
  return new DiskError('ENOENT', path, 'no such file or directory')
}
