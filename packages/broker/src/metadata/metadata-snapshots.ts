// The snapshots of the metadata on disk: weir-metadata-OFFSET.snapshot in the first data directory.
// The two newest are kept; one that is damaged is passed over, with a loud line.

import { decodeSnapshot, MetadataFormatError, type Snapshot } from '@weir/controller'
import type { Env } from '@weir/core'
import { replaceFile } from './small-file.ts'

const NAME = /^weir-metadata-(\d{20})\.snapshot$/
const KEPT = 2
const MAX_BYTES = 1024 * 1024 * 1024

export async function saveSnapshot(
  env: Env,
  directory: string,
  endOffset: number,
  bytes: Buffer,
): Promise<void> {
  const name = `weir-metadata-${String(endOffset).padStart(20, '0')}.snapshot`
  await replaceFile(env.disk, directory, name, bytes)
  const names = await snapshotNames(env, directory)
  for (const old of names.slice(KEPT)) await env.disk.unlink(`${directory}/${old}`)
}

/** The newest snapshot that is whole; null if there is none. */
export async function loadSnapshot(env: Env, directory: string): Promise<Snapshot | null> {
  for (const name of await snapshotNames(env, directory)) {
    try {
      return decodeSnapshot(await env.disk.readFile(`${directory}/${name}`, MAX_BYTES))
    } catch (error) {
      if (!(error instanceof MetadataFormatError)) throw error
      env.log.error('passing over a damaged metadata snapshot', { name, error })
    }
  }
  return null
}

/** Newest first. */
async function snapshotNames(env: Env, directory: string): Promise<string[]> {
  const entries = await env.disk.readdir(directory)
  return entries
    .map(entry => entry.name)
    .filter(name => NAME.test(name))
    .sort()
    .reverse()
}
