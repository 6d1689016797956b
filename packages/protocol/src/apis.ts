// The APIs by their key, for code that works on any of them. What a broker of ours serves, and on
// which listener, is another table (server/api-table.ts of the broker).

import * as definitions from './definitions/index.ts'
import type { ApiDefinition } from './schema.ts'

export const apis: readonly ApiDefinition[] = Object.values(definitions)

const byKey = new Map(apis.map(api => [api.key, api]))

export function apiByKey(key: number): ApiDefinition | undefined {
  return byKey.get(key)
}
