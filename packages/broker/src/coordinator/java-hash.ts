// Java's String.hashCode, which decides the partition that keeps a group or a transactional id.

/** A signed 32-bit number over the UTF-16 units of the text. */
export function javaHashCode(text: string): number {
  let hash = 0
  for (let index = 0; index < text.length; index++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0
  }
  return hash
}
