import t from 'tap'
import { compilePattern, expandedLength, patternProblem } from './patterns.ts'

t.test('patterns match whole names', async t => {
  const pattern = compilePattern('logs-.*|audit')
  t.equal(pattern?.matches('logs-a'), true)
  t.equal(pattern?.matches('audit'), true)
  t.equal(pattern?.matches('audit-2'), false)
  t.equal(pattern?.matches('my-logs-a'), false)
})

t.test('many topics by name are a legal pattern', async t => {
  const names = Array.from({ length: 100 }, (_, index) => `my-topic-name-${index}`)
  t.equal(compilePattern(names.join('|'))?.matches('my-topic-name-42'), true)
})

t.test('what is no RE2 pattern is refused', async t => {
  for (const text of ['(', 'a)', '[a', '*', 'a{2', '(?=a)', '\\1', 'a{1001}', '(?<n>']) {
    if (text === 'a{2') t.ok(compilePattern(text), 'a lone brace is a character')
    else t.equal(compilePattern(text), null, text)
  }
})

t.test('what would hold the event loop is refused', async t => {
  for (const text of [
    '((a{100}){100}){100}',
    '(?:a?){900}',
    '(?:a?){1000}'.repeat(4),
    '(.*a){300}',
    '(a|b|c|d){1000}'.repeat(200),
    '(.*)'.repeat(1000),
    '\\pN{900}'.repeat(300),
    '[^b]{1000}'.repeat(100),
    'x'.repeat(100_000),
    '('.repeat(5000),
  ]) {
    t.equal(compilePattern(text), null, text.slice(0, 30))
  }
  // The compiler has other words for it: it is not asked.
  t.equal(patternProblem('((a{100}){100}){100}'), 'it is too costly')
})

t.test('the corpus of slow patterns is matched quickly, because of what they are', async t => {
  const name = `${'a'.repeat(248)}!`
  for (const text of [
    '^(a+)+$',
    '(a*)*b',
    '(x+x+)+y',
    '(a|aa)+$',
    '(.*)*(.*)*(.*)*c',
    '(?:a?){100}',
  ]) {
    t.equal(compilePattern(text)?.matches(name), false, text)
  }
})

t.test('the expanded length counts repetitions', async t => {
  for (const [text, length] of [
    ['abc', 3],
    ['a{10}', 10],
    ['(ab){10}', 40],
    ['((a{10}){10}){2}', 244],
    ['[abc]{3}', 15],
    ['[]]', 3],
    ['\\.{4}', 8],
    ['\\pN', 21],
    ['a{,5}', 5],
    ['a{2,5}', 5],
    ['a{3,}', 3],
  ] as const) {
    t.equal(expandedLength(text), length, text)
  }
})
