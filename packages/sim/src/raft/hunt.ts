// Looks for the first seed that notices each planted bug.

import { runMask, threeNodeMasks } from './link-masks.ts'
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts'
import { runSeed } from './run-seed.ts'

export interface Find {
  readonly bug: PlantedBug
  /** Null if no seed up to the limit noticed it. */
  readonly seed: number | null
  /** The link mask of three nodes that noticed it, where the seeds did not. */
  readonly mask: number | null
  readonly violation: string
}

export function hunt(bug: PlantedBug, firstSeed: number, seedCount: number): Find {
  const restore = bug.plant()
  try {
    for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
      const { violation } = runSeed(seed, bug.driver)
      if (violation !== null) return { bug, seed, mask: null, violation }
    }
    return { bug, seed: null, ...huntMasks() }
  } finally {
    restore()
  }
}

function huntMasks(): { mask: number | null; violation: string } {
  for (const { mask, firstLeader } of threeNodeMasks()) {
    const { violation } = runMask(3, mask, mask, firstLeader)
    if (violation !== null) return { mask, violation }
  }
  return { mask: null, violation: '' }
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
