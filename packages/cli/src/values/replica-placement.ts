// Where replicas should be: on the brokers that were named, evenly, no two of a partition in one rack
// while there is another, and moved as little as that allows. Pure.

export interface PlacedPartition {
  readonly topic: string
  readonly partition: number
  /** The preferred leader first. */
  readonly replicas: readonly number[]
}

export interface PlacementBroker {
  readonly nodeId: number
  readonly rack: string | null
}

export interface PlacementOptions {
  readonly brokers: readonly PlacementBroker[]
  /** How many replicas each partition gets; null: as many as it has. At most the number of brokers. */
  readonly replicationFactor: number | null
}

/** The wanted replicas of each partition, in the given order. */
export function placeReplicas(
  partitions: readonly PlacedPartition[],
  options: PlacementOptions,
): PlacedPartition[] {
  return new Placement(partitions, options).place()
}

class Placement {
  readonly #partitions: readonly PlacedPartition[]
  readonly #racks: ReadonlyMap<number, string>
  readonly #rackCount: number
  readonly #replicationFactor: number | null
  /** The plan so far, in the order of the partitions. */
  readonly #plan: number[][]
  /** Replicas that each broker has in the plan. */
  readonly #loads: Map<number, number>
  readonly #leads: Map<number, number>

  constructor(partitions: readonly PlacedPartition[], options: PlacementOptions) {
    const { brokers, replicationFactor } = options
    this.#partitions = partitions
    this.#replicationFactor = replicationFactor
    // A broker without a rack is taken for one of its own.
    this.#racks = new Map(brokers.map(({ nodeId, rack }) => [nodeId, rack ?? `broker ${nodeId}`]))
    this.#rackCount = new Set(this.#racks.values()).size
    this.#loads = new Map(brokers.map(({ nodeId }) => [nodeId, 0]))
    this.#leads = new Map(this.#loads)
    this.#plan = partitions.map(partition => this.#keep(partition))
  }

  place(): PlacedPartition[] {
    for (const [index, partition] of this.#partitions.entries()) {
      this.#fill(this.#plan[index] ?? [], this.#countOf(partition))
    }
    this.#balance()
    return this.#partitions.map(({ topic, partition }, index) => {
      return { topic, partition, replicas: this.#order(this.#plan[index] ?? []) }
    })
  }

  #countOf(partition: PlacedPartition): number {
    const wanted = this.#replicationFactor ?? partition.replicas.length
    return Math.min(wanted, this.#racks.size)
  }

  /** Replicas that can stay: on a named broker, racks not crowded. */
  #keep(partition: PlacedPartition): number[] {
    const count = this.#countOf(partition)
    const perRack = Math.ceil(count / this.#rackCount)
    const kept: number[] = []
    for (const nodeId of partition.replicas) {
      if (kept.length === count) break
      if (!this.#racks.has(nodeId) || this.#inRackOf(nodeId, kept) >= perRack) continue
      kept.push(nodeId)
      this.#addLoad(nodeId, 1)
    }
    return kept
  }

  /** Adds brokers: first those in a rack that has fewest of the partition, then the least loaded. */
  #fill(replicas: number[], count: number): void {
    while (replicas.length < count) {
      const [best] = [...this.#loads]
        .filter(([nodeId]) => !replicas.includes(nodeId))
        .sort(
          ([a, loadOfA], [b, loadOfB]) =>
            this.#inRackOf(a, replicas) - this.#inRackOf(b, replicas) || loadOfA - loadOfB || a - b,
        )
      if (best === undefined) break
      replicas.push(best[0])
      this.#addLoad(best[0], 1)
    }
  }

  /** Each round takes a replica from a broker that has two more than another, so it ends. */
  #balance(): void {
    for (;;) {
      const byLoad = [...this.#loads].sort(([a, loadOfA], [b, loadOfB]) => {
        return loadOfB - loadOfA || a - b
      })
      const isMoved = byLoad.some(([from, most]) =>
        byLoad.findLast(([to, least]) => most - least >= 2 && this.#moveOne(from, to)),
      )
      if (!isMoved) return
    }
  }

  /** False if no partition can spare it there: it has one there, or its racks would be worse. */
  #moveOne(from: number, to: number): boolean {
    let best = -1
    let fewest = Number.POSITIVE_INFINITY
    for (const [index, replicas] of this.#plan.entries()) {
      if (!replicas.includes(from) || replicas.includes(to)) continue
      const others = replicas.filter(nodeId => nodeId !== from)
      if (this.#inRackOf(to, others) > this.#inRackOf(from, others)) continue
      const old = this.#partitions[index]?.replicas ?? []
      const moved = replicas.filter(nodeId => !old.includes(nodeId)).length
      if (moved >= fewest) continue
      best = index
      fewest = moved
    }
    const replicas = this.#plan[best]
    if (replicas === undefined) return false
    replicas[replicas.indexOf(from)] = to
    this.#addLoad(from, -1)
    this.#addLoad(to, 1)
    return true
  }

  /** The first leads if that is not more than its share, else the one that leads least does. */
  #order(replicas: readonly number[]): number[] {
    const leadsOf = (nodeId: number): number => this.#leads.get(nodeId) ?? 0
    const [current] = replicas
    if (current === undefined) return []
    const [least = current] = [...replicas].sort((a, b) => leadsOf(a) - leadsOf(b) || a - b)
    const fair = Math.ceil(this.#partitions.length / this.#racks.size)
    const leader = leadsOf(current) < fair ? current : least
    this.#leads.set(leader, leadsOf(leader) + 1)
    return [leader, ...replicas.filter(nodeId => nodeId !== leader)]
  }

  #addLoad(nodeId: number, count: number): void {
    this.#loads.set(nodeId, (this.#loads.get(nodeId) ?? 0) + count)
  }

  #inRackOf(nodeId: number, replicas: readonly number[]): number {
    const rack = this.#racks.get(nodeId)
    return replicas.filter(other => this.#racks.get(other) === rack).length
  }
}
