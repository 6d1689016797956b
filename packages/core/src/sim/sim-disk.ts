// A disk in memory that belongs to a machine and outlives its crashes, with the faults that a test
// asks for. This is the hardware and the test's handle on it; sim-disk-access.ts has the `Disk` that
// one life of the machine works with.

import { DiskError } from '../errors.ts'
import {
  type DirectoryNode,
  DiskImage,
  type DiskNode,
  FileNode,
  newDirectory,
} from './disk-image.ts'
import type { Life, Schedule } from './schedule.ts'
import type { SimRandom } from './sim-random.ts'

export interface DiskFaults {
  /** Size of the disk; writes beyond are short, then fail with ENOSPC. */
  capacityBytes: number
  /** Chance that a write of more than one byte is short. */
  shortWriteChance: number
  /** Chance that a read comes back with one bit flipped. */
  readFlipChance: number
  /** Chance that a sector which a power failure kept from the disk holds anything at all. */
  garbageChance: number
  /** Virtual milliseconds that an asynchronous call takes at most. */
  maxDelayMs: number
  /** Chance that a small write is answered at once, as the real disk does when it is quick. */
  syncWriteChance: number
}

export type DiskCall = 'write' | 'sync' | 'read'

interface PlannedFailure {
  callsLeft: number
  readonly code: string
}

export const NO_DISK_FAULTS: Readonly<DiskFaults> = {
  capacityBytes: Number.POSITIVE_INFINITY,
  shortWriteChance: 0,
  readFlipChance: 0,
  garbageChance: 0,
  maxDelayMs: 0.3,
  syncWriteChance: 0.7,
}

export class SimDisk {
  readonly image = new DiskImage()
  readonly faults: DiskFaults
  /** Calls made so far, so that a test can fail the k-th for all k. */
  readonly calls: Record<DiskCall, number> = { write: 0, sync: 0, read: 0 }
  readonly random: SimRandom
  readonly schedule: Schedule
  /** Asynchronous calls are done at once, without an event: unit tests need not run anything. */
  readonly isInstant: boolean
  /** Writes under way; a crash leaves a part of each. */
  readonly inFlight = new Map<object, (share: number) => void>()
  readonly locks = new Map<string, Life>()
  /** Files have stamps: what is written changes them, damage done by a test does not. */
  tellsChanges = false
  usedBytes = 0
  readonly #failures = new Map<DiskCall, PlannedFailure>()

  constructor(schedule: Schedule, random: SimRandom, faults: DiskFaults, isInstant: boolean) {
    this.schedule = schedule
    this.random = random
    this.faults = { ...faults }
    this.isInstant = isInstant
  }

  /** Makes a call fail: `inCalls` 1 is the next one of that kind. */
  fail(call: DiskCall, inCalls: number, code = 'EIO'): void {
    this.#failures.set(call, { callsLeft: inCalls, code })
  }

  /** Forgets planned failures and sets all faults to none. */
  heal(): void {
    this.#failures.clear()
    Object.assign(this.faults, NO_DISK_FAULTS)
  }

  /** Counts a call and throws if it is the one that was planned to fail. */
  countCall(call: DiskCall, path: string): void {
    this.calls[call]++
    const failure = this.#failures.get(call)
    if (failure === undefined) return
    if (--failure.callsLeft > 0) return
    this.#failures.delete(call)
    throw new DiskError(failure.code, path, `simulated ${call} failure`)
  }

  /** What is in a file now, for tests; null if there is no such file. */
  contents(path: string): Buffer | null {
    const node = this.find(path)
    return node?.kind === 'file' ? Buffer.from(node.live.bytes()) : null
  }

