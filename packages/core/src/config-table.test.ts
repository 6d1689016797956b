import t from 'tap'
import { nearestName, parseSetting, type SettingRow } from './config-table.ts'

function row(parts: Partial<SettingRow>): SettingRow {
  return {
    key: 'k',
    type: 'string',
    defaultText: null,
    isNullable: true,
    update: 'read-only',
    support: 'supported',
    doc: 'A setting.',
    ...parts,
  }
}

const PARSED: [Partial<SettingRow>, string, unknown][] = [
  [{ type: 'boolean' }, ' TRUE ', true],
  [{ type: 'boolean' }, 'false', false],
  [{ type: 'int' }, '-12', -12],
  [{ type: 'int' }, '2147483647', 2_147_483_647],
  [{ type: 'long' }, '9223372036854775807', 2 ** 63],
  [{ type: 'long', min: -1 }, '-1', -1],
  [{ type: 'double', min: 0, max: 1 }, '0.25', 0.25],
  [{ type: 'double' }, '1.7976931348623157E308', Number.MAX_VALUE],
  [{ type: 'list' }, 'a, b,c', ['a', 'b', 'c']],
  [{ type: 'list' }, '', []],
  [{ type: 'list', oneOf: ['x', 'y'] }, 'y,x', ['y', 'x']],
  [{ oneOf: ['UPGRADE'], ignoresCase: true }, 'upgrade', 'upgrade'],
]

for (const [parts, text, expected] of PARSED) {
  t.test(`${parts.type ?? 'string'} "${text}" is legal`, t => {
    t.same(parseSetting(row(parts), text), { kind: 'value', value: expected })
    t.end()
  })
}

const REFUSED: [Partial<SettingRow>, string, string][] = [
  [{ type: 'boolean' }, 'yes', 'Expected value to be either true or false'],
  [{ type: 'int' }, '2147483648', 'Not a number of type INT'],
  [{ type: 'short' }, '40000', 'Not a number of type SHORT'],
  [{ type: 'long' }, '9223372036854775808', 'Not a number of type LONG'],
  [{ type: 'long' }, '1e3', 'Not a number of type LONG'],
  [{ type: 'long' }, '', 'Not a number of type LONG'],
  [{ type: 'long', min: -1 }, '-2', 'Value must be at least -1'],
  [{ type: 'double', min: 0, max: 1 }, '1.5', 'Value must be no more than 1'],
  [{ type: 'double' }, 'half', 'Not a number of type DOUBLE'],
  [{ oneOf: ['a', 'b'] }, 'c', 'String must be one of: a, b'],
  [{ type: 'list', oneOf: ['a', 'b'] }, 'a,c', 'String must be one of: a, b'],
  [{ type: 'list', oneOf: ['a', 'b'] }, 'a,a', 'Values must not be duplicated'],
  [{ check: () => 'no good' }, 'x', 'no good'],
]

for (const [parts, text, problem] of REFUSED) {
  t.test(`${parts.type ?? 'string'} "${text}" is refused: ${problem}`, t => {
    const message = `Invalid value ${text} for configuration k: ${problem}`
    t.same(parseSetting(row(parts), text), { kind: 'invalid', message })
    t.end()
  })
}

t.test('a refused password is not repeated in the message', t => {
  const parsed = parseSetting(row({ type: 'password', check: () => 'too short' }), 'secret')
  t.notMatch(JSON.stringify(parsed), /secret/)
  t.end()
})

t.test('the nearest name is suggested, and none when all are far', t => {
  const known = ['log.retention.ms', 'log.retention.bytes', 'log.roll.ms', 'listeners']
  t.equal(nearestName('log.retention.m', known), 'log.retention.ms')
  t.equal(nearestName('log.retension.bytes', known), 'log.retention.bytes')
  t.equal(nearestName('listener', known), 'listeners')
  t.equal(nearestName('zookeeper.connect', known), null)
  t.end()
})
