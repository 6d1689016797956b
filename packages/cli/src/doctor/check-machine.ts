// Limits of this machine and process that a broker runs into.
import { openFileLimit } from '@weir/core/node'
import { doubtful, type Finding, good } from './finding.ts'

const ENOUGH_FILES = 65_536

export function checkMachine(): Finding[] {
  const findings: Finding[] = []
  const openFiles = openFileLimit()
  if (Number.isFinite(openFiles)) {
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
