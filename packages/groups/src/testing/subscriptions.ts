// Subscriptions and assignments as consumers encode them. For tests only.

import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
} from '@weir/protocol'

/** `owned` is what a cooperative consumer says that it has, as `t:0+1`; others say nothing. */
export function encodeSubscription(topics: readonly string[], owned?: string): Buffer {
  if (owned !== undefined) return encodeCooperative(topics, owned)
  const parts: Buffer[] = [Buffer.from([0, 0]), int32(topics.length)]
  for (const topic of topics) {
    const name = Buffer.from(topic)
    parts.push(Buffer.from([name.length >> 8, name.length & 0xff]), name)
  }
  parts.push(int32(-1))
  return Buffer.concat(parts)
}

function encodeCooperative(topics: readonly string[], owned: string): Buffer {
  const [topic = '', indexes = ''] = owned.split(':')
  const partitions = indexes.split('+').map(Number)
  const ownedPartitions = owned === '' ? [] : [{ topic, partitions }]
  return encodeVersioned(consumerProtocolSubscription, 1, { topics, ownedPartitions })
}

export function encodeAssignment(topic: string, partitions: readonly number[]): Buffer {
  const name = Buffer.from(topic)
  return Buffer.concat([
    Buffer.from([0, 0]),
    int32(1),
    Buffer.from([name.length >> 8, name.length & 0xff]),
    name,
    int32(partitions.length),
    ...partitions.map(int32),
    int32(-1),
  ])
}

/** `t:0+1` for each topic; null if the bytes are not an assignment. */
export function describeAssignment(bytes: Buffer): string | null {
  try {
    const { assignedPartitions } = decodeVersioned(consumerProtocolAssignment, bytes)
    return assignedPartitions
      .map(({ topic, partitions }) => `${topic}:${partitions.join('+')}`)
      .join(' ')
  } catch {
    return null
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
