// The world as one object. Everything that is not a pure computation reaches the code through an
// `Env`: time, timers, randomness, disk, network, worker threads, the log of the process. The real
// one lives in `src/node`; the simulator in `packages/sim` has another one that replays from a seed.
//
// Nothing outside `src/node` may use the clock, timers, randomness, files or sockets of Node itself.

export interface Env {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly net: Net
  readonly workers: Workers
  readonly log: Logger
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump; never decides what is safe. */
  nowMs(): number
  /** Milliseconds from an arbitrary start, never going back; fractions are meaningful. */
  monotonicMs(): number
  /** Calls `fn` once after `delayMs`, which may be of any length (also beyond 2^31 ms). */
  after(delayMs: number, fn: () => void): Timer
  /** Calls `fn` once, after the I/O events that are ready in this turn: used to coalesce work. */
  soon(fn: () => void): void
  sleep(delayMs: number): Promise<void>
}

export interface Timer {
  /** Has no effect on a timer that fired or was cancelled. */
  cancel(): void
}

export interface Random {
  /** An integer in [0, 2^32). */
  u32(): number
  /** An integer in [0, limit); limit is at most 2^32. */
  below(limit: number): number
  /** A number in [0, 1). */
  fraction(): number
  bytes(count: number): Buffer
  /** A random version 4 uuid as 22 characters of URL-safe base64, Kafka's text form. */
  uuid(): string
}

/**
 * Paths are absolute or relative to the process; the separator is '/'. Promises reject with a
 * `DiskError` whose `code` is the system's ('ENOENT', 'ENOSPC', 'EIO' ...).
 */
export interface Disk {
  /** 'read' fails with ENOENT; 'write' opens for reading and writing and creates a missing file. */
  open(path: string, mode: 'read' | 'write'): Promise<DiskFile>
  /** The same at once, for small files on paths that cannot wait (start-up, first append). */
  openSync(path: string, mode: 'read' | 'write'): DiskFile
  /** Creates missing parents too; no error if it exists. */
  mkdir(path: string): Promise<void>
  mkdirSync(path: string): void
  /** Names in no particular order; ENOENT if the directory is missing. */
  readdir(path: string): Promise<DiskEntry[]>
  /** Null if there is nothing at the path. */
  stat(path: string): Promise<DiskStat | null>
  /** Replaces an existing target. Durable only after `syncDir` of the parents. */
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** The directory has to be empty. */
  rmdir(path: string): Promise<void>
  /** Makes creations, renames and removals in this directory durable. */
  syncDir(path: string): Promise<void>
  /** The whole file. Rejects with EFBIG beyond `maxBytes`. */
  readFile(path: string, maxBytes: number): Promise<Buffer>
  /**
   * Takes an exclusive lock on a directory that dies with the process, also after kill -9.
   * Rejects with code 'ELOCKED' and the owner's pid in the message, if known.
   */
  lock(directory: string): Promise<DiskLock>
  /** Bytes that are free for this process on the file system of the path. */
  freeBytes(path: string): Promise<number>
  /** Bytes of the file system of the path, used and free. */
  totalBytes(path: string): Promise<number>
}

export interface DiskEntry {
  readonly name: string
  readonly isDirectory: boolean
}

export interface DiskStat {
  readonly isDirectory: boolean
  readonly bytes: number
  readonly modifiedMs: number
}

export interface DiskLock {
  release(): Promise<void>
}

/**
 * An open file. Reads and writes name their position. A read or write may be short: the caller
 * loops. A number is an answer at once, a promise one that comes later: the implementation picks
 * the synchronous system call when that is small and calls were quick of late.
 */
