// The one error that reading record batches throws: bytes that are not what they claim to be.

/** A record batch or a compressed payload that cannot be read; `errorName` is Kafka's answer. */
export class RecordsError extends Error {
  readonly errorName: 'CORRUPT_MESSAGE' | 'INVALID_RECORD' | 'UNSUPPORTED_COMPRESSION_TYPE'

  constructor(errorName: RecordsError['errorName'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RecordsError'
    this.errorName = errorName
  }
}

/** The output budget of a decompression was used up: a bomb, or a job for a worker thread. */
export class OutputLimitError extends RecordsError {
  readonly maxOutputBytes: number

  constructor(maxOutputBytes: number) {
    super('CORRUPT_MESSAGE', `compressed records exceed the limit of ${maxOutputBytes} bytes`)
    this.name = 'OutputLimitError'
    this.maxOutputBytes = maxOutputBytes
  }
}
