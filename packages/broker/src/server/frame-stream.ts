// A large request that is read while it arrives, and never lies in memory as one frame.

import type { DecodedRequestHeader } from '@weir/protocol'

export interface FrameStream {
  /** Of the whole frame, without its size. */
  readonly frameBytes: number
  /** Of those that were pushed, the bytes that are not kept. */
  readonly droppedBytes: number
  /** All bytes were pushed: header and body are there. */
  readonly isWhole: boolean
  readonly header: DecodedRequestHeader
  /** As the codec of the API would have decoded it. */
  readonly body: unknown
  /**
   * The next bytes of the frame, not more than are missing; they are looked at only during the call.
   * Throws DecodeError for what cannot be read: nothing may be pushed after that.
   */
  push(bytes: Buffer): void
}
