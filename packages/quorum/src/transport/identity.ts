// Who this node is, whom it knows, and whom it refuses.
//
// A node that is known with one directory is not taken for the same with another: its disk was
// replaced, and a voter without its memory could vote twice.

import { type Env, errorMessage } from '@weir/core'
import { crc32c } from '@weir/protocol'
import type { Hello, HelloReply, Membership, RefusalKind } from '@weir/raft'
import { readFully, writeFully } from '../storage/files.ts'
import type { NodeProcess } from './live-processes.ts'
import { TRANSPORT_VERSION } from './private-api.ts'

export interface Identity {
  readonly nodeId: number
  readonly directoryId: string
  /** Made anew at each start. */
  readonly processId: string
  /** `host:port` where this node serves the private API; empty if nowhere. */
  readonly address: string
  /** Empty while the cluster has none. */
  clusterId(): string
}

const MAX_FILE_BYTES = 1024 * 1024

/** The directories of voters that were seen before, kept over restarts. */
export class KnownDirectories {
  readonly #env: Env
  readonly #path: string
  readonly #directory: string
  readonly #known: Map<number, string>
  #saving: Promise<void> = Promise.resolve()

  private constructor(env: Env, directory: string, known: Map<number, string>) {
    this.#env = env
    this.#directory = directory
    this.#path = `${directory}/known-directories`
    this.#known = known
  }

  static async open(env: Env, directory: string): Promise<KnownDirectories> {
    const path = `${directory}/known-directories`
    return new KnownDirectories(env, directory, await read(env, path))
  }

  get(nodeId: number): string | null {
    return this.#known.get(nodeId) ?? null
  }

