// meta.properties of a data directory: whose it is. Checked at every start, so that a
// node never opens the data of another node or cluster by mistake.
//
// Text, `name=value` lines and a last line with the CRC-32C of all before it.

import { type Env, errorMessage, OperatorError } from '@weir/core'
import { crc32c } from '@weir/protocol'
import { replaceFile } from './small-file.ts'

export interface DirectoryMeta {
  /** Empty before the node has heard of its cluster. */
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
}

export const META_FILE = 'meta.properties'
const FORMAT_VERSION = 1
const MAX_BYTES = 64 * 1024

/** Null if the directory is new. Throws OperatorError if the file is damaged or not ours. */
export async function readMetaFile(env: Env, directory: string): Promise<DirectoryMeta | null> {
  const path = `${directory}/${META_FILE}`
  let bytes: Buffer
  try {
    if ((await env.disk.stat(path)) === null) return null
    bytes = await env.disk.readFile(path, MAX_BYTES)
  } catch (error) {
    throw new OperatorError(`cannot read ${path}: ${errorMessage(error)}`, error)
  }
  return parseMeta(path, bytes)
}

export async function writeMetaFile(
  env: Env,
  directory: string,
  meta: DirectoryMeta,
): Promise<void> {
  await replaceFile(env.disk, directory, META_FILE, formatMeta(meta))
}

function formatMeta({ clusterId, nodeId, directoryId }: DirectoryMeta): Buffer {
  const text =
    `version=${FORMAT_VERSION}\nsoftware=weir\ncluster.id=${clusterId}\nnode.id=${nodeId}\n` +
    `directory.id=${directoryId}\n`
  return Buffer.from(`${text}checksum=${checksumOf(text)}\n`)
}

function checksumOf(text: string): string {
  return crc32c(Buffer.from(text)).toString(16).padStart(8, '0')
}

function parseMeta(path: string, bytes: Buffer): DirectoryMeta {
  const text = bytes.toString('utf8')
  const mend =
    'restore it from a backup, or move the data directory away and start with an empty one'
  const at = text.lastIndexOf('checksum=')
  if (at === -1) {
    const isKafka = /^node\.id=|^broker\.id=/m.test(text)
    const what = isKafka ? 'is not a file of weir (of Apache Kafka?)' : 'is damaged'
    throw new OperatorError(`${path} ${what}: ${mend}`)
  }
  const body = text.slice(0, at)
  if (text.slice(at) !== `checksum=${checksumOf(body)}\n`) {
    throw new OperatorError(`${path} is damaged, its checksum is wrong: ${mend}`)
  }
  const values = new Map<string, string>()
  for (const line of body.split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1))
  }
  const version = values.get('version')
  if (version !== String(FORMAT_VERSION)) {
    throw new OperatorError(
      `${path} has format version ${version}, this weir knows ${FORMAT_VERSION}: use the weir that wrote it`,
    )
  }
  const clusterId = values.get('cluster.id')
  const nodeId = Number(values.get('node.id'))
  const directoryId = values.get('directory.id')
  if (clusterId === undefined || directoryId === undefined || !Number.isInteger(nodeId)) {
    throw new OperatorError(`${path} lacks a value: ${mend}`)
  }
  return { clusterId, nodeId, directoryId }
}