  /** Replaces a file for good, as a test's preparation or as damage done to it. */
  setContents(path: string, bytes: Buffer): void {
    const nowMs = this.schedule.nowMs
    this.makeDirectories(parentOf(path))
    const file = this.openNode(path, true)
    this.usedBytes += bytes.length - file.live.size
    file.truncate(0, nowMs)
    file.write(bytes, 0, nowMs)
    file.sync(file.operationCount)
    for (const directory of this.#chain(path)) this.image.syncDirectory(directory)
  }

  /** Flips one bit of a file, also on the platter. */
  flipBit(path: string, bitIndex: number): void {
    const bytes = this.contents(path)
    if (bytes === null) throw new DiskError('ENOENT', path, 'no such file')
    const at = bitIndex >> 3
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bitIndex & 7))
    this.setContents(path, bytes)
  }

  /** Another disk in its place, with nothing on it. */
  replace(): void {
    const { root } = this.image
    for (const name of [...root.entries.keys()]) this.image.unlink(root, name, this.schedule.nowMs)
    this.image.syncDirectory(root)
    this.usedBytes = 0
  }

  /** All paths of files on the disk, sorted. */
  paths(): string[] {
    const found: string[] = []
    const stack: [string, DirectoryNode][] = [['', this.image.root]]
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      for (const [name, node] of next[1].entries) {
        if (node.kind === 'directory') stack.push([`${next[0]}/${name}`, node])
        else found.push(`${next[0]}/${name}`)
      }
    }
    return found.sort()
  }

  /** Power failure. */
  crash(): void {
    this.finishInFlight()
    const { garbageChance } = this.faults
    this.image.crash(this.random, { nowMs: this.schedule.nowMs, garbageChance })
    this.usedBytes = this.paths().reduce((sum, path) => sum + (this.contents(path)?.length ?? 0), 0)
  }

  /** The process died: of each write under way some prefix was done. */
  finishInFlight(): void {
    for (const applyShare of this.inFlight.values()) applyShare(this.random.fraction())
    this.inFlight.clear()
  }

  find(path: string): DiskNode | null {
    let node: DiskNode = this.image.root
    for (const name of partsOf(path)) {
      if (node.kind !== 'directory') return null
      const next = node.entries.get(name)
      if (next === undefined) return null
      node = next
    }
    return node
  }

  directory(path: string): DirectoryNode {
    const node = this.find(path)
    if (node === null) throw new DiskError('ENOENT', path, 'no such directory')
    if (node.kind !== 'directory') throw new DiskError('ENOTDIR', path, 'not a directory')
    return node
  }

  openNode(path: string, canCreate: boolean): FileNode {
    const node = this.find(path)
    if (node?.kind === 'directory') throw new DiskError('EISDIR', path, 'is a directory')
    if (node !== null) return node
    if (!canCreate) throw new DiskError('ENOENT', path, 'no such file')
    const file = new FileNode()
    file.modifiedMs = this.schedule.nowMs
    this.image.link(this.directory(parentOf(path)), nameOf(path), file, this.schedule.nowMs)
    return file
  }

  makeDirectories(path: string): void {
    let directory = this.image.root
    for (const name of partsOf(path)) {
      let next = directory.entries.get(name)
      if (next === undefined) {
        next = newDirectory()
        this.image.link(directory, name, next, this.schedule.nowMs)
      }
      if (next.kind !== 'directory') throw new DiskError('ENOTDIR', path, 'not a directory')
      directory = next
    }
  }

  #chain(path: string): DirectoryNode[] {
    const parts = partsOf(path).slice(0, -1)
    return [
      this.image.root,
      ...parts.map((_, i) => this.directory(parts.slice(0, i + 1).join('/'))),
    ]
  }
}

/** Runs a call as an event of its own; at once on an instant disk. Never settles after a crash. */
export function runLater<T>(
  owner: { readonly disk: SimDisk; readonly life: Life },
  label: string,
  run: () => T,
): Promise<T> {
  const { disk, life } = owner
  if (disk.isInstant && life.isAlive) {
    try {
      return Promise.resolve(run())
    } catch (error) {
      return Promise.reject(error)
    }
  }
  return new Promise((resolve, reject) => {
    disk.schedule.add(life, disk.random.between(0.01, disk.faults.maxDelayMs), label, () => {
      try {
        resolve(run())
      } catch (error) {
        reject(error)
      }
    })
  })
}

/** Flips a bit of what was read, if the disk has that fault and the dice say so. */
export function maybeFlip(disk: SimDisk, bytes: Buffer): void {
  if (bytes.length === 0 || !disk.random.chance(disk.faults.readFlipChance)) return
  const at = disk.random.below(bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << disk.random.below(8))
}

export function partsOf(path: string): string[] {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}

export function parentOf(path: string): string {
  return `/${partsOf(path).slice(0, -1).join('/')}`
}

export function nameOf(path: string): string {
  return partsOf(path).at(-1) ?? ''
}
