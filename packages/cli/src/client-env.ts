// The real clock, randomness and network for a client in this process. Tools have no log of their
// own: what goes wrong in the background shows up in the answers that they wait for.
import type { Env, Logger, Workers } from '@weir/core'
import { NodeDisk, NodeNet, nodeClock, nodeRandom } from '@weir/core/node'

const silentLog: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
  background(promise) {
    promise.catch(() => {})
  },
}

const noWorkers: Workers = {
  run: () => Promise.reject(new Error('command line tools have no worker threads')),
}

export function createClientEnv(): Env {
  return {
    clock: nodeClock,
    random: nodeRandom,
    disk: new NodeDisk(),
    net: new NodeNet(silentLog),
    workers: noWorkers,
    log: silentLog,
  }
}
