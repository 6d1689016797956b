// A file of zeros that is given up when the disk is full, so that the quorum can go on while the logs
// of users wait for space (docs/traps.md D5). Made again when there is plenty.

import { DiskError, type Env, errorMessage } from '@weir/core'
import { writeFully } from './files.ts'

const PIECE_BYTES = 256 * 1024
/** The reserve is only made while so many times its size is free. */
const PLENTY = 4

export class SpaceReserve {
  readonly #env: Env
  readonly #directory: string
  readonly #bytes: number
  #isThere = false

  constructor(env: Env, directory: string, bytes: number) {
    this.#env = env
    this.#directory = directory
    this.#bytes = bytes
  }

  get #path(): string {
    return `${this.#directory}/reserve`
  }

  /** Makes the reserve if it is missing and there is plenty of space. Never fails. */
  async ensure(): Promise<void> {
    if (this.#isThere || this.#bytes === 0) return
    const { disk } = this.#env
    try {
      const stat = await disk.stat(this.#path)
      if (stat !== null && stat.bytes >= this.#bytes) {
        this.#isThere = true
        return
      }
      if ((await disk.freeBytes(this.#directory)) < this.#bytes * PLENTY) return
      await this.#make()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#env.log.warn('no space is reserved for the quorum', { error: errorMessage(error) })
    }
  }

  async #make(): Promise<void> {
    const file = await this.#env.disk.open(this.#path, 'write')
    try {
      const zeros = Buffer.alloc(PIECE_BYTES)
      for (let at = 0; at < this.#bytes; at += PIECE_BYTES)
        await writeFully(file, zeros.subarray(0, this.#bytes - at), at)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#env.disk.syncDir(this.#directory)
    this.#isThere = true
  }

  /** Gives the space up. False if there is none to give. */
  async release(): Promise<boolean> {
    if (!this.#isThere) return false
    this.#isThere = false
    await this.#env.disk.unlink(this.#path)
    await this.#env.disk.syncDir(this.#directory)
    this.#env.log.warn('the disk is full: the space reserved for the quorum is used now')
    return true
  }
}
