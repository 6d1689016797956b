// CPU time and memory of the broker's processes, from /proc. Zero where there is no /proc.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Usage {
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly peakResidentBytes: number
}

let ticksPerSecond = 0

/** Sums over the processes; one that is gone counts as zero. */
export function readUsage(pids: readonly number[]): Usage {
  let cpuSeconds = 0
  let residentBytes = 0
  let peakResidentBytes = 0
  for (const pid of pids) {
    const stat = readProc(`/proc/${pid}/stat`)
    // The name is in parentheses and may hold anything; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    cpuSeconds += (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticks()
    const status = readProc(`/proc/${pid}/status`)
    residentBytes += kilobytes(status, 'VmRSS') * 1024
    peakResidentBytes += kilobytes(status, 'VmHWM') * 1024
  }
  return { cpuSeconds, residentBytes, peakResidentBytes }
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process is gone, or this is not Linux.
    return ''
  }
}

function ticks(): number {
  if (ticksPerSecond > 0) return ticksPerSecond
  try {
    ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100
  } catch {
    // getconf is missing: every Linux of today has 100.
    ticksPerSecond = 100
  }
  return ticksPerSecond
}
