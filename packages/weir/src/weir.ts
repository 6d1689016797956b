// Brokers inside the caller's process, as the caller sees them. These are the types of the published
// package: they stand alone and name nothing of other packages or of Node.

import type { ApiName } from './api-name.ts'
import type { ErrorName } from './error-name.ts'

export interface TopicOptions {
  readonly name: string
  /** num.partitions of the settings if left out. */
  readonly partitions?: number
  /** default.replication.factor of the settings if left out. */
  readonly replicationFactor?: number
  /** As in `kafka-configs`: `{ 'cleanup.policy': 'compact' }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
}

export interface StartWeirOptions {
  /** 1 if left out; 3 are a cluster, whose topics have three replicas unless they say otherwise. */
  readonly brokers?: 1 | 3
  /** Made before `startWeir` resolves, and made again by `reset`. */
  readonly topics?: readonly (string | TopicOptions)[]
  /** 'memory' if left out: gone after `stop`. A directory keeps what was written. */
  readonly storage?: 'memory' | (string & {})
  /** As in server.properties: `{ 'num.partitions': 3 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** 'manual': the brokers' time stands still but for `advance` and `runUntil`. */
  readonly clock?: 'system' | 'manual'
  /** Where clients connect; 127.0.0.1 and any free port if left out. */
  readonly host?: string
  /** Of the first broker; the others count up. */
  readonly port?: number
  /** Nothing is logged if left out. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error'
}

/** One of the brokers. */
export interface WeirBroker {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly isRunning: boolean
  /** As kill -9: connections are cut and nothing more is written. */
  kill(): Promise<void>
  /** Starts it again after a kill: on its port, with what it had written. */
  restart(): Promise<void>
}

/** Which requests a fault happens to; those that fit all of it. */
export interface FaultFilter {
  /** Requests that it happens to, from the first that fits on; all of them if left out. */
  readonly times?: number
  /** As the client calls itself (`client.id`). */
  readonly clientId?: string
  /** Requests that name the topic, among others perhaps. */
  readonly topic?: string
  /** Requests to this broker of a cluster. */
  readonly brokerId?: number
}

/** A fault that was set. */
export interface Fault {
  /** Requests that it has happened to. */
  readonly hits: number
  /** It happens to no more requests. */
  remove(): void
}

/** The first fault that was set and fits a request happens to it. */
export interface Faults {
  /** The request waits before it is looked at. */
  delay(api: ApiName, delayMs: number, filter?: FaultFilter): Fault
  /** The answer is this error, for everything that the request names; nothing else happens. */
  fail(api: ApiName, error: ErrorName, filter?: FaultFilter): Fault
  /** The request is lost: it has no answer; what follows on its connection is served. */
  drop(api: ApiName, filter?: FaultFilter): Fault
  /**
   * The connection ends instead of an answer. `afterwards`: what was asked for has happened by then,
   * which a client cannot know.
   */
  disconnect(api: ApiName, filter?: FaultFilter & { readonly afterwards?: boolean }): Fault
  /** No more faults; what was delayed goes on. */
  clear(): void
}

export interface Weir {
  readonly host: string
  /** Of the first broker. */
  readonly port: number
  /** HOST:PORT of all brokers, with commas between, as clients take it. */
  readonly bootstrap: string
  readonly clusterId: string
  readonly brokers: readonly WeirBroker[]
  /** What goes wrong with requests, at all brokers. */
  readonly faults: Faults
  /** The brokers' time, milliseconds since 1970. */
  now(): number
  /** With a manual clock: moves it; what is due on the way happens, each at its time. */
  advance(ms: number): Promise<void>
  /** With a manual clock: lets it run beside the time outside until the promise is settled. */
  runUntil<T>(promise: Promise<T>): Promise<T>
  /** All topics, groups and faults are gone, and the topics of `startWeir` are there, empty. */
  reset(): Promise<void>
  /** Resolves when everything is closed; may be called more than once. */
  stop(): Promise<void>
}
