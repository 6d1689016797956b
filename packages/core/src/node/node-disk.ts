// The file system of the machine.

import fs from 'node:fs'
import fsp from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Disk, DiskEntry, DiskFile, DiskLock, DiskStat } from '../env.ts'
import { DiskError } from '../errors.ts'
import { lockDirectory } from './directory-lock.ts'
import { awaitDisk, diskError, withDiskErrors } from './disk-errors.ts'
import { NodeDiskFile, WritePace } from './node-disk-file.ts'

const { O_CREAT, O_RDONLY, O_RDWR } = fs.constants
const FILE_MODE = 0o644

export class NodeDisk implements Disk {
  readonly #pace = new WritePace()

  open(path: string, mode: 'read' | 'write'): Promise<DiskFile> {
    return new Promise((resolve, reject) => {
      fs.open(path, flagsOf(mode), FILE_MODE, (error, fd) => {
        if (error === null) resolve(new NodeDiskFile(path, fd, this.#pace))
        else reject(diskError(error, path))
      })
    })
  }

  openSync(path: string, mode: 'read' | 'write'): DiskFile {
    const fd = withDiskErrors(path, () => fs.openSync(path, flagsOf(mode), FILE_MODE))
    return new NodeDiskFile(path, fd, this.#pace)
  }

  async mkdir(path: string): Promise<void> {
    await awaitDisk(path, makeDirectories(path))
  }

  mkdirSync(path: string): void {
    withDiskErrors(path, () => makeDirectoriesSync(path))
  }

  async readdir(path: string): Promise<DiskEntry[]> {
    const entries = await awaitDisk(path, fsp.readdir(path, { withFileTypes: true }))
    const found: DiskEntry[] = []
    for (const entry of entries) {
      // A link to a directory counts as one: data directories are put on other disks that way.
      const isDirectory = entry.isSymbolicLink()
        ? (await this.stat(`${path}/${entry.name}`))?.isDirectory === true
        : entry.isDirectory()
      found.push({ name: entry.name, isDirectory })
    }
    return found
  }

  async stat(path: string): Promise<DiskStat | null> {
    try {
      const stat = await fsp.stat(path)
      return { isDirectory: stat.isDirectory(), bytes: stat.size, modifiedMs: stat.mtimeMs }
    } catch (error) {
      const failure = diskError(error, path)
      if (failure.code === 'ENOENT' || failure.code === 'ENOTDIR') return null
      throw failure
    }
  }

  rename(from: string, to: string): Promise<void> {
    return awaitDisk(from, fsp.rename(from, to))
  }

  unlink(path: string): Promise<void> {
    return awaitDisk(path, fsp.unlink(path))
  }

  rmdir(path: string): Promise<void> {
    return awaitDisk(path, fsp.rmdir(path))
  }

  async syncDir(path: string): Promise<void> {
    // Windows cannot open a directory, and makes its changes durable by itself.
    if (process.platform === 'win32') return
    // Something in it was just changed: opening it is no reason to go to another thread.
    const fd = withDiskErrors(path, () => fs.openSync(path, O_RDONLY))
    try {
      await new Promise<void>((resolve, reject) => {
        fs.fsync(fd, error => {
          if (error === null) resolve()
          else reject(diskError(error, path))
        })
      })
    } finally {
      fs.closeSync(fd)
    }
  }

  async readFile(path: string, maxBytes: number): Promise<Buffer> {
    const handle = await awaitDisk(path, fsp.open(path, O_RDONLY))
    try {
      const { size } = await awaitDisk(path, handle.stat())
      if (size > maxBytes) {
        throw new DiskError('EFBIG', path, `file of ${size} bytes is larger than ${maxBytes}`)
      }
      return await awaitDisk(path, handle.readFile())
    } finally {
      await handle.close()
    }
  }

  lock(directory: string): Promise<DiskLock> {
    return awaitDisk(directory, lockDirectory(directory))
  }

  async freeBytes(path: string): Promise<number> {
    const { bavail, bsize } = await awaitDisk(path, fsp.statfs(path))
    return bavail * bsize
  }

  async totalBytes(path: string): Promise<number> {
    const { blocks, bsize } = await awaitDisk(path, fsp.statfs(path))
    return blocks * bsize
  }
}

function flagsOf(mode: 'read' | 'write'): number {
  return mode === 'read' ? O_RDONLY : O_RDWR | O_CREAT
}

// With `recursive`, Node 20's mkdir spins for ever where a parent is there and still answers ENOENT,
// as /proc does.

async function makeDirectories(path: string): Promise<void> {
  const parent = dirname(path)
  if (parent !== path && !fs.existsSync(parent)) await makeDirectories(parent)
  await fsp.mkdir(path).catch((error: unknown) => forgiveExisting(path, error))
}

function makeDirectoriesSync(path: string): void {
  const parent = dirname(path)
  if (parent !== path && !fs.existsSync(parent)) makeDirectoriesSync(parent)
  try {
    fs.mkdirSync(path)
  } catch (error) {
    forgiveExisting(path, error)
  }
}

/** Not every system says EEXIST of a directory that is there: one that cannot be written says EROFS. */
function forgiveExisting(path: string, error: unknown): void {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
}
