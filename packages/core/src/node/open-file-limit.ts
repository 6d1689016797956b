// How many files and sockets this process may have open at once ('ulimit -n').

import { readFileSync } from 'node:fs'

/** Infinity where there is no limit, or none that the system tells. */
export function openFileLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const [, count] = /^Max open files\s+(\d+)/m.exec(limits) ?? []
    return count === undefined ? Number.POSITIVE_INFINITY : Number(count)
  } catch {
    return Number.POSITIVE_INFINITY // Not Linux.
  }
}
