// Java's .properties format, in which server.properties is written: comments, continued lines,
// escapes, and the three ways to separate a key from its value.

export interface Property {
  readonly key: string
  readonly value: string
  /** Where it begins, counted from 1. */
  readonly line: number
}

/** All properties in order; a key may come twice (the last one holds). */
export function parseProperties(text: string): Property[] {
  const found: Property[] = []
  const lines = text.split(/\r\n|\n|\r/)
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1
    let logical = trimStart(lines[i] ?? '')
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue
    while (endsInOpenBackslash(logical)) {
      logical = logical.slice(0, -1)
      if (i + 1 >= lines.length) break
      logical += trimStart(lines[++i] ?? '')
    }
    const end = keyEnd(logical)
    const rest = logical.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
    found.push({ key: unescaped(logical.slice(0, end)), value: unescaped(rest), line })
  }
  return found
}

function trimStart(line: string): string {
  return line.replace(/^[ \t\f]+/, '')
}

/** An odd number of backslashes at the end continues the line. */
function endsInOpenBackslash(line: string): boolean {
  let count = 0
  while (line[line.length - 1 - count] === '\\') count++
  return count % 2 === 1
}

/** The key ends at the first separator that is not escaped. */
function keyEnd(line: string): number {
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '\\') i++
    else if (/[=: \t\f]/.test(line[i] ?? '')) return i
  }
  return line.length
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
])

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.)|$)/g, (_, hex?: string, letter = '') =>
    hex === undefined
      ? (ESCAPES.get(letter) ?? letter)
      : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
