// The APIs that this node serves: one row each, in the order of their keys. ApiVersions answers from
// this table and dispatch.ts looks requests up in it; nothing else lists them.
//
// A row: row(fetchApi, handleFetch, { errorResponse }). Add yours in its place.

import type { ApiRow } from './api-row.ts'

export const API_ROWS: readonly ApiRow[] = []
