// The real clock, randomness and network for a client in this process. Tools have no log of their
// own: what goes wrong in the background shows up in the answers that they wait for.
import { ClientError } from '@weir/client'
import type { Env, Logger, WorkerContext, Workers } from '@weir/core'
import { NodeDisk, NodeNet, nodeClock, nodeRandom } from '@weir/core/node'
import { KafkaError } from '@weir/protocol'

const silentLog: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
  background(promise) {
    promise.catch((error: unknown) => {
      // A bug would leave who waits for an answer waiting: unhandled, it ends the process.
      if (!(error instanceof ClientError) && !(error instanceof KafkaError)) throw error
    })
  },
}

/** Jobs run right here: a tool has nothing else to do meanwhile. */
function inlineWorkers(context: WorkerContext): Workers {
  return { run: async (job, input) => await job.run(context, input) }
}

export function createClientEnv(): Env {
  const disk = new NodeDisk()
  return {
    clock: nodeClock,
    random: nodeRandom,
    disk,
    net: new NodeNet(silentLog),
    workers: inlineWorkers({ disk, clock: nodeClock }),
    log: silentLog,
  }
}
