// Uuids are 22 characters of URL-safe base64 everywhere in TypeScript, 16 bytes on the wire.

export const UUID_BYTES = 16
const UUID_CHARACTERS = 22

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const SIXES = new Uint8Array(128).fill(255)
for (let six = 0; six < ALPHABET.length; six++) SIXES[ALPHABET.charCodeAt(six)] = six

/** Reads 16 bytes; the caller has checked that they are there. */
export function readUuid(buffer: Buffer, at: number): string {
  return buffer.toString('base64url', at, at + UUID_BYTES)
}

/** Writes 16 bytes at `at`. False, with nothing promised about the bytes, if the text is no uuid. */
export function writeUuid(buffer: Buffer, at: number, text: string): boolean {
  if (text.length !== UUID_CHARACTERS) return false
  let bits = 0
  let bitCount = 0
  let position = at
  for (let i = 0; i < UUID_CHARACTERS; i++) {
    const code = text.charCodeAt(i)
    const six = code < 128 ? (SIXES[code] as number) : 255
    if (six === 255) return false
    bits = ((bits << 6) | six) & 0xffff
    bitCount += 6
    if (bitCount >= 8) {
      bitCount -= 8
      buffer[position++] = (bits >> bitCount) & 0xff
    }
  }
  // 22 characters carry 132 bits: the last four must be zero, or two texts would name one uuid.
  return (bits & 0x0f) === 0
}
