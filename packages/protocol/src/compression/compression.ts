// The codecs of record batches, by name and by the number in the attributes. Synchronous: thread
// pool completions could not be replayed. Every decompression has an output budget.

import { RecordsError } from '../records-error.ts'
import { compressGzip, decompressGzip } from './gzip.ts'
import { compressLz4, decompressLz4 } from './lz4.ts'
import { compressSnappy, decompressSnappy } from './snappy.ts'
import { compressZstd, decompressZstd } from './zstd.ts'

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

const CODECS: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** The codec of a number in batch attributes, null if there is none. */
export function codecOfId(id: number): Codec | null {
  return CODECS[id] ?? null
}

export function idOfCodec(codec: Codec): number {
  return CODECS.indexOf(codec)
}

/** `level` null is the codec's default; codecs without levels ignore it. */
export function compress(codec: Codec, level: number | null, data: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return data
    case 'gzip':
      return compressGzip(data, level)
    case 'snappy':
      return compressSnappy(data)
    case 'lz4':
      return compressLz4(data)
    case 'zstd':
      return compressZstd(data, level)
  }
}

/**
 * Throws RecordsError if the bytes are damaged, OutputLimitError if there are more than
 * `maxOutputBytes`. The result may be a slice of `data`.
 */
export function decompress(codec: Codec, data: Buffer, maxOutputBytes: number): Buffer {
  switch (codec) {
    case 'none':
      return data
    case 'gzip':
      return decompressGzip(data, maxOutputBytes)
    case 'snappy':
      return decompressSnappy(data, maxOutputBytes)
    case 'lz4':
      return decompressLz4(data, maxOutputBytes)
    case 'zstd':
      return decompressZstd(data, maxOutputBytes)
  }
}

/** Throws RecordsError for a codec number that does not exist. */
export function requireCodec(id: number): Codec {
  const codec = codecOfId(id)
  if (codec === null) throw new RecordsError('CORRUPT_MESSAGE', `unknown codec ${id}`)
  return codec
}
