// Which transactional batches of a log are of aborted transactions, and which markers are still
// needed, while a cleaning walks the log from its start.
//
// Invariants: batches and markers come in the order of offsets; the data of aborted transactions goes
// at once; a marker may go only once a walk has met no data of its transaction any more.

import type { EndMarker } from '../control-batch.ts'
import type { AbortedEntry } from '../transaction-index.ts'

interface OngoingAborted {
  readonly entry: AbortedEntry
  hasData: boolean
}

/** Plain data: goes from job to job of one cleaning. */
export interface CleanTransactionsData {
  readonly next: number
  readonly aborted: readonly AbortedEntry[]
  readonly ongoingAborted: readonly OngoingAborted[]
  readonly ongoingCommitted: readonly number[]
}

export class CleanTransactions {
  /** In the order of first offsets. */
  readonly #aborted: readonly AbortedEntry[]
  #next: number
  readonly #ongoingAborted = new Map<number, OngoingAborted>()
  readonly #ongoingCommitted: Set<number>

  constructor(data: CleanTransactionsData) {
    this.#aborted = data.aborted
    this.#next = data.next
    for (const each of data.ongoingAborted) this.#ongoingAborted.set(each.entry.producerId, each)
    this.#ongoingCommitted = new Set(data.ongoingCommitted)
  }

  /** At the start of a walk from `fromOffset`: transactions that ended before do not count. */
  static begin(entries: readonly AbortedEntry[], fromOffset: number): CleanTransactionsData {
    const aborted = entries
      .filter(each => each.lastOffset >= fromOffset)
      .sort((a, b) => a.firstOffset - b.firstOffset)
    return { next: 0, aborted, ongoingAborted: [], ongoingCommitted: [] }
  }

  data(): CleanTransactionsData {
    return {
      next: this.#next,
      aborted: this.#aborted,
      ongoingAborted: [...this.#ongoingAborted.values()],
      ongoingCommitted: [...this.#ongoingCommitted],
    }
  }

  /** True: the batch is of an aborted transaction. */
  isAborted(producerId: number, lastOffset: number): boolean {
    this.#advance(lastOffset)
    const ongoing = this.#ongoingAborted.get(producerId)
    if (ongoing === undefined) {
      this.#ongoingCommitted.add(producerId)
      return false
    }
    ongoing.hasData = true
    return true
  }

  /** What becomes of a marker; `aborted` is the entry that goes on with a marker that is kept. */
  onMarker(
    producerId: number,
    marker: EndMarker | null,
    lastOffset: number,
  ): { readonly isEmpty: boolean; readonly aborted: AbortedEntry | null } {
    this.#advance(lastOffset)
    if (marker === null) return { isEmpty: true, aborted: null }
    if (marker.kind === 'commit') {
      return { isEmpty: !this.#ongoingCommitted.delete(producerId), aborted: null }
    }
    const ongoing = this.#ongoingAborted.get(producerId)
    this.#ongoingAborted.delete(producerId)
    if (ongoing?.hasData !== true) return { isEmpty: true, aborted: null }
    return { isEmpty: false, aborted: ongoing.entry }
  }

  #advance(lastOffset: number): void {
    for (;;) {
      const entry = this.#aborted[this.#next]
      if (entry === undefined || entry.firstOffset > lastOffset) return
      this.#ongoingAborted.set(entry.producerId, { entry, hasData: false })
      this.#next++
    }
  }
}
