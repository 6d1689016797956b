// Who watches one partition: readers that wait for news, replicas among them, and the coordinator that
// keeps its state there. Most partitions have none, and there may be 20,000 of them: a set is made when
// it is first used.

import type { Partition } from './partition.ts'
import type { PartitionListener, PartitionSubscriber } from './partition-types.ts'

export class PartitionWatchers {
  #changeCount = 0
  #readers: Set<PartitionSubscriber> | null = null
  /** Those who read all that is written. */
  #replicas: Set<PartitionSubscriber> | null = null
  #listeners: Set<PartitionListener> | null = null

  /** Grows with everything that subscribers are told of. */
  get changeCount(): number {
    return this.#changeCount
  }

  subscribe(subscriber: PartitionSubscriber, isReplica = false): void {
    if (isReplica) {
      this.#replicas ??= new Set()
      this.#replicas.add(subscriber)
    } else {
      this.#readers ??= new Set()
      this.#readers.add(subscriber)
    }
  }

  unsubscribe(subscriber: PartitionSubscriber): void {
    this.#readers?.delete(subscriber)
    this.#replicas?.delete(subscriber)
  }

  addListener(listener: PartitionListener): void {
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
  }

  removeListener(listener: PartitionListener): void {
    this.#listeners?.delete(listener)
  }

  /** There may be something new for everybody. */
  tellAll(partition: Partition): void {
    this.#changeCount++
    tell(this.#readers, partition)
    tell(this.#replicas, partition)
  }

  /** Something was written and is not committed. */
  tellReplicas(partition: Partition): void {
    if (this.#replicas === null || this.#replicas.size === 0) return
    this.#changeCount++
    tell(this.#replicas, partition)
  }

  onHighWatermark(partition: Partition): void {
    if (this.#listeners === null) return
    for (const listener of this.#listeners) listener.onHighWatermark(partition)
  }

  onAppendsLost(partition: Partition, fromOffset: number): void {
    if (this.#listeners === null) return
    for (const listener of this.#listeners) listener.onAppendsLost(partition, fromOffset)
  }

  clear(): void {
    this.#readers = null
    this.#replicas = null
    this.#listeners = null
  }
}

function tell(subscribers: Iterable<PartitionSubscriber> | null, partition: Partition): void {
  if (subscribers === null) return
  for (const subscriber of subscribers) subscriber.onPartitionChange(partition)
}
