import t from 'tap'
import { CommandError, UsageError } from '../errors.ts'
import type { Output } from '../io.ts'
import { memoryIo } from '../testing/memory-io.ts'
import { confirm } from './confirm.ts'
import { type PrintableRecord, parseRecordFormat } from './record-format.ts'
import { recordToJson } from './record-json.ts'
import { renderFields, renderTable } from './table.ts'

const PLAIN: Output = {
  isTerminal: false,
  hasColors: false,
  columns: Number.POSITIVE_INFINITY,
  write: () => undefined,
}

const RECORD: PrintableRecord = {
  topic: 'orders',
  partition: 2,
  offset: 41,
  timestamp: 1_700_000_000_000,
  key: Buffer.from('k'),
  value: Buffer.from('välue'),
  headers: [
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
  ],
}

t.test('a table has columns as wide as their cells and no trailing blanks', async t => {
  const rows = [
    { name: 'a', count: 5 },
    { name: 'long-name', count: null },
  ]
  const text = renderTable(
    PLAIN,
    [
      { title: 'NAME', cell: row => row.name },
      { title: 'COUNT', cell: row => row.count, align: 'right' },
    ],
    rows,
  )
  t.equal(text, 'NAME       COUNT\na              5\nlong-name      -\n')
})

t.test('control characters of names do not reach the terminal', async t => {
  const column = { title: 'N', cell: (row: string) => row }
  const text = renderTable(PLAIN, [column], ['evil\u001b[2Jname\nsecond'])
  t.equal(text, 'N\nevil\ufffd[2Jname\ufffdsecond\n')
})

t.test('wide characters count two columns', async t => {
  const columns = [
    { title: 'A', cell: (row: readonly string[]) => row[0] },
    { title: 'B', cell: (row: readonly string[]) => row[1] },
  ]
  t.equal(
    renderTable(PLAIN, columns, [
      ['日本', 'x'],
      ['ab', 'y'],
    ]),
    'A     B\n日本  x\nab    y\n',
  )
})

t.test('fields have their values in one column', async t => {
  const text = renderFields(PLAIN, [
    { name: 'A', value: 1 },
    { name: 'Long', value: '' },
  ])
  t.equal(text, 'A:     1\nLong:  -\n')
})

t.test('every letter of a format string prints its field', async t => {
  const format = parseRecordFormat('%t|%p|%o|%k|%s|%K|%S|%T|%D|%h|%%\\t\\x41\\n')
  t.equal(
    format(RECORD).toString(),
    'orders|2|41|k|välue|1|6|1700000000000|2023-11-14T22:13:20.000Z|a=1,b=NULL|%\tA\n',
  )
})

t.test('null keys and values print nothing and have size -1', async t => {
  const format = parseRecordFormat('[%k][%s] %K %S')
  t.equal(format({ ...RECORD, key: null, value: null }).toString(), '[][] -1 -1')
})

t.test('binary values pass through a format unharmed', async t => {
  const value = Buffer.from([0, 255, 128, 10])
  t.ok(parseRecordFormat('%s')({ ...RECORD, value }).equals(value))
})

t.test('an unknown letter is a usage error that lists the known ones', async t => {
  t.throws(() => parseRecordFormat('%q'), UsageError)
})

t.test('JSON has text where the bytes are UTF-8 and base64 where they are not', async t => {
  const json = JSON.parse(recordToJson({ ...RECORD, key: Buffer.from([255]) }))
  t.match(json, { key: null, keyBase64: '/w==', value: 'välue', headers: { a: '1', b: null } })
})

t.test('headers whose names repeat are a list, so that none is lost', async t => {
  const header = { key: 'a', value: Buffer.from('1') }
  const json = JSON.parse(recordToJson({ ...RECORD, headers: [header, header] }))
  t.same(json.headers, [
    ['a', '1'],
    ['a', '1'],
  ])
})

t.test('a styled value keeps its colour, and foreign escapes still do not pass', async t => {
  const text = renderFields({ ...PLAIN, hasColors: true }, [
    { name: 'A', value: 'evil\u001b[2J', style: 'cyan' },
  ])
  t.match(text, '\u001b[36mevil\ufffd[2J\u001b[39m')
})

t.test(
  'only the expected answer confirms, and where nobody can be asked nothing is asked',
  async t => {
    const confirmation = { warning: 'This deletes x.', expected: 'x' }
    const asked = (input: string) =>
      confirm({ ...memoryIo(input), isInteractive: true }, confirmation)
    await asked('x\n')
    for (const input of ['y\n', '\n', '']) {
      await t.rejects(asked(input), CommandError, JSON.stringify(input))
    }
    await t.rejects(confirm(memoryIo('x\n'), confirmation), /add --yes/)
  },
)
