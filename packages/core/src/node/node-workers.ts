// A small pool of worker threads, started when the first job comes. They do not keep the process
// alive while they have nothing to do.

import { Worker } from 'node:worker_threads'
import type { WorkerJob, Workers } from '../env.ts'
import { revivedError, type WorkerReply, type WorkerRequest } from './worker-protocol.ts'

interface Waiting {
  resolve(output: unknown): void
  reject(error: Error): void
}

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, Waiting>
}

const DEFAULT_THREADS = 2

export class NodeWorkers implements Workers {
  readonly #maxThreads: number
  readonly #threads: Thread[] = []
  #nextId = 1

  constructor(maxThreads: number = DEFAULT_THREADS) {
    this.#maxThreads = maxThreads
  }

  run<Input, Output>(
    job: WorkerJob<Input, Output>,
    input: Input,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Output> {
    const thread = this.#pick()
    const id = this.#nextId++
    const request: WorkerRequest = { id, module: job.module, name: job.name, input }
    return new Promise((resolve, reject) => {
      // Throws if the input cannot be cloned: then nothing waits.
      thread.worker.postMessage(request, [...transfer])
      thread.worker.ref()
      thread.waiting.set(id, { resolve: output => resolve(output as Output), reject })
    })
  }

  /** Ends the threads; jobs under way are rejected. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.worker.terminate()))
  }

  /** The thread with the fewest jobs; a new one while all are busy and there may be more. */
  #pick(): Thread {
    let best: Thread | undefined
    for (const thread of this.#threads) {
      if (best === undefined || thread.waiting.size < best.waiting.size) best = thread
    }
    const canGrow = this.#threads.length < this.#maxThreads
    if (best === undefined || (best.waiting.size > 0 && canGrow)) return this.#start()
    return best
  }

  #start(): Thread {
    const worker = new Worker(new URL('./worker-thread.js', import.meta.url))
    const thread: Thread = { worker, waiting: new Map() }
    this.#threads.push(thread)
    worker.unref()
    worker.on('message', (reply: WorkerReply) => {
      const waiting = thread.waiting.get(reply.id)
      thread.waiting.delete(reply.id)
      if (thread.waiting.size === 0) worker.unref()
      if (reply.kind === 'done') waiting?.resolve(reply.output)
      else waiting?.reject(revivedError(reply.error))
    })
    worker.on('error', error => this.#drop(thread, error))
    worker.on('exit', code => this.#drop(thread, new Error(`worker thread ended with ${code}`)))
    return thread
  }

  #drop(thread: Thread, error: Error): void {
    const at = this.#threads.indexOf(thread)
    if (at >= 0) this.#threads.splice(at, 1)
    for (const waiting of thread.waiting.values()) waiting.reject(error)
    thread.waiting.clear()
  }
}
