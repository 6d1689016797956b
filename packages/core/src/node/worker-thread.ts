// Entry of a worker thread: imports the module of a job and runs it with a disk of its own.

import { parentPort } from 'node:worker_threads'
import type { WorkerContext, WorkerJob } from '../env.ts'
import { nodeClock } from './node-clock.ts'
import { NodeDisk } from './node-disk.ts'
import { plainError, type WorkerReply, type WorkerRequest } from './worker-protocol.ts'

type Job = WorkerJob<unknown, unknown>

const context: WorkerContext = { disk: new NodeDisk(), clock: nodeClock }

async function run(request: WorkerRequest): Promise<WorkerReply> {
  try {
    const module = (await import(request.module)) as Record<string, Job | undefined>
    const job = module[request.name]
    if (job === undefined) throw new Error(`${request.module} has no job ${request.name}`)
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
