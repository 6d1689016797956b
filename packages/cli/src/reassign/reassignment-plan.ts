// A plan of moves: from what there is and what is wanted, to and from JSON of Kafka's form. Pure.
import { partitionKey } from '@weir/client'
import { CommandError } from '../errors.ts'
import type { PlacedPartition } from '../values/replica-placement.ts'

export interface PlannedMove {
  readonly topic: string
  readonly partition: number
  readonly from: readonly number[]
  /** The preferred leader first. */
  readonly to: readonly number[]
}

/** Only what changes, the order of the replicas included. */
export function movesBetween(
  current: readonly PlacedPartition[],
  wanted: readonly PlacedPartition[],
): PlannedMove[] {
  const before = new Map(current.map(item => [partitionKey(item), item.replicas]))
  return wanted.flatMap(item => {
    const from = before.get(partitionKey(item))
    if (from === undefined) {
      throw new CommandError(`partition ${item.topic}-${item.partition} does not exist`)
    }
    if (from.join() === item.replicas.join()) return []
    return { topic: item.topic, partition: item.partition, from, to: item.replicas }
  })
}

export function addedBy({ from, to }: PlannedMove): number[] {
  return to.filter(nodeId => !from.includes(nodeId))
}

export function removedBy({ from, to }: PlannedMove): number[] {
  return from.filter(nodeId => !to.includes(nodeId))
}

/** As kafka-reassign-partitions writes and reads it. */
export interface PlanDocument {
  readonly version: 1
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly replicas: readonly number[]
  }[]
}

export function planDocument(partitions: readonly PlacedPartition[]): PlanDocument {
  return {
    version: 1,
    partitions: partitions.map(({ topic, partition, replicas }) => ({
      topic,
      partition,
      replicas,
    })),
  }
}

/** Throws CommandError for what is no plan. */
export function parsePlan(text: string): PlacedPartition[] {
  const places = parsePlaces(text)
  const seen = new Set<string>()
  for (const place of places) {
    const { topic, partition, replicas } = place
    if (new Set(replicas).size < replicas.length) {
      throw new CommandError(`the plan names a broker twice for ${topic}-${partition}`)
    }
    if (seen.has(partitionKey(place)))
      throw new CommandError(`the plan has ${topic}-${partition} twice`)
    seen.add(partitionKey(place))
  }
  return places
}

/** As they are written, repeats included; other fields are ignored. Throws CommandError. */
export function parsePlaces(text: string): PlacedPartition[] {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new CommandError(`the plan is not JSON: ${(error as Error).message}`, error)
  }
  const { partitions, version } = asObject(document)
  if (version !== undefined && version !== 1) {
    throw new CommandError(`the plan has version ${JSON.stringify(version)}, only 1 is known`)
  }
  if (!Array.isArray(partitions) || partitions.length === 0) {
    throw new CommandError('the plan names no partitions: {"version":1,"partitions":[...]}')
  }
  return partitions.map((item: unknown, index) => {
    const { topic, partition, replicas } = asObject(item)
    const isNamed = typeof topic === 'string' && isNodeNumber(partition)
    const isPlaced = Array.isArray(replicas) && replicas.length > 0 && replicas.every(isNodeNumber)
    if (!isNamed || !isPlaced) {
      throw new CommandError(
        `entry ${index + 1} of the plan is not {"topic": NAME, "partition": NUMBER, "replicas": [ID, ...]}`,
      )
    }
    return { topic, partition, replicas: replicas as number[] }
  })
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isNodeNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}
