// Uuids in Kafka's text form: 22 characters of URL-safe base64 without padding.

/** The uuid of 16 zero bytes, which stands for "none" on the wire. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/**
 * A random version 4 uuid. One whose text starts with '-' is never made (command lines would take
 * it for a flag), and so are not the two that Kafka reserves (all zero but for the last bit).
 */
export function randomUuid(random: { bytes(count: number): Buffer }): string {
  for (;;) {
    const bytes = random.bytes(16)
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    const text = bytes.toString('base64url')
    if (!text.startsWith('-')) return text
  }
}
