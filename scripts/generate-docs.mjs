// Makes docs/config.md from the tables of settings, docs/metrics.md from the table of metrics, and
// docs/apis.md from the table of APIs and the comments at the top of their handlers. With --check it only says whether the files are up to date,
// whether every setting that the tables call supported is read somewhere, and whether the handlers
// name the versions that the table has (exit code 1 if not).
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepare, ROOT } from './prepare.mjs'

if (!process.argv.includes('--no-build')) prepare()
const { allGroupRows, allTopicRows, BROKER_AREAS } = await import(
  new URL('../packages/settings/dist/index.js', import.meta.url).href
)
const { LATENCY_BOUNDS_SECONDS, METRIC_AREAS } = await import(
  new URL('../packages/core/dist/metrics/index.js', import.meta.url).href
)
const { API_ROWS } = await import(
  new URL('../packages/broker/dist/server/api-table.js', import.meta.url).href
)

const problems = []

const INTRO = `# Settings

Made by \`node scripts/generate-docs.mjs\` from the tables in \`packages/settings\`: do not edit.

Names, types and defaults are Kafka's, so that a \`server.properties\` works as it is; where Weir's
default differs, Kafka's is named. Sources, later wins: defaults, \`--config FILE\`, environment
(\`WEIR_LOG_RETENTION_HOURS=24\`), \`--set key=value\`, flags. \`WEIR_\` variables of our own settings
leave out their \`weir.\`: \`WEIR_HTTP_LISTEN\`.

Change: **no** = at a restart, **broker** = for one running broker, **all** = for all running brokers
at once.
`

const CHANGE = { 'read-only': 'no', 'per-broker': 'broker', 'cluster-wide': 'all' }

function text(value) {
  if (value === null) return '-'
  return value === '' ? '(empty)' : `\`${value.replaceAll('|', '\\|')}\``
}

function range(row) {
  if (row.oneOf !== undefined) return row.oneOf.join(', ')
  if (row.min === undefined && row.max === undefined) return ''
  return `${row.min ?? ''}..${row.max ?? ''}`
}

function kind(row) {
  const parts = [row.unit === undefined ? row.type : `${row.type}, ${row.unit}`, range(row)]
  return parts.filter(part => part !== '').join('; ')
}

function usedTable(rows, isTopic) {
  const lines = [
    `| setting | type and range | default | ${isTopic ? 'broker setting' : 'change'} | meaning |`,
    '| --- | --- | --- | --- | --- |',
  ]
  for (const row of rows) {
    const from = isTopic
      ? (row.brokerKeys ?? []).map(key => `\`${key}\``).join(', ')
      : CHANGE[row.update]
    const kafka = row.kafkaDefault === undefined ? '' : ` (Kafka: ${text(row.kafkaDefault)})`
    const cells = [`\`${row.key}\``, kind(row), text(row.defaultText) + kafka, from, row.doc]
    lines.push(`| ${cells.join(' | ')} |`)
  }
  return lines.join('\n')
}

function unusedTable(rows) {
  const lines = ['| setting | default | meaning | why not |', '| --- | --- | --- | --- |']
  for (const row of rows) {
    lines.push(`| \`${row.key}\` | ${text(row.defaultText)} | ${row.doc} | ${row.reason} |`)
  }
  return lines.join('\n')
}

function section(title, rows, isTopic = false) {
  const of = support => rows.filter(row => row.support === support)
  const parts = [`### ${title}`]
  if (of('supported').length > 0) parts.push(usedTable(of('supported'), isTopic))
  if (of('refused').length > 0) {
    parts.push('Refused, unless it says the default:', unusedTable(of('refused')))
  }
  if (of('accepted').length > 0) {
    parts.push('Taken without effect, with a warning:', unusedTable(of('accepted')))
  }
  return parts.join('\n\n')
}

const configPage = [
  INTRO,
  '## Broker settings\n',
  ...Object.entries(BROKER_AREAS).map(([title, rows]) => `${section(title, rows)}\n`),
  '## Topic and group settings\n',
  `${section('Topics', [...allTopicRows()], true)}\n`,
  `${section('Groups', [...allGroupRows()], true)}\n`,
].join('\n')

/** The source of all packages but the tables themselves. */
function allSource(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap(entry => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        const isSource = !['dist', 'node_modules', 'testdata', 'tables'].includes(entry.name)
        return isSource ? [allSource(path)] : []
      }
      const isCode = entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts')
      return isCode ? [readFileSync(path, 'utf8')] : []
    })
    .join('\n')
}

/** Bounds of group settings: group-settings.ts puts their names together. */
const GROUP_BOUND = /^group\.(consumer|share|streams)\.(min|max)\./

/** Broker settings that are called supported although nothing reads them. */
function unreadSettings() {
  const source = allSource(join(ROOT, 'packages'))
  const inherited = [...allTopicRows(), ...allGroupRows()].flatMap(row => row.brokerKeys ?? [])
  return Object.values(BROKER_AREAS)
    .flat()
    .filter(row => row.support === 'supported' && !inherited.includes(row.key))
    .filter(row => !source.includes(`'${row.key}'`) && !GROUP_BOUND.test(row.key))
    .map(row => row.key)
}

