// Broker settings that only Weir has.

import { httpListenProblem } from '../checks.ts'
import { int, string } from '../row.ts'

// biome-ignore format: one row a line.
export const weirRows = [
  string('weir.http.listen', '127.0.0.1:8080', { check: httpListenProblem }, 'Where metrics and health are served, as HOST:PORT; off for nowhere.'),
  string('weir.produce.validation', 'full', { oneOf: ['full', 'batch'] }, 'How far produced batches are checked: full walks every record, batch stops at the batch.'),
  string('weir.log.level', 'info', { oneOf: ['debug', 'info', 'warn', 'error', 'silent'] }, 'The least important lines of the process log that are written.'),
  string('weir.log.format', 'auto', { oneOf: ['auto', 'text', 'json'] }, 'Form of the process log; auto is text on a terminal and JSON elsewhere.'),
  int('weir.tail.memory.bytes', 33_554_432, { min: 1_048_576, unit: 'bytes' }, 'Memory for the newest records of all partitions, which consumers at the end read.'),
  int('weir.worker.threads', 2, { min: 1, max: 16 }, 'Threads for long work: recovery, cleaning, large decompressions.'),
] as const
