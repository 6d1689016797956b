export { InlineWorkers } from './inline-workers.ts'
export { ManualClock, type ManualClockOptions } from './manual-clock.ts'
export { MemoryDisk } from './memory-disk.ts'
