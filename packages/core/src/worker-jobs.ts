// The jobs of this thread by name. A worker thread imports the module that a job names and then finds
// the job here, not among that module's exports: a bundler moves modules together and renames what
// they export, and the URL of the file that they ended up in still leads to them.

import { assert } from './assert.ts'
import type { WorkerJob } from './env.ts'

const jobs = new Map<string, WorkerJob<unknown, unknown>>()

/** Makes a job known by its name, which is unique in the program; called where a module is loaded. */
export function defineWorkerJob<Input, Output>(
  job: WorkerJob<Input, Output>,
): WorkerJob<Input, Output> {
  assert(!jobs.has(job.name), 'two worker jobs have one name', { name: job.name })
  jobs.set(job.name, job as WorkerJob<unknown, unknown>)
  return job
}

/** The job of this name; undefined while no module that was loaded here defines it. */
export function findWorkerJob(name: string): WorkerJob<unknown, unknown> | undefined {
  return jobs.get(name)
}
