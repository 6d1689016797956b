// Everything that a handler may use, in one typed bag. Built by weir-node.ts, handed to every handler,
// never imported as a value. Owners of a part put their own class here.

import type { MetadataImage } from '@weir/controller'
import type { Env } from '@weir/core'
import type { ControllerClient } from './metadata/controller-client.ts'

export interface Services {
  readonly env: Env
  readonly nodeId: number
  readonly clusterId: string
  /** The committed metadata of the cluster; replayed in place, always the newest. */
  readonly metadata: MetadataImage
  readonly controller: ControllerClient
}
