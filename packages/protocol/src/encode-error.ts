/**
 * A value that its message table or version cannot hold: a bug of ours, but of one request only, which
 * ends its connection and not the node. Nothing of the message has been sent.
 */
export class EncodeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'EncodeError'
  }
}
