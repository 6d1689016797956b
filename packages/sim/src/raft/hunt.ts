// Looks for the first seed that notices each planted bug.

import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts'
import { runSeed } from './run-seed.ts'

export interface Find {
  readonly bug: PlantedBug
  /** Null if no seed up to the limit noticed it. */
  readonly seed: number | null
  readonly violation: string
}

export function hunt(bug: PlantedBug, firstSeed: number, seedCount: number): Find {
  const restore = bug.plant()
  try {
    for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
      const { violation } = runSeed(seed, bug.driver)
      if (violation !== null) return { bug, seed, violation }
    }
    return { bug, seed: null, violation: '' }
  } finally {
    restore()
  }
}

/** All bugs, or those of the names given. */
export function huntAll(
  seedCount: number,
  names: readonly string[],
  report: (find: Find) => void,
): void {
  for (const bug of PLANTED_BUGS)
    if (names.length === 0 || names.includes(bug.name)) report(hunt(bug, 1, seedCount))
}
