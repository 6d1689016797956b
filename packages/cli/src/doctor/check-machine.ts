// Limits of this machine and process that a broker runs into.
import { readFileSync } from 'node:fs'
import { doubtful, type Finding, good } from './finding.ts'

const ENOUGH_FILES = 65_536

export function checkMachine(): Finding[] {
  const findings: Finding[] = []
  const openFiles = openFileLimit()
  if (openFiles !== null) {
    findings.push(
      openFiles >= ENOUGH_FILES
        ? good(`${openFiles} open files are allowed`)
        : doubtful(
            `only ${openFiles} open files are allowed`,
            `Every connection and open segment takes one: 'ulimit -n ${ENOUGH_FILES}' before the start.`,
          ),
    )
  }
  const year = new Date().getFullYear()
  if (year < 2024) {
    findings.push(
      doubtful(`the clock says it is ${year}`, 'Set it: retention and timestamps depend on it.'),
    )
  }
  return findings
}

/** Null where the system does not say. */
function openFileLimit(): number | null {
  try {
    const match = /^Max open files\s+(\d+|unlimited)/m.exec(
      readFileSync('/proc/self/limits', 'utf8'),
    )
    if (match === null) return null
    return match[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match[1])
  } catch {
    return null // Not Linux.
  }
}