const APIS_INTRO = `# APIs

Made by \`node scripts/generate-docs.mjs\` from the table of APIs and the comments of their handlers:
do not edit.

What a node answers, with Apache Kafka 4.3.1's version ranges, and on which of its listeners: those of
clients (broker), or the one for other nodes (controller). ApiVersions lists the same; a request for
anything else closes the connection, with a line in the log. What is marked *passed on* is answered by
the active controller, whichever broker is asked.
`

/** The comment at the top of each handler: its lines, joined by paragraph. */
function handlerComments() {
  const folder = join(ROOT, 'packages', 'broker', 'src', 'handlers')
  return readdirSync(folder)
    .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map(name => {
      const lines = readFileSync(join(folder, name), 'utf8').split('\n')
      const end = lines.findIndex(line => !line.startsWith('//'))
      const paragraphs = lines.slice(0, end).map(line => line.replace(/^\/\/ ?/, ''))
      return paragraphs.join('\n').split('\n\n')[0]
    })
}

function apiLine(row, comments) {
  const { name } = row.definition
  const pattern = new RegExp(`\\b${name}(?: \\([^)]*\\))?, versions? (\\d+)(?:-(\\d+))?`)
  const comment = comments.find(text => pattern.test(text)) ?? ''
  const [, min, max = min] = pattern.exec(comment) ?? []
  if (Number(min) !== row.minVersion || Number(max) !== row.maxVersion) {
    const range = `${row.minVersion}-${row.maxVersion}`
    problems.push(`the handler of ${name} does not say that it answers versions ${range}`)
  }
  const difference = /^Differences? from Kafka: ([\s\S]*)$/m
    .exec(comment)?.[1]
    .replaceAll('\n', ' ')
  if (difference === undefined) {
    problems.push(`the handler of ${name} does not say where it differs from Kafka`)
  }
  const versions = `${row.advertisedMinVersion}-${row.maxVersion}`
  const listeners = row.listeners.join(', ') + (row.definition.isOfController ? ', passed on' : '')
  return `| ${row.definition.key} | ${name} | ${versions} | ${listeners} | ${difference} |`
}

function apisPage() {
  const comments = handlerComments()
  const lines = API_ROWS.filter(row => !row.isPrivate).map(row => apiLine(row, comments))
  const head = [
    '| key | API | versions | listeners | differences from Kafka |',
    '| --- | --- | --- | --- | --- |',
  ]
  return [APIS_INTRO, ...head, ...lines, ''].join('\n')
}

const METRICS_INTRO = `# Metrics and health

Made by \`node scripts/generate-docs.mjs\` from the table in \`packages/core/src/metrics\`: do not edit.

A node answers over HTTP at 127.0.0.1:8080, unless \`--http HOST:PORT\` (or \`weir.http.listen\`) names another address or
\`off\`; the nodes of \`--brokers N\` count up from it. An address that is taken is a warning, and the node runs without.

- \`/metrics\`: Prometheus text. \`/metrics?partitions=1\` adds the series of every partition, which may be many;
  \`/metrics?area=NAME\` leaves out all but one of process, requests, cluster, topics, replication, groups.
- \`/healthz\`: 200 while the process is alive.
- \`/readyz\`: 200 while the node serves: its broker is registered and not fenced, or, on a node that is a controller
  only, its quorum has a leader. 503 with the reason otherwise: during the start, too.

GET and HEAD only, without a password: names of topics and groups can be read there. Connections, headers and the time
that an exchange takes are bounded.

\`config/grafana/weir.json\` is a dashboard on these metrics. Latencies are counted in buckets that double, from
${LATENCY_BOUNDS_SECONDS[0] * 1e6} us to ${LATENCY_BOUNDS_SECONDS.at(-1).toFixed(1)} s. Topics beyond the first 500 are counted together as \`(others)\`; groups beyond the first 1,000
have no lag.
`

function metricLine({ name, kind, labels, isOnRequest, help }) {
  const shown = labels.map(label => `\`${label}\``).join(', ')
  return `| \`${name}\` | ${kind}${isOnRequest ? ', on request' : ''} | ${shown} | ${help} |`
}

function metricsPage() {
  const areas = Object.entries(METRIC_AREAS).flatMap(([title, rows]) => [
    `## ${title}\n`,
    '| metric | kind | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...rows.map(metricLine),
    '',
  ])
  return [METRICS_INTRO, ...areas].join('\n')
}

const pages = { 'config.md': configPage, 'apis.md': apisPage(), 'metrics.md': metricsPage() }
for (const key of unreadSettings()) {
  problems.push(`the setting ${key} is called supported, but nothing reads it`)
}
for (const [name, page] of Object.entries(pages)) {
  const file = join(ROOT, 'docs', name)
  if (existsSync(file) && readFileSync(file, 'utf8') === page) continue
  if (process.argv.includes('--check')) {
    problems.push(`docs/${name} is not up to date: run node scripts/generate-docs.mjs`)
  } else {
    writeFileSync(file, page)
    console.log(`wrote docs/${name}`)
  }
}
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
