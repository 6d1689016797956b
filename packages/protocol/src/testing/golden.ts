// For tests and fuzzing: the golden vectors, from the package's testdata or from the whole folder
// beside the checkout, and the message of each line.

// biome-ignore lint/correctness/noNodejsModules: only tests and the fuzzer load this file.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { apiByKey } from '../apis.ts'
import type { AnyMessage } from '../codec.ts'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from '../embedded/consumer-protocol.ts'
import {
  controlRecordTypeSchema,
  endTxnMarker,
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
} from '../embedded/control-records.ts'
import { defaultPrincipalData } from '../embedded/principal-data.ts'
import { requestHeader, responseHeader } from '../headers.ts'
import {
  offsetsTopicRecords,
  shareStateTopicRecords,
  transactionTopicRecords,
} from '../internal-topics/index.ts'

/** One line of a file. Messages and frames have `api`, the others `name`. */
export interface GoldenLine {
  readonly api?: string
  readonly apiKey?: number
  readonly name?: string
  readonly type: string
  readonly version: number
  readonly variant: string
  readonly hex: string
  readonly hexPrefixed?: string
  readonly headerBytes?: number
  readonly recordType?: number
  readonly header?: {
    readonly requestApiKey: number
    readonly requestApiVersion: number
    readonly correlationId: number
    readonly clientId: string | null
  }
  readonly json?: unknown
  readonly unknownTags?: unknown
}

export const PACKAGE_GOLDEN = new URL('../../testdata/', import.meta.url)
/** Not part of the repository. */
export const WHOLE_GOLDEN = new URL('../../../../../shared/protocol/golden/', import.meta.url)

export function hasWholeGolden(): boolean {
  return existsSync(WHOLE_GOLDEN)
}

export function goldenLines(folder: URL, file: string): GoldenLine[] {
  const text = readFileSync(new URL(file, folder), 'utf8')
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as GoldenLine)
}

/** The files with message bodies in a folder of either form. */
export function messageFiles(folder: URL): string[] {
  const messages = new URL('messages/', folder)
  if (!existsSync(messages)) return ['messages.jsonl']
  return readdirSync(messages).map(name => `messages/${name}`)
}

const byName = new Map<string, AnyMessage>()
for (const message of [
  requestHeader,
  responseHeader,
  consumerProtocolSubscription,
  consumerProtocolAssignment,
  defaultPrincipalData,
  controlRecordTypeSchema,
  endTxnMarker,
  leaderChangeMessage,
  snapshotHeaderRecord,
  snapshotFooterRecord,
  kRaftVersionRecord,
  votersRecord,
  ...[offsetsTopicRecords, transactionTopicRecords, shareStateTopicRecords].flatMap(records =>
    Object.values(records).flatMap(({ key, value }) => [key, value]),
  ),
] as AnyMessage[]) {
  byName.set(message.name, message)
}

export function messageOf(line: GoldenLine): AnyMessage {
  const api = line.apiKey === undefined ? undefined : apiByKey(line.apiKey)
  const message =
    api === undefined
      ? byName.get(line.name ?? '')
      : line.type === 'request'
        ? api.request
        : api.response
  if (message === undefined) throw new Error(`no table for ${line.api ?? line.name}`)
  return message
}

/** A short name of a line for reports. */
export function titleOf(line: GoldenLine): string {
  return `${line.api ?? line.name} ${line.type} v${line.version} ${line.variant}`
}
