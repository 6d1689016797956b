// Logs on their way out of a data directory: renamed out of the way, deleted later. A new log of the
// same name waits for that with its first write.

import type { Env } from '@weir/core'
import type { BackgroundTasks } from './background-tasks.ts'
import type { LogDirectory, OpenLog } from './log-directory.ts'
import { isDiskError } from './log-maintenance.ts'
import { removeDirectory, setAside } from './log-opening.ts'
import type { LogState } from './log-state.ts'

/** An open log, and where it lies. */
export interface FoundLog {
  readonly directory: LogDirectory
  readonly name: string
  readonly open: OpenLog
}

export class LogRemovals {
  readonly #env: Env
  readonly #background: BackgroundTasks
  /** By directory name. */
  readonly #leaving = new Map<string, Promise<unknown>>()

  constructor(env: Env, background: BackgroundTasks) {
    this.#env = env
    this.#background = background
  }

  /** What a new log of that name has to wait for; null if nothing. */
  leaving(name: string): Promise<unknown> | null {
    return this.#leaving.get(name) ?? null
  }

  /** Resolves when the directory is renamed; a disk that fails takes the directory offline. */
  remove(found: FoundLog, reason: 'delete' | 'stray'): Promise<void> {
    const { directory, name, open } = found
    directory.logs.delete(name)
    directory.forgetKnown(name)
    const before = this.#leaving.get(name) ?? Promise.resolve()
    const leaving = before.then(() => this.#removeFiles(directory, name, open.state, reason))
    this.#leaving.set(name, leaving)
    const settled = leaving
      .catch((error: unknown) => {
        if (!isDiskError(error)) throw error
        directory.goOffline(error)
      })
      .finally(() => {
        if (this.#leaving.get(name) === leaving) this.#leaving.delete(name)
      })
    this.#env.log.background(settled, `removing ${name}`)
    return settled
  }

  async #removeFiles(
    directory: LogDirectory,
    name: string,
    state: LogState,
    reason: 'delete' | 'stray',
  ): Promise<void> {
    await retire(state)
    if (!state.isCreated || directory.failure !== null) return
    const newName = await setAside(this.#env, directory, name, reason)
    await directory.writeOffsets()
    if (reason === 'stray') {
      this.#env.log.warn('a log of no partition was set aside', { name, newName })
      return
    }
    const path = `${directory.path}/${newName}`
    this.#background.deleteLater(
      state.config.fileDeleteDelayMs,
      () => removeDirectory(this.#env, path),
      newName,
    )
  }

  /** Resolves when none is on its way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#leaving.values())
  }
}

/** Takes it out of service: nothing is written any more, and nobody holds its files. */
async function retire(state: LogState): Promise<void> {
  state.isGone = true
  state.refusal = 'closed'
  state.syncTimer?.cancel()
  state.wake()
  await state.runExclusive(async () => {
    while (state.isWriting || state.isSyncing) await state.nextChange()
    state.tail?.clear()
  })
  for (const segment of state.segments) {
    segment.isDeleted = true
    state.context.indexes.forget(segment)
    if (segment.reference !== null) await state.context.files.retire(segment.reference)
  }
}
