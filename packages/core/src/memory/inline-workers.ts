// Worker jobs in the thread of the caller, for a disk that other threads cannot see. Input and output
// are cloned, as on the way to a thread: a Buffer arrives as a Uint8Array there, and so it does here.

import type { Clock, WorkerContext, WorkerJob, Workers } from '../env.ts'

export class InlineWorkers implements Workers {
  readonly #context: WorkerContext
  readonly #clock: Clock

  constructor(context: WorkerContext) {
    this.#context = context
    this.#clock = context.clock
  }

  run<Input, Output>(
    job: WorkerJob<Input, Output>,
    input: Input,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Output> {
    const copy = structuredClone(input, { transfer: [...transfer] })
    return new Promise((resolve, reject) => {
      this.#clock.soon(() => {
        // An async function also turns what the job throws at once into a rejection.
        const outcome = (async () => structuredClone(await job.run(this.#context, copy)))()
        outcome.then(resolve, reject)
      })
    })
  }
}
