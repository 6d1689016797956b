// A server in a simulated network that answers frame after frame. For tests.

import type { Env, Socket } from '@weir/core'
import { ByteStream } from '../byte-stream.ts'

/** At broker:9092; `answer` gets each frame without its size. */
export async function serveFrames(
  env: Env,
  answer: (frame: Buffer, socket: Socket) => void,
): Promise<void> {
  await env.net.listen({ host: 'broker', port: 9092 }, socket => {
    const stream = new ByteStream()
    let size = -1
    socket.start({
      onData: chunk => {
        stream.push(chunk)
        for (;;) {
          if (size < 0) size = stream.read(4)?.readInt32BE() ?? -1
          const frame = size < 0 ? null : stream.read(size)
          if (frame === null) return
          size = -1
          answer(Buffer.from(frame), socket)
        }
      },
      onEnd: () => socket.destroy(),
      onDrain: () => undefined,
      onClose: () => undefined,
    })
  })
}
