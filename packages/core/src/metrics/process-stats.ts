// What the process knows of itself at one moment; read by whoever can see it (src/node).

export interface ProcessStats {
  /** Milliseconds since 1970. */
  readonly startedAtMs: number
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapUsedBytes: number
  readonly externalBytes: number
  readonly eventLoop: EventLoopStats
  readonly collections: readonly GarbageCollections[]
}

/** Since the start. */
export interface EventLoopStats {
  readonly boundsSeconds: readonly number[]
  /** Delays in each bucket; one more than bounds. */
  readonly counts: readonly number[]
  readonly sumSeconds: number
  /** Delays above 10 ms. */
  readonly holdCount: number
}

export interface GarbageCollections {
  /** 'minor', 'major', 'incremental' or 'weakcb'. */
  readonly kind: string
  readonly runCount: number
  readonly seconds: number
}

export interface ProcessProbe {
  read(): ProcessStats
}
