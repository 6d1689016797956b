// Worker jobs run inline, as an event of their own after a delay. Input and output are cloned, as
// they are on the way to a real thread: a Buffer arrives as a Uint8Array there, and so it does here.

import type { WorkerContext, WorkerJob, Workers } from '../env.ts'
import type { Life, Schedule } from './schedule.ts'
import type { SimRandom } from './sim-random.ts'

export class SimWorkers implements Workers {
  readonly #schedule: Schedule
  readonly #life: Life
  readonly #random: SimRandom
  readonly #context: WorkerContext

  constructor(schedule: Schedule, life: Life, random: SimRandom, context: WorkerContext) {
    this.#schedule = schedule
    this.#life = life
    this.#random = random
    this.#context = context
  }

  run<Input, Output>(
    job: WorkerJob<Input, Output>,
    input: Input,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Output> {
    const copy = structuredClone(input, { transfer: [...transfer] })
    return new Promise((resolve, reject) => {
      const finish = (output: Output) => {
        const answer = structuredClone(output)
        this.#schedule.add(this.#life, this.#delayMs(), 'worker-done', () => resolve(answer))
      }
      this.#schedule.add(this.#life, this.#delayMs(), 'worker-job', () => {
        // An async function also turns what the job throws at once into a rejection.
        const outcome = (async () => job.run(this.#context, copy))()
        outcome.then(finish).catch(reject)
      })
    })
  }

  #delayMs(): number {
    return this.#random.between(0.05, 2)
  }
}
