// The disk of a simulated node, seen as what the storage adaptor keeps: log, hard state, snapshot.
// A write is lost in a crash unless a sync came after it; of the lost ones a random first part may
// have reached the disk all the same, the last of them torn.

import type { SimRandom } from '@weir/core/sim'
import type { Entry, HardState, SnapshotMeta } from '@weir/raft'

export interface StoredSnapshot {
  readonly meta: SnapshotMeta
  readonly data: Buffer
}

export type DiskWrite =
  | { readonly kind: 'append'; readonly entries: readonly Entry[] }
  | { readonly kind: 'cut'; readonly fromIndex: number }
  | { readonly kind: 'hard-state'; readonly hardState: HardState }
  | { readonly kind: 'snapshot'; readonly snapshot: StoredSnapshot }
  | { readonly kind: 'trim'; readonly index: number }
  | { readonly kind: 'empty-log' }

export class RaftDisk {
  hardState: HardState | null = null
  entries: Entry[] = []
  snapshot: StoredSnapshot | null = null
  #unsynced: DiskWrite[] = []

  write(write: DiskWrite): void {
    this.#unsynced.push(write)
  }

  sync(): void {
    for (const write of this.#unsynced) this.#apply(write)
    this.#unsynced = []
  }

  /** The sync failed: the pages are marked clean, and nothing of them is on the disk. */
  failSync(): void {
    this.#unsynced = []
  }

  crash(random: SimRandom): void {
    const kept = random.below(this.#unsynced.length + 1)
    const torn = this.#unsynced[kept]
    for (const write of this.#unsynced.slice(0, kept)) this.#apply(write)
    if (torn?.kind === 'append')
      this.#apply({
        kind: 'append',
        entries: torn.entries.slice(0, random.below(torn.entries.length + 1)),
      })
    this.#unsynced = []
  }

  wipe(): void {
    this.hardState = null
    this.entries = []
    this.snapshot = null
    this.#unsynced = []
  }

  /** Bit rot: the log is readable only up to some entry. False if it has none. */
  damage(random: SimRandom): boolean {
    if (this.entries.length === 0) return false
    const lost = 1 + random.below(random.chance(0.5) ? 3 : this.entries.length)
    this.entries = this.entries.slice(0, Math.max(0, this.entries.length - lost))
    return true
  }

  /** The entries that follow the snapshot, which a crash may have left beside an older log. */
  recover(): void {
    const base = this.snapshot?.meta.index ?? 0
    const term = this.snapshot?.meta.term ?? 0
    const first = this.entries[0]
    if (first === undefined) return
    const at = base - first.index
    const isContinued = at === -1 || this.entries[at]?.term === term
    this.entries = isContinued ? this.entries.slice(at + 1) : []
  }

  #apply(write: DiskWrite): void {
    switch (write.kind) {
      case 'append':
        this.entries.push(...write.entries)
        break
      case 'cut':
        this.entries = this.entries.filter(entry => entry.index < write.fromIndex)
        break
      case 'hard-state':
        this.hardState = write.hardState
        break
      case 'snapshot':
        this.snapshot = write.snapshot
        break
      case 'trim':
        this.entries = this.entries.filter(entry => entry.index > write.index)
        break
      case 'empty-log':
        this.entries = []
        break
    }
  }
}
