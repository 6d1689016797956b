// Text like that of application events: what compresses three to five times, as real topics do.

import type { Env } from '@weir/core'

const KINDS = ['page_view', 'add_to_cart', 'checkout', 'payment', 'search', 'login']
const COUNTRIES = ['de', 'fr', 'us', 'jp', 'br', 'in', 'pl']

/** Lines of JSON, cut off at `bytes`. */
export function eventText(env: Env, bytes: number): Buffer {
  const lines: string[] = []
  let length = 0
  while (length < bytes) {
    const line = `${JSON.stringify({
      kind: KINDS[env.random.below(KINDS.length)],
      country: COUNTRIES[env.random.below(COUNTRIES.length)],
      user: env.random.below(1_000_000),
      session: env.random.uuid(),
      amount: env.random.below(100_000) / 100,
      at: 1_790_000_000_000 + env.random.below(1_000_000_000),
    })}\n`
    lines.push(line)
    length += line.length
  }
  return Buffer.from(lines.join('')).subarray(0, bytes)
}