  remember(nodeId: number, directoryId: string): void {
    if (this.#known.get(nodeId) === directoryId) return
    this.#known.set(nodeId, directoryId)
    this.#save()
  }

  /** Nodes that are no voters any more may come back as others. */
  forgetAllBut(voterIds: readonly number[]): void {
    const gone = [...this.#known.keys()].filter(id => !voterIds.includes(id))
    for (const id of gone) this.#known.delete(id)
    if (gone.length > 0) this.#save()
  }

  #save(): void {
    const text = Buffer.from(JSON.stringify([...this.#known]), 'utf8')
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32c(text, 0, text.length), 0)
    this.#saving = this.#saving.then(() => this.#write(Buffer.concat([sum, text])))
    this.#env.log.background(this.#saving, 'remembering the directories of other nodes')
  }

  async #write(content: Buffer): Promise<void> {
    const temporary = `${this.#path}.tmp`
    const file = await this.#env.disk.open(temporary, 'write')
    try {
      await file.truncate(0)
      await writeFully(file, content, 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#env.disk.rename(temporary, this.#path)
    await this.#env.disk.syncDir(this.#directory)
  }

  /** Everything is on the disk. */
  async close(): Promise<void> {
    await this.#saving.catch(error =>
      this.#env.log.warn('directories of other nodes not saved', { error: errorMessage(error) }),
    )
  }
}

/** A file that does not hold is as good as none: it only ever refuses. */
async function read(env: Env, path: string): Promise<Map<number, string>> {
  if ((await env.disk.stat(path)) === null) return new Map()
  const file = await env.disk.open(path, 'read')
  try {
    const content = await readFully(file, Math.min(file.sizeSync(), MAX_FILE_BYTES))
    const text = content.subarray(4)
    if (content.length < 4 || content.readUInt32BE(0) !== crc32c(text, 0, text.length)) {
      env.log.warn('the file of known directories is damaged and starts again', { path })
      return new Map()
    }
    return new Map(JSON.parse(text.toString('utf8')) as [number, string][])
  } finally {
    await file.close()
  }
}

export interface Refusal {
  readonly kind: RefusalKind
  /** In words for an operator. */
  readonly reason: string
}

export function misfit(reason: string): Refusal {
  return { kind: 'misfit', reason }
}

/** Why a node is refused that says this of itself; null if it is welcome. */
export function refusalOf(
  own: Identity,
  peer: Pick<HelloReply, 'clusterId' | 'nodeId' | 'directoryId' | 'voters'>,
  known: { readonly membership: Membership; readonly directories: KnownDirectories },
): Refusal | null {
  const clusterId = own.clusterId()
  if (clusterId !== '' && peer.clusterId !== '' && clusterId !== peer.clusterId) {
    const reason =
      `node ${peer.nodeId} belongs to cluster ${peer.clusterId}, node ${own.nodeId} to ${clusterId}: ` +
      'check --voters and --data-dir of the one that is wrong here'
    return { kind: 'other-cluster', reason }
  }
  if (peer.nodeId === own.nodeId) return misfit(sharedId(own.nodeId))
  const disagreement = votersRefusal(own, peer, known.membership)
  if (disagreement !== null) return misfit(disagreement)
  const { membership, directories } = known
  const member = membership.members.find(one => one.id === peer.nodeId)
  const expected =
    member?.directoryId || (member === undefined ? null : directories.get(peer.nodeId))
  if (expected === null || expected === '' || expected === peer.directoryId) return null
  const reason =
    `node ${peer.nodeId} is known with the directory ${expected} and comes with ` +
    `${peer.directoryId}: its disk was replaced (remove it from the quorum and add it again), or ` +
    'another node has this id'
  return { kind: 'rival', reason }
}

/**
 * As long as one of the two is new, both have to begin with the same voters: from two lists there
 * could come two majorities. Later the membership is what the log says.
 */
function votersRefusal(
  own: Identity,
  peer: Pick<HelloReply, 'clusterId' | 'nodeId' | 'voters'>,
  { voters }: Membership,
): string | null {
  if (own.clusterId() !== '' && peer.clusterId !== '') return null
  if (voters.length === 0 || peer.voters.length === 0) return null
  const [ours, theirs] = [sorted(voters), sorted(peer.voters)]
  if (ours === theirs) return null
  return (
    `node ${peer.nodeId} has the voters ${theirs}, node ${own.nodeId} the voters ${ours}: give all ` +
    'controllers the same --voters, and add further ones when the cluster is running'
  )
}

function sorted(ids: readonly number[]): string {
  return [...ids].sort((a, b) => a - b).join(', ')
}

/** The same for the one who was called, of whose hello some things are checked before. */
export function refusalOfHello(
  own: Identity,
  hello: Hello,
  known: { readonly membership: Membership; readonly directories: KnownDirectories },
): Refusal | null {
  if (hello.version !== TRANSPORT_VERSION)
    return misfit(
      `node ${hello.nodeId} speaks version ${hello.version} of the quorum's protocol, node ${own.nodeId} version ${TRANSPORT_VERSION}`,
    )
  if (hello.toNodeId !== own.nodeId)
    return misfit(
      `node ${hello.nodeId} looks for node ${hello.toNodeId} and reached node ${own.nodeId}: its list of voters has a wrong address`,
    )
  return refusalOf(own, hello, known)
}

function sharedId(nodeId: number): string {
  return `there are two nodes with the id ${nodeId}: each needs its own`
}

/** Why a node is refused while another process, its rival, lives under its id; null if none does. */
export function rivalRefusal(
  rival: NodeProcess | null,
  { directoryId }: NodeProcess,
): Refusal | null {
  if (rival === null) return null
  const { nodeId } = rival
  const reason =
    rival.directoryId === directoryId
      ? `two processes run as node ${nodeId} on copies of one data directory (directory id ` +
        `${directoryId}): stop one of them, or start it as a new node with an empty --data-dir`
      : sharedId(nodeId)
  return { kind: 'rival', reason }
}

/** Of a version that does not tell its process, the disk stands for it. */
export function processOf({
  nodeId,
  processId,
  directoryId,
}: Pick<Hello, 'nodeId' | 'processId' | 'directoryId'>): NodeProcess {
  return { nodeId, processId: processId || directoryId, directoryId }
}

export function helloReply(
  own: Identity,
  { voters }: Membership,
  refusal: Refusal | null,
): HelloReply {
  return {
    refusal: refusal?.reason ?? '',
    refusalKind: refusal?.kind ?? 'misfit',
    clusterId: own.clusterId(),
    nodeId: own.nodeId,
    directoryId: own.directoryId,
    processId: own.processId,
    voters,
  }
}
