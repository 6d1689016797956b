// What an interrupted deletion, cleaning or atomic write left in a partition's directory (D13).
//
// Invariants: `.deleted` and `.tmp` files go; `.cleaned` files go (the originals are all there);
// a `.log.swap` file is complete (it was synced before it got its name), so the cleaning is finished:
// the originals in its range go, and it takes their place.

import type { Env } from '@weir/core'
import { TEMPORARY_SUFFIX } from './checkpoint-file.ts'
import { unlinkIfThere } from './disk-reads.ts'
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  INDEX_SUFFIX,
  LOG_SUFFIX,
  offsetOfFile,
  SWAP_SUFFIX,
  segmentPath,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './file-names.ts'
import { NO_PRODUCERS } from './producer-files.ts'
import { scanSegment } from './segment-scan.ts'

const LEFTOVERS = [DELETED_SUFFIX, CLEANED_SUFFIX, TEMPORARY_SUFFIX]

/** `names`: what is in the directory. Answers what was done, or would be without `mayWrite`. */
export async function finishInterrupted(
  env: Env,
  directory: string,
  names: readonly string[],
  mayWrite: boolean,
): Promise<string[]> {
  const { disk } = env
  const actions: string[] = []
  for (const name of names) {
    if (!LEFTOVERS.some(suffix => name.endsWith(suffix))) continue
    actions.push(`remove ${name}`)
    if (mayWrite) await unlinkIfThere(disk, `${directory}/${name}`)
  }
  const swaps = names
    .map(name => offsetOfFile(name, LOG_SUFFIX + SWAP_SUFFIX))
    .filter(base => base !== null)
    .sort((a, b) => a - b)
  for (const base of swaps) {
    actions.push(await finishSwap(env, { directory, base, names, mayWrite }))
  }
  if (mayWrite && actions.length > 0) await disk.syncDir(directory)
  return actions
}

async function finishSwap(
  env: Env,
  swap: {
    readonly directory: string
    readonly base: number
    readonly names: readonly string[]
    readonly mayWrite: boolean
  },
): Promise<string> {
  const { disk } = env
  const path = segmentPath(swap.directory, swap.base) + LOG_SUFFIX
  const scanned = await env.workers.run(scanSegment, {
    path: path + SWAP_SUFFIX,
    baseOffset: swap.base,
    limitBytes: Number.POSITIVE_INFINITY,
    limitOffset: Number.POSITIVE_INFINITY,
    indexIntervalBytes: Number.POSITIVE_INFINITY,
    allowsGaps: true,
    knownEpochs: null,
    producers: NO_PRODUCERS,
    producersFromOffset: Number.POSITIVE_INFINITY,
  })
  const isWhole = scanned.validBytes === scanned.fileBytes && scanned.damage.length === 0
  const replaced = swap.names
    .map(name => offsetOfFile(name, LOG_SUFFIX))
    .filter(base => base !== null && base >= swap.base && base < scanned.endOffset)
  if (!isWhole && replaced.length > 0) {
    if (swap.mayWrite) await disk.unlink(path + SWAP_SUFFIX)
    return `remove the damaged ${path + SWAP_SUFFIX}, its originals are there`
  }
  if (swap.mayWrite) {
    for (const base of replaced) {
      if (base === null || base === swap.base) continue
      const other = segmentPath(swap.directory, base)
      for (const suffix of [
        LOG_SUFFIX,
        INDEX_SUFFIX,
        TIME_INDEX_SUFFIX,
        TRANSACTION_INDEX_SUFFIX,
      ]) {
        await unlinkIfThere(disk, other + suffix)
      }
    }
    const own = segmentPath(swap.directory, swap.base)
    for (const suffix of [INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX]) {
      await unlinkIfThere(disk, own + suffix)
      await unlinkIfThere(disk, own + suffix + SWAP_SUFFIX)
    }
    await disk.rename(path + SWAP_SUFFIX, path)
  }
  return `finish the cleaning of ${swap.base} to ${scanned.endOffset}`
}
