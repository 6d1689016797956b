// The data directory of one node inside of another's: `weir start --brokers 3` makes node-1, node-2 and
// node-3 in the directory where `weir start` keeps its partitions, and their names look like partitions.

import type { Disk } from '@weir/core'
import { NODE_IDENTITY } from './file-names.ts'

export async function isDataOfNode(disk: Disk, path: string): Promise<boolean> {
  return (await disk.stat(`${path}/${NODE_IDENTITY}`)) !== null
}
