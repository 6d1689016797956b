// Patterns of subscriptions, which come from clients: RE2 syntax, matched in linear time. What would
// take long to compile or to match all the same is refused: repetitions multiply a pattern, and a
// small text can ask for a huge program (docs/traps.md H7: 50 ms).

import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'

type Re2 = typeof import('re2js')

/** 260 KB of tables of Unicode, loaded when the first pattern comes. */
let library: Re2 | undefined

/** Characters of a pattern with its counted repetitions written out. */
const MAX_EXPANDED_CHARACTERS = 2500
/** Instructions of the compiled program: 1,800 were measured to hold the event loop for 150 ms. */
const MAX_PROGRAM_SIZE = 1000
const TOO_COSTLY = 'it is too costly'
/** What a class of Unicode characters counts: it stands for many ranges. */
const UNICODE_CLASS_CHARACTERS = 20

/** Null if the text is not a pattern in RE2 syntax, or one that is too costly. */
export function compilePattern(text: string): RE2JS | null {
  const compiled = compile(text)
  return typeof compiled === 'string' ? null : compiled
}

/** Why a text is no pattern, in the words of RE2; null if it is one. */
export function patternProblem(text: string): string | null {
  const compiled = compile(text)
  return typeof compiled === 'string' ? compiled : null
}

function compile(text: string): RE2JS | string {
  if (expandedLength(text) > MAX_EXPANDED_CHARACTERS) return TOO_COSTLY
  library ??= createRequire(import.meta.url)('re2js') as Re2
  try {
    const compiled = library.RE2JS.compile(text)
    return compiled.programSize() > MAX_PROGRAM_SIZE ? TOO_COSTLY : compiled
  } catch (error) {
    // The library's word for a malformed pattern: the only thing that compile throws.
    if (error instanceof library.RE2JSSyntaxException) return error.getDescription()
    throw error
  }
}

interface Open {
  /** Of the group so far. */
  length: number
  /** Of its last part, which a repetition would multiply. */
  last: number
}

/** An upper estimate; malformed patterns get some number. */
export function expandedLength(text: string): number {
  const outer: Open[] = []
  let open: Open = { length: 0, last: 0 }
  const add = (length: number) => {
    open.length += length
    open.last = length
  }
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '\\') {
      at++
      const isUnicode = text[at] === 'p' || text[at] === 'P'
      add(isUnicode ? UNICODE_CLASS_CHARACTERS : 2)
    } else if (character === '[') {
      const end = endOfClass(text, at)
      add(end - at + 1)
      at = end
    } else if (character === '(') {
      outer.push(open)
      open = { length: 1, last: 0 }
    } else if (character === ')') {
      const { length } = open
      open = outer.pop() ?? { length: 0, last: 0 }
      add(length + 1)
    } else if (character === '{') {
      const counted = /^\{(\d+)(?:,(\d*))?\}/.exec(text.slice(at, at + 16))
      if (counted === null) {
        add(1)
        continue
      }
      const times = Math.max(Number(counted[1]), Number(counted[2] ?? 0), 1)
      open.length += open.last * (times - 1)
      open.last *= times
      at += counted[0].length - 1
    } else {
      add(1)
    }
  }
  for (const group of outer) open.length += group.length
  return open.length
}

function endOfClass(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    // A bracket right behind the start is a member of the class.
    else if (text[at] === ']' && at > start + 1) return at
  }
  return text.length - 1
}
