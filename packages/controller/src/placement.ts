// Which brokers get the replicas of new partitions. Brokers are spread over racks, leaders rotate:
// partition i starts i brokers further on, so that leaders and followers are even over the cluster.

import type { BrokerImage } from './image.ts'

export interface PlacementRequest {
  readonly partitionCount: number
  readonly replicationFactor: number
  /** Where in the ring the first partition begins: taken from a random number or a topic's size. */
  readonly startAt: number
}

export type Placement =
  | { readonly kind: 'placed'; readonly replicas: readonly (readonly number[])[] }
  | { readonly kind: 'impossible'; readonly reason: string }

/** Replicas for each partition; unfenced brokers lead. The reasons are Kafka's. */
export function placeReplicas(
  brokers: ReadonlyMap<number, BrokerImage>,
  request: PlacementRequest,
): Placement {
  const { partitionCount, replicationFactor, startAt } = request
  if (replicationFactor > brokers.size) {
    const reason =
      `The target replication factor of ${replicationFactor} cannot be reached because only ` +
      `${brokers.size} broker(s) are registered.`
    return { kind: 'impossible', reason }
  }
  const ring = rackRing([...brokers.values()])
  const active = ring.filter(broker => !broker.fenced)
  if (active.length === 0) {
    return { kind: 'impossible', reason: 'All brokers are currently fenced.' }
  }
  const fenced = ring.filter(broker => broker.fenced)
  const replicas: number[][] = []
  for (let index = 0; index < partitionCount; index++) {
    const rotated = rotate(active, startAt + index)
    // A fenced broker is taken only when there are too few others, and never leads.
    const candidates = [...spreadOverRacks(rotated), ...rotate(fenced, startAt + index)]
    replicas.push(candidates.slice(0, replicationFactor).map(broker => broker.brokerId))
  }
  return { kind: 'placed', replicas }
}

/** Brokers ordered so that neighbours are on different racks where possible. */
function rackRing(brokers: readonly BrokerImage[]): BrokerImage[] {
  const racks = new Map<string, BrokerImage[]>()
  for (const broker of brokers.toSorted((a, b) => a.brokerId - b.brokerId)) {
    const rack = broker.rack ?? ''
    const members = racks.get(rack)
    if (members === undefined) racks.set(rack, [broker])
    else members.push(broker)
  }
  const ring: BrokerImage[] = []
  const lists = [...racks.keys()].toSorted().map(rack => racks.get(rack) ?? [])
  for (let round = 0; ring.length < brokers.length; round++) {
    for (const list of lists) {
      const broker = list[round]
      if (broker !== undefined) ring.push(broker)
    }
  }
  return ring
}

/** The same brokers: first one a rack in ring order, then a second one a rack, and so on. */
function spreadOverRacks(ring: readonly BrokerImage[]): BrokerImage[] {
  const countOfRack = new Map<string, number>()
  const ranked = ring.map((broker, position) => {
    const rack = broker.rack ?? ''
    const round = countOfRack.get(rack) ?? 0
    countOfRack.set(rack, round + 1)
    // Without racks all brokers are equal: ring order decides.
    return { broker, position, round: broker.rack === null ? 0 : round }
  })
  ranked.sort((a, b) => a.round - b.round || a.position - b.position)
  return ranked.map(entry => entry.broker)
}

function rotate<T>(list: readonly T[], by: number): T[] {
  if (list.length === 0) return []
  const start = by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}