export interface DiskFile {
  readonly path: string
  /** Writes the buffers one after the other from `position` on; answers the bytes written. */
  write(buffers: readonly Buffer[], position: number): number | Promise<number>
  writeSync(buffers: readonly Buffer[], position: number): number
  /** Reads up to `length` bytes into `target` at `targetOffset`; 0 at the end of the file. */
  read(target: Buffer, targetOffset: number, length: number, position: number): Promise<number>
  readSync(target: Buffer, targetOffset: number, length: number, position: number): number
  /** fdatasync. After a rejection the file must not be synced again: its pages are marked clean. */
  sync(): Promise<void>
  truncate(bytes: number): Promise<void>
  truncateSync(bytes: number): void
  sizeSync(): number
  /**
   * Another number after every change of the file's contents, by whomever, as far as its clock tells
   * changes apart (milliseconds). Null: this disk cannot say.
   */
  stampSync(): number | null
  /** Must not run beside a read or write of the same file: the owner counts its users. */
  close(): Promise<void>
  closeSync(): void
}

export interface Net {
  /** Port 0 takes any free one. Rejects with code 'EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES' ... */
  listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener>
  connect(options: ConnectOptions): Promise<Socket>
  /** Sockets and files that may be open at once; no limit is known if left out. */
  readonly maxOpen?: number
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
}

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
}

export interface Listener {
  readonly host: string
  readonly port: number
  /** Stops listening; sockets that are open stay. */
  close(): Promise<void>
}

export interface SocketHandlers {
  /** The chunk belongs to the receiver; with `isLent` until it gives the bytes back. */
  onData(chunk: Buffer): void
  /** The peer will send no more; the socket may still be written. Close it when done. */
  onEnd(): void
  /** What was written has been handed to the kernel down to an acceptable rest. */
  onDrain(): void
  /** Called exactly once, after which nothing else is. `error` is null after an orderly end. */
  onClose(error: Error | null): void
}

export interface Socket {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** Bytes accepted by `write` and not yet handed to the kernel. */
  readonly bufferedBytes: number
  /**
   * Must be called in the turn in which the socket was received; starts the flow of data. `isLent`:
   * the receiver promises to give back, by `giveBack`, every byte that it gets.
   */
  start(handlers: SocketHandlers, options?: { readonly isLent?: boolean }): void
  /**
   * The next `bytes` of what `onData` gave, in its order, are done with. Nobody may look at them any
   * more: later data is read into the same memory. Only for a socket that was started with `isLent`.
   */
  giveBack(bytes: number): void
  /**
   * The next `bytes` bytes are wanted for the length of a call of `onData` only: the memory of their
   * chunks is read into again behind it, and they are not given back. Where bytes are lent no chunk has
   * both such bytes and others. To be called inside `onData`, of a socket that was started with `isLent`.
   */
  readBriefly(bytes: number): void
  /**
   * Queues the chunks in order as one gather write. False: the caller should stop until `onDrain`.
   * `onFlushed` is called when the chunks may be reused (also when the socket dies first).
   */
  write(chunks: readonly Buffer[], onFlushed?: () => void): boolean
  /** Stops and resumes reading; what arrives meanwhile waits in the kernel. */
  pause(): void
  resume(): void
  /** Sends what is queued, then closes. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

/**
 * A job that may run in another thread, made by `defineWorkerJob`. `module` is the `import.meta.url` of
 * the module that defines it; input and output are structured-cloneable.
 */
export interface WorkerJob<Input, Output> {
  readonly module: string
  readonly name: string
  run(context: WorkerContext, input: Input): Output | Promise<Output>
}

/** What a job may use: a disk and a clock of its own thread. */
export interface WorkerContext {
  readonly disk: Disk
  readonly clock: Clock
}

export interface Workers {
  run<Input, Output>(
    job: WorkerJob<Input, Output>,
    input: Input,
    transfer?: readonly ArrayBuffer[],
  ): Promise<Output>
}

export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  child(fields: LogFields): Logger
  /**
   * Owns a promise that nobody awaits: a rejection is logged as an error, with what it was. A broken
   * invariant ends the process.
   */
  background(promise: Promise<unknown>, what: string): void
}
