// Which brokers get the replicas of new partitions. Brokers are spread over racks, leaders rotate:
// partition i is led by the broker i places further on. Each time round, the followers move on by one,
// so that what a broker leads goes to different ones when it fails.

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

/** Replicas for each partition; active brokers lead. The reasons are Kafka's. */
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
  const active = ring.filter(isActive)
  const others = ring.filter(broker => !isActive(broker))
  if (active.length === 0) {
    const isFenced = others.every(broker => broker.fenced)
    const state = isFenced ? 'fenced' : 'fenced or in controlled shutdown'
    return { kind: 'impossible', reason: `All brokers are currently ${state}.` }
  }
  // The choice repeats itself after so many partitions.
  const period = active.length * Math.max(1, active.length - 1) * Math.max(1, others.length)
  const chosen = new Map<number, readonly number[]>()
  const replicas: (readonly number[])[] = []
  for (let index = 0; index < partitionCount; index++) {
    const at = (startAt + index) % period
    const known = chosen.get(at)
    if (known !== undefined) {
      replicas.push(known)
      continue
    }
    const [leader, ...followers] = rotate(active, at)
    const shifted = rotate(followers, Math.floor(at / active.length))
    const spread = spreadOverRacks(leader === undefined ? shifted : [leader, ...shifted])
    // A fenced broker is taken only when there are too few others, and never leads.
    const candidates = [...spread, ...rotate(others, at)]
    const ids = candidates.slice(0, replicationFactor).map(broker => broker.brokerId)
    chosen.set(at, ids)
    replicas.push(ids)
  }
  return { kind: 'placed', replicas }
}

/**
 * The replicas that a partition has and as many more as `replicationFactor` needs, from active brokers
 * on other racks first. The order, and so the preferred leader, rotates with `index`.
 */
export function addReplicas(
  brokers: ReadonlyMap<number, BrokerImage>,
  present: readonly number[],
  { replicationFactor, index }: { replicationFactor: number; index: number },
): number[] {
  const members = present.flatMap(id => brokers.get(id) ?? [])
  const others = rackRing([...brokers.values()].filter(isActive)).filter(
    broker => !present.includes(broker.brokerId),
  )
  const spread = spreadOverRacks([...members, ...rotate(others, index)])
  const added = spread.map(broker => broker.brokerId).filter(id => !present.includes(id))
  const wanted = [...present, ...added.slice(0, replicationFactor - present.length)]
  return rotate(
    wanted.toSorted((a, b) => a - b),
    index,
  )
}

function isActive(broker: BrokerImage): boolean {
  return !broker.fenced && !broker.inControlledShutdown
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
