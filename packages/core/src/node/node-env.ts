// The real world: what a process hands to the node that it runs.

import type { Env } from '../env.ts'
import { nodeClock } from './node-clock.ts'
import { NodeDisk } from './node-disk.ts'
import { createLogger, type LoggerOptions, type NodeLogger } from './node-logger.ts'
import { NodeNet } from './node-net.ts'
import { nodeRandom } from './node-random.ts'
import { NodeWorkers } from './node-workers.ts'

export interface NodeEnvOptions {
  readonly log?: LoggerOptions
  /** Worker threads at most, 2 by default; none is started before it has work. */
  readonly workerThreads?: number
}

export interface NodeEnv extends Env {
  readonly log: NodeLogger
  readonly workers: NodeWorkers
}

export function createNodeEnv(options: NodeEnvOptions = {}): NodeEnv {
  const log = createLogger(options.log)
  return {
    clock: nodeClock,
    random: nodeRandom,
    disk: new NodeDisk(),
    net: new NodeNet(log),
    workers: new NodeWorkers(options.workerThreads),
    log,
  }
}
