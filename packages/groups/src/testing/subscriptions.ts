// Subscriptions and assignments as consumers encode them. For tests only.

import { consumerProtocolAssignment, decodeVersioned } from '@weir/protocol'

export function encodeSubscription(topics: readonly string[]): Buffer {
  const parts: Buffer[] = [Buffer.from([0, 0]), int32(topics.length)]
  for (const topic of topics) {
    const name = Buffer.from(topic)
    parts.push(Buffer.from([name.length >> 8, name.length & 0xff]), name)
  }
  parts.push(int32(-1))
  return Buffer.concat(parts)
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
