// At the end all replicas of a partition are the same, byte for byte, from the latest of their starts on.

import type { PartitionImage } from '@weir/controller'
import type { ClusterWorld, Machine } from './cluster-world.ts'

const HEADER_BYTES = 61

/** Null if they are equal, else what differs. */
export function compareReplicas(
  world: ClusterWorld,
  topic: string,
  image: PartitionImage,
): string | null {
  const where = `${topic}-${image.partitionIndex}`
  const replicas: { machine: Machine; bytes: Buffer }[] = []
  let startOffset = 0
  for (const id of image.replicas) {
    const machine = world.machines.find(one => one.id === id)
    const partition = machine?.node?.services.replicaManager.getPartition(
      topic,
      image.partitionIndex,
    )
    if (machine === undefined || partition === undefined) return `${where} is missing on ${id}`
    startOffset = Math.max(startOffset, partition.log.logStartOffset)
    replicas.push({ machine, bytes: bytesOf(world, machine, where) })
  }
  const [first, ...others] = replicas.map(({ machine, bytes }) => {
    return { name: machine.name, batches: batchesFrom(bytes, startOffset) }
  })
  for (const other of others) {
    const count = Math.max(first?.batches.length ?? 0, other.batches.length)
    for (let i = 0; i < count; i++) {
      const [a, b] = [first?.batches[i], other.batches[i]]
      if (a !== undefined && b !== undefined && a.equals(b)) continue
      return `${where} differs: ${first?.name} has ${describe(a)}, ${other.name} ${describe(b)}`
    }
  }
  return null
}

/** The segments of a partition, one after the other. */
function bytesOf(world: ClusterWorld, machine: Machine, name: string): Buffer {
  const disk = world.sim.disk(machine.name)
  const segments = disk.paths().filter(path => {
    const [directory = '', file = ''] = path.split('/').slice(-2)
    return directory === name && file.endsWith('.log')
  })
  return Buffer.concat(segments.map(path => disk.contents(path) ?? Buffer.alloc(0)))
}

function batchesFrom(bytes: Buffer, startOffset: number): Buffer[] {
  const batches: Buffer[] = []
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    const lastOffset = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + 23)
    if (lastOffset >= startOffset) batches.push(bytes.subarray(at, end))
    at = end
  }
  return batches
}

function describe(batch: Buffer | undefined): string {
  if (batch === undefined) return 'nothing'
  const base = Number(batch.readBigInt64BE(0))
  const last = base + batch.readInt32BE(23)
  const producer = `producer ${batch.readBigInt64BE(43)} sequence ${batch.readInt32BE(53)}`
  return `${base}-${last} of epoch ${batch.readInt32BE(12)}, ${producer}, ${batch.length} bytes`
}
