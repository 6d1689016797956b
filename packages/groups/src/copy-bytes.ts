// Copies for what outlives its request or the batch that was read: a slice would pin the whole
// frame, and a copy out of Node's shared pool a slab of 8 KiB.

export function copyBytes(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
