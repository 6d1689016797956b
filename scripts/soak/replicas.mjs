// Whether the replicas of a partition are the same, byte by byte: the segments of a stopped node, end to end.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const isPartition = entry => entry.isDirectory() && /-\d+$/.test(entry.name)

function digest(directory) {
  const hash = createHash('sha256')
  let bytes = 0
  for (const name of readdirSync(directory).sort()) {
    if (!name.endsWith('.log')) continue
    const segment = readFileSync(join(directory, name))
    hash.update(segment)
    bytes += segment.length
  }
  return { bytes, sha256: hash.digest('hex') }
}

/**
 * What differs between the data directories of nodes that hold the same partitions, as sentences. Each replica
 * is compacted by itself: `exceptTopics` are left out.
 */
export function compareReplicas(dataDirectories, exceptTopics = []) {
  const isCompared = name => !exceptTopics.includes(name.replace(/-\d+$/, ''))
  const names = new Set(
    dataDirectories.flatMap(directory =>
      readdirSync(directory, { withFileTypes: true })
        .filter(isPartition)
        .map(entry => entry.name)
        .filter(isCompared),
    ),
  )
  const differences = []
  let bytes = 0
  for (const name of [...names].sort()) {
    // A partition that was never written to has no directory.
    const digests = dataDirectories.map(directory => {
      const path = join(directory, name)
      return existsSync(path) ? digest(path) : { bytes: 0, sha256: '' }
    })
    bytes += digests[0].bytes
    const isSame = digests.every(each => each.bytes === 0 || each.sha256 === digests[0].sha256)
    const isEven = digests.every(each => each.bytes === digests[0].bytes)
    if (!isSame || !isEven) {
      differences.push(`${name} differs: ${digests.map(each => `${each.bytes} bytes`).join(', ')}`)
    }
  }
  return { differences, partitions: names.size, bytes }
}
