import t from 'tap'
import { formatAddress, parseAddresses } from './address.ts'

t.test('lists of addresses are read', async t => {
  t.same(parseAddresses('a:1, b:2'), [
    { host: 'a', port: 1 },
    { host: 'b', port: 2 },
  ])
  t.same(parseAddresses('kafka.example.org'), [{ host: 'kafka.example.org', port: 9092 }])
  t.same(parseAddresses('[::1]:9093'), [{ host: '::1', port: 9093 }])
})

t.test('what is no address is null', async t => {
  for (const text of ['', 'a:', 'a:0', 'a:65536', 'a b:1', 'a:1,', '::1', 'http://a:1']) {
    t.equal(parseAddresses(text), null, text)
  }
})

t.test('an address is written as it is read', async t => {
  for (const text of ['a:1', '[fe80::1]:9092']) {
    t.equal(parseAddresses(text)?.map(formatAddress).join(), text)
  }
})
