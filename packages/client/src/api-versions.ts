// Which versions of which APIs a broker has. Asked with our newest version; a broker that does not
// know it answers in version 0 with the range of this one API, and is asked again.
import {
  apiVersionsApi,
  type Decoded,
  decodeMessage,
  errorCode,
  errorName,
  KafkaError,
} from '@weir/protocol'
import type { Connection } from './connection.ts'

export interface ApiVersionRange {
  readonly minVersion: number
  readonly maxVersion: number
}

export type VersionTable = ReadonlyMap<number, ApiVersionRange>

const SOFTWARE_NAME = 'weir'
const SOFTWARE_VERSION = '1.0.0'
const CORRELATION_ID_BYTES = 4

type ApiVersionsAnswer = Decoded<typeof apiVersionsApi.response>

export async function negotiateApiVersions(
  connection: Connection,
  timeoutMs: number,
): Promise<VersionTable> {
  let answer = await ask(connection, apiVersionsApi.maxVersion, timeoutMs)
  if (answer.errorCode === errorCode('UNSUPPORTED_VERSION')) {
    const known = answer.apiKeys.find(range => range.apiKey === apiVersionsApi.key)
    const version = Math.min(known?.maxVersion ?? 0, apiVersionsApi.maxVersion)
    answer = await ask(connection, version, timeoutMs)
  }
  if (answer.errorCode !== 0) {
    throw new KafkaError(errorName(answer.errorCode), 'the broker refused ApiVersions')
  }
  return new Map(answer.apiKeys.map(range => [range.apiKey, range]))
}

function ask(
  connection: Connection,
  version: number,
  timeoutMs: number,
): Promise<ApiVersionsAnswer> {
  const body = {
    clientSoftwareName: SOFTWARE_NAME,
    clientSoftwareVersion: SOFTWARE_VERSION,
  }
  return connection.exchange(apiVersionsApi, version, body, {
    name: apiVersionsApi.name,
    timeoutMs,
    decode: frame => {
      // The header is always the plain one, and a refusal has the body of version 0.
      const isRefused =
        frame.length >= CORRELATION_ID_BYTES + 2 &&
        frame.readInt16BE(CORRELATION_ID_BYTES) === errorCode('UNSUPPORTED_VERSION')
      const bodyVersion = isRefused ? 0 : version
      return decodeMessage(apiVersionsApi.response, bodyVersion, frame, CORRELATION_ID_BYTES)
    },
  })
}
