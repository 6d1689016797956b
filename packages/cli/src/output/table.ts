// Tables of plain text: columns as wide as their longest cell, two spaces between, the header bold
// on a terminal, numbers to the right, no trailing blanks. The same in a pipe, so that awk works.
import type { Output } from '../io.ts'
import { type Style, styled } from './style.ts'

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string | number | null | undefined
  readonly align?: 'left' | 'right'
}

/** What stands in a cell that has no value: never blank, so that fields can be counted. */
const ABSENT = '-'

/** Lines with a line end each. An empty list of rows gives only the header. */
export function renderTable<Row>(
  output: Output,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const cells = rows.map(row => columns.map(column => printable(column.cell(row))))
  const widths = columns.map((column, index) =>
    Math.max(width(column.title), ...cells.map(line => width(line[index] ?? ''))),
  )
  const format = (line: readonly string[]): string =>
    line
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join('  ')
      .trimEnd()
  const header = styled(output, 'bold', format(columns.map(column => column.title)))
  return `${[header, ...cells.map(format)].join('\n')}\n`
}

export interface Field {
  readonly name: string
  readonly value: string | number | null | undefined
  readonly style?: Style
}

/** Names and values below each other, the values in one column. */
export function renderFields(output: Output, fields: readonly Field[]): string {
  const longest = Math.max(0, ...fields.map(field => width(field.name)))
  return fields
    .map(({ name, value, style }) => {
      const label = styled(output, 'bold', `${name}:`)
      const text = style === undefined ? printable(value) : styled(output, style, printable(value))
      return `${label}${' '.repeat(longest - width(name) + 2)}${text}\n`
    })
    .join('')
}

function printable(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === '') return ABSENT
  return sanitise(String(value))
}

/** Control characters of foreign text must not reach the terminal or break a line of a table. */
export function sanitise(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it removes
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
}

function pad(cell: string, target: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(0, target - width(cell)))
  return align === 'right' ? blanks + cell : cell + blanks
}

/** Columns on a terminal, near enough: wide East Asian characters count two, marks none. */
function width(text: string): number {
  let columns = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code >= 0x300 && code <= 0x36f) continue
    columns += isWide(code) ? 2 : 1
  }
  return columns
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff)
  )
}
