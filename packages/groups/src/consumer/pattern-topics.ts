// Which topics a pattern matches, remembered until topics come or go. In a large cluster that is
// looked up in steps, so that nobody waits for it: the answer is there a few steps later.

import type { TopicsView } from '../types.ts'
import { compilePattern } from './patterns.ts'

/** Names that are matched in one step: a few milliseconds with a slow pattern. */
const NAMES_PER_STEP = 1000
/** Patterns that are remembered; the oldest gives way, and is matched again if it is still in use. */
const MAX_PATTERNS = 200

interface Matching {
  /** `namesVersion` of the topics when it began. */
  readonly version: number
  readonly names: readonly string[]
  readonly found: Set<string>
  next: number
}

interface Entry {
  done: { readonly version: number; readonly topics: ReadonlySet<string> } | null
  matching: Matching | null
}

export class PatternTopics {
  readonly #topics: TopicsView
  readonly #entries = new Map<string, Entry>()

  constructor(topics: TopicsView) {
    this.#topics = topics
  }

  /** Null if it takes more steps: see `advance`. A pattern that does not compile matches nothing. */
  resolve(pattern: string): ReadonlySet<string> | null {
    const entry = this.#entry(pattern)
    const version = this.#topics.namesVersion
    if (entry.done?.version === version) return entry.done.topics
    if (entry.matching?.version !== version) {
      const names = [...this.#topics.names()]
      entry.matching = { version, names, found: new Set(), next: 0 }
      this.#step(pattern, entry)
    }
    return entry.done?.version === version ? entry.done.topics : null
  }

  /** One step for the pattern whose turn it is. False if there is nothing to do any more. */
  advance(): boolean {
    for (const [pattern, entry] of this.#entries) {
      if (entry.matching === null) continue
      this.#step(pattern, entry)
      return true
    }
    return false
  }

  #entry(pattern: string): Entry {
    let entry = this.#entries.get(pattern)
    if (entry !== undefined) return entry
    if (this.#entries.size >= MAX_PATTERNS) {
      const [oldest] = this.#entries.keys()
      if (oldest !== undefined) this.#entries.delete(oldest)
    }
    entry = { done: null, matching: null }
    this.#entries.set(pattern, entry)
    return entry
  }

  #step(pattern: string, entry: Entry): void {
    const { matching } = entry
    if (matching === null) return
    const { names, found, version } = matching
    const compiled = compilePattern(pattern)
    const end = Math.min(matching.next + NAMES_PER_STEP, names.length)
    for (let at = matching.next; at < end; at++) {
      const name = names[at]
      if (name !== undefined && compiled?.matches(name) === true) found.add(name)
    }
    matching.next = end
    if (end < names.length) return
    entry.done = { version, topics: found }
    entry.matching = null
  }
}

/** All groups that look at the same topics share what was matched. */
const allPatterns = new WeakMap<TopicsView, PatternTopics>()

export function patternTopicsOf(topics: TopicsView): PatternTopics {
  let patterns = allPatterns.get(topics)
  if (patterns === undefined) {
    patterns = new PatternTopics(topics)
    allPatterns.set(topics, patterns)
  }
  return patterns
}
