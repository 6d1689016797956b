// The hard state on disk: term, vote, and how far this node has promised to hold the log.
//
// Four slots of one page each in a file that never grows. A state is written to two of them in one
// write and synced; the next goes to the other two. A torn write leaves the former state; one rotten
// slot leaves its twin. What was promised is never read back older without an error.

import { assert, type DiskFile, type Env, OperatorError } from '@weir/core'
import { crc32c } from '@weir/protocol'
import { decodeHardState, encodeHardState, type HardState } from '@weir/raft'
import { readFully, writeFully } from './files.ts'

const SLOT_BYTES = 4096
const SLOT_COUNT = 4
const MAGIC = 0x57565331
/** magic, sequence, length, checksum */
const HEADER_BYTES = 4 + 8 + 4 + 4
const CRC_OFFSET = 16

export class VoterStateFile {
  readonly #file: DiskFile
  #sequence: number

  private constructor(file: DiskFile, sequence: number) {
    this.#file = file
    this.#sequence = sequence
  }

  /**
   * Opens the file, creating an empty one. Rejects with an OperatorError if it has been written and
   * nothing of it can be read: such a node could vote twice.
   */
  static async open(
    env: Env,
    directory: string,
  ): Promise<{ file: VoterStateFile; hardState: HardState | null }> {
    const path = `${directory}/voter-state`
    const isNew = (await env.disk.stat(path)) === null
    const file = await env.disk.open(path, 'write')
    if (isNew) {
      await writeFully(file, Buffer.alloc(SLOT_BYTES * SLOT_COUNT), 0)
      await file.sync()
      await env.disk.syncDir(directory)
    }
    const pages = Buffer.alloc(SLOT_BYTES * SLOT_COUNT)
    // Shorter after a crash in the middle of its creation: the rest counts as empty.
    const found = await readFully(file, pages.length)
    found.copy(pages)
    let best: Slot | null = null
    let isWritten = false
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const page = pages.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)
      const state = readSlot(page)
      if (state === null && page.some(byte => byte !== 0)) isWritten = true
      if (state !== null && (best === null || state.sequence > best.sequence)) best = state
    }
    // The first state may be torn: then nothing was promised, and one pair of slots is empty.
    const isFirstTorn = pages.subarray(0, SLOT_BYTES * 2).every(byte => byte === 0)
    if (best === null && isWritten && !isFirstTorn) {
      await file.close()
      throw new OperatorError(
        `${path} is damaged: this node cannot know how it voted. Remove it from the cluster, ` +
          'empty its directory and add it again.',
      )
    }
    return {
      file: new VoterStateFile(file, best?.sequence ?? 0),
      hardState: best?.hardState ?? null,
    }
  }

  /** Durable when resolved. After a rejection the process has to end: nothing is known any more. */
  async write(hardState: HardState): Promise<void> {
    this.#sequence++
    const page = encodeSlot({ sequence: this.#sequence, hardState })
    // Odd sequences take the second pair of slots: the first pair is empty until one is durable.
    const pair = this.#sequence % 2 === 1 ? 2 : 0
    await writeFully(this.#file, Buffer.concat([page, page]), pair * SLOT_BYTES)
    await this.#file.sync()
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

interface Slot {
  readonly sequence: number
  readonly hardState: HardState
}

function encodeSlot(slot: Slot): Buffer {
  const page = Buffer.alloc(SLOT_BYTES)
  const body = encodeHardState(slot.hardState)
  assert(HEADER_BYTES + body.length <= SLOT_BYTES, 'voter state too large', {
    bytes: body.length,
  })
  page.writeUInt32BE(MAGIC, 0)
  page.writeBigUInt64BE(BigInt(slot.sequence), 4)
  page.writeUInt32BE(body.length, 12)
  body.copy(page, HEADER_BYTES)
  page.writeUInt32BE(checksum(page), CRC_OFFSET)
  return page
}

/** Over everything but the checksum itself, so that no bit of a page goes unnoticed. */
function checksum(page: Buffer): number {
  return crc32c(page, CRC_OFFSET + 4, page.length, crc32c(page, 0, CRC_OFFSET))
}

function readSlot(page: Buffer): Slot | null {
  if (page.readUInt32BE(0) !== MAGIC || page.readUInt32BE(CRC_OFFSET) !== checksum(page))
    return null
  const end = HEADER_BYTES + page.readUInt32BE(12)
  return {
    sequence: Number(page.readBigUInt64BE(4)),
    hardState: decodeHardState(page.subarray(HEADER_BYTES, end)),
  }
}
