// Whole small files that must be there in full or not at all (docs/traps.md D7): temporary file,
// fsync, rename, fsync of the directory.

import type { Disk } from '@weir/core'

export async function replaceFile(
  disk: Disk,
  directory: string,
  name: string,
  bytes: Buffer,
): Promise<void> {
  const temporary = `${directory}/${name}.tmp`
  const file = await disk.open(temporary, 'write')
  try {
    await file.truncate(0)
    let written = 0
    while (written < bytes.length) {
      written += await file.write([bytes.subarray(written)], written)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(temporary, `${directory}/${name}`)
  await disk.syncDir(directory)
}
