// Entry of a worker thread: imports the module of a job and runs it with a disk of its own.

import { parentPort } from 'node:worker_threads'
import type { WorkerContext } from '../env.ts'
import { findWorkerJob } from '../worker-jobs.ts'
import { nodeClock } from './node-clock.ts'
import { NodeDisk } from './node-disk.ts'
import { plainError, type WorkerReply, type WorkerRequest } from './worker-protocol.ts'

const context: WorkerContext = { disk: new NodeDisk(), clock: nodeClock }

async function run(request: WorkerRequest): Promise<WorkerReply> {
  try {
    let job = findWorkerJob(request.name)
    if (job === undefined) {
      await import(request.module)
      job = findWorkerJob(request.name)
    }
    if (job === undefined) throw new Error(`${request.module} defines no job ${request.name}`)
    return { id: request.id, kind: 'done', output: await job.run(context, request.input) }
  } catch (error) {
    return { id: request.id, kind: 'failed', error: plainError(error) }
  }
}

parentPort?.on('message', (request: WorkerRequest) => {
  void run(request).then(reply => parentPort?.postMessage(reply))
})

// An input that cannot be read here (a buffer that was transferred twice): nobody knows which job it
// was, so the thread ends, and the pool rejects all of its jobs.
parentPort?.on('messageerror', (error: Error) => {
  throw error
})
