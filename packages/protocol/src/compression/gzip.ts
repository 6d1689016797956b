// gzip through zlib. Bytes behind the stream are damage, unless they are zeros (Kafka ignores all).

import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { OutputLimitError, RecordsError } from '../records-error.ts'

export function compressGzip(data: Buffer, level: number | null): Buffer {
  return gzipSync(data, { level: level ?? constants.Z_DEFAULT_COMPRESSION })
}

export function decompressGzip(data: Buffer, maxOutputBytes: number): Buffer {
  try {
    return gunzipSync(data, { maxOutputLength: Math.max(1, maxOutputBytes) })
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new OutputLimitError(maxOutputBytes)
    }
    throw new RecordsError('CORRUPT_MESSAGE', 'the gzip stream is damaged', error)
  }
}
