// Tables as the Java tools print them: cells padded to the width of their column, each line with its
// line break in front.
import { left } from './tool.ts'

/** As wide as the widest cell, or so wide whatever is in it; the title never counts. */
export type ColumnWidth = { readonly atLeast: number } | number

export interface ToolColumn<Row> {
  readonly title: string
  readonly width: ColumnWidth
  readonly cell: (row: Row) => string | number
}

export function renderToolTable<Row>(
  columns: readonly ToolColumn<Row>[],
  rows: readonly Row[],
  lineEnd = '',
): string {
  const widths = columns.map(({ width, cell }) =>
    typeof width === 'number'
      ? width
      : Math.max(width.atLeast, ...rows.map(row => String(cell(row)).length)),
  )
  const lines = [
    columns.map(column => column.title),
    ...rows.map(row => columns.map(column => column.cell(row))),
  ]
  return lines
    .map(cells => `\n${cells.map((cell, i) => left(cell, widths[i] ?? 0)).join(' ')}${lineEnd}`)
    .join('')
}
