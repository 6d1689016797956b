// Is a data directory complete, sound and roomy? Only reads. Beside a running broker the newest
// segments may look torn: they are being written.
import { type Dirent, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { DiskError, errorMessage } from '@weir/core'
import { type AcceptedLoss, acceptLoss, inspectDataDirectory } from '@weir/log'
import { createClientEnv } from '../client-env.ts'
import { CommandError } from '../errors.ts'
import { bad, doubtful, type Finding, good } from './finding.ts'

const MIN_FREE_BYTES = 1024 * 1024 * 1024
const MAX_FINDINGS = 30

export async function checkDataDirectory(path: string): Promise<Finding[]> {
  let entries: Dirent[]
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [bad(`there is no ${path}`, 'Correct the name; a start with it would create it.')]
    }
    return [
      bad(
        `${path} cannot be read (${errorMessage(error)})`,
        'Correct the name or its permissions.',
      ),
    ]
  }
  const findings = [...checkMeta(path, entries), ...checkRoom(path)]
  try {
    findings.push(...(await checkLogs(path)))
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    findings.push(
      bad(error.message, `Look whether ${path} is a data directory, and its permissions.`),
    )
  }
  return findings
}

/** Gives up damaged offsets, so that readers pass over them. Throws CommandError. */
export async function acceptDamage(path: string): Promise<AcceptedLoss[]> {
  try {
    return await acceptLoss(createClientEnv(), path)
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ELOCKED') {
      throw new CommandError(`a broker uses ${path}: stop it first`, error)
    }
    throw error
  }
}

async function checkLogs(path: string): Promise<Finding[]> {
  const report = await inspectDataDirectory(createClientEnv(), path)
  const findings: Finding[] = report.problems.map(problem => doubtful(problem, ''))
  for (const log of report.logs) {
    for (const { fromOffset, toOffset } of log.damage) {
      findings.push(
        bad(
          `${log.name}: offsets ${fromOffset} to ${toOffset - 1} cannot be read`,
          'The rest is served. --accept-loss gives them up, so that readers pass over them.',
        ),
      )
    }
    for (const problem of log.problems) {
      findings.push(doubtful(`${log.name}: ${problem}`, ''))
    }
    for (const action of log.actions) {
      findings.push(doubtful(`${log.name}: ${action}`, 'A start does this by itself.'))
    }
  }
  const bytes = report.logs.reduce((sum, log) => sum + log.bytes, 0)
  const segments = report.logs.reduce((sum, log) => sum + log.segmentCount, 0)
  const how = report.wasStoppedCleanly ? 'stopped cleanly' : 'in use, or not stopped cleanly'
  const shown = findings.slice(0, MAX_FINDINGS)
  if (findings.length > shown.length) {
    shown.push(doubtful(`and ${findings.length - shown.length} more`, ''))
  }
  const size = `${Math.round(bytes / 1_000_000)} MB`
  return [good(`${report.logs.length} partitions, ${segments} segments, ${size}, ${how}`), ...shown]
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
  if (freeBytes >= MIN_FREE_BYTES) {
    return [good(`${Math.round(freeBytes / 1_000_000_000)} GB free at ${path}`)]
  }
  return [
    bad(
      `only ${Math.round(freeBytes / 1_000_000)} MB free at ${path}`,
      'Free some space, or lower log.retention.bytes.',
    ),
  ]
}
