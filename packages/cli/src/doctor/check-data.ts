// Is a data directory complete, sound and roomy? Only reads; the newest segment of a running broker
// may end in a batch that is being written.
import {
  closeSync,
  type Dirent,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statfsSync,
} from 'node:fs'
import { join } from 'node:path'
import { errorMessage } from '@weir/core'
import { dumpSegment, type FileReader } from '../values/log-file.ts'
import { bad, doubtful, type Finding, good } from './finding.ts'

const MIN_FREE_BYTES = 1024 * 1024 * 1024
const MAX_FINDINGS = 20
/** Beyond this only file sizes are looked at: the doctor answers soon. */
const MAX_VERIFIED_BYTES = 2 * 1024 * 1024 * 1024

export async function checkDataDirectory(path: string): Promise<Finding[]> {
  let entries: Dirent[]
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch (error) {
    return [
      bad(
        `${path} cannot be read (${errorMessage(error)})`,
        'Correct the name or its permissions.',
      ),
    ]
  }
  const findings: Finding[] = [...checkMeta(path, entries), ...checkRoom(path)]
  const partitions = entries.filter(entry => entry.isDirectory() && /-\d+$/.test(entry.name))
  let bytes = 0
  let segments = 0
  const damage: Finding[] = []
  for (const partition of partitions) {
    const directory = join(path, partition.name)
    const files = readdirSync(directory)
      .filter(name => name.endsWith('.log'))
      .sort()
    for (const [index, name] of files.entries()) {
      segments++
      const file = join(directory, name)
      const result = verifySegment(file, bytes < MAX_VERIFIED_BYTES)
      bytes += result.bytes
      if (result.problem === null) continue
      const isLast = index === files.length - 1
      damage.push(
        isLast
          ? doubtful(
              `${file}: ${result.problem}`,
              'The end of the newest segment; a start cuts it off.',
            )
          : bad(
              `${file}: ${result.problem}`,
              "'weir log dump FILE --verify' looks closer; the rest is served.",
            ),
      )
    }
    await Promise.resolve()
  }
  const megabytes = Math.round(bytes / 1_000_000)
  findings.push(good(`${partitions.length} partitions, ${segments} segments, ${megabytes} MB`))
  return [...findings, ...damage.slice(0, MAX_FINDINGS)]
}

function checkMeta(path: string, entries: readonly Dirent[]): Finding[] {
  if (!entries.some(entry => entry.name === 'meta.properties')) {
    if (entries.length === 0) return [good(`${path} is empty: a start will format it`)]
    return [
      doubtful(
        `${path} has no meta.properties`,
        'No node has used it yet, or it is not a data directory.',
      ),
    ]
  }
  const text = readFileSync(join(path, 'meta.properties'), 'utf8')
  const values = new Map(
    text
      .split('\n')
      .filter(line => line.includes('=') && !line.startsWith('#'))
      .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  )
  const missing = ['cluster.id', 'node.id'].filter(key => !values.has(key))
  if (missing.length > 0) {
    return [
      bad(
        `${path}/meta.properties lacks ${missing.join(' and ')}`,
        'It is damaged: restore it from a backup or from another directory of the node.',
      ),
    ]
  }
  return [
    good(`${path} belongs to node ${values.get('node.id')} of cluster ${values.get('cluster.id')}`),
  ]
}

function checkRoom(path: string): Finding[] {
  const stats = statfsSync(path)
  const freeBytes = stats.bavail * stats.bsize
  const text = `${Math.round(freeBytes / 1_000_000_000)} GB free at ${path}`
  if (freeBytes >= MIN_FREE_BYTES) return [good(text)]
  return [
    bad(
      `only ${Math.round(freeBytes / 1_000_000)} MB free at ${path}`,
      'Free some space, or lower log.retention.bytes.',
    ),
  ]
}

function verifySegment(path: string, mustRead: boolean): { bytes: number; problem: string | null } {
  const descriptor = openSync(path, 'r')
  try {
    const bytes = fstatSync(descriptor).size
    if (!mustRead) return { bytes, problem: null }
    const file: FileReader = {
      bytes,
      read(position, length) {
        const target = Buffer.allocUnsafe(Math.max(0, Math.min(length, bytes - position)))
        return target.subarray(0, readSync(descriptor, target, 0, target.length, position))
      },
    }
    for (const batch of dumpSegment(file, false)) {
      if (batch.problem !== null) return { bytes, problem: batch.problem }
    }
    return { bytes, problem: null }
  } finally {
    closeSync(descriptor)
  }
}
