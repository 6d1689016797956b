export { nodeClock } from './node-clock.ts'
export { NodeDisk } from './node-disk.ts'
export { createNodeEnv, type NodeEnv, type NodeEnvOptions } from './node-env.ts'
export { serveHttp } from './node-http.ts'
export {
  createLogger,
  type LoggerOptions,
  type NodeLogger,
  type NodeLogLevel,
} from './node-logger.ts'
export { NodeNet } from './node-net.ts'
export { nodeRandom } from './node-random.ts'
export { NodeWorkers } from './node-workers.ts'
export { openFileLimit } from './open-file-limit.ts'
export { NodeProcessProbe } from './process-probe.ts'
