// The options of a script, as parseArgs of node:util takes them. `--help` prints the comment at the top
// of the script and what there is; a mistake is one line and exit code 2.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

export function readOptions(options = {}) {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } } })
    if (!values.help) return values
  } catch (error) {
    const [sentence] = error.message.split('. ')
    console.error(`${sentence} (--help tells what there is)`)
    process.exit(2)
  }
  showHelp(options)
}

export function showHelp(options = {}) {
  const lines = [headComment(process.argv[1])]
  for (const [name, { type, default: standard }] of Object.entries(options)) {
    const value = type === 'string' ? ' VALUE' : ''
    const unless = standard ? `${standard} unless given` : ''
    lines.push(`  ${`--${name}${value}`.padEnd(22)} ${unless}`.trimEnd())
  }
  console.log(lines.join('\n'))
  process.exit(0)
}

function headComment(path) {
  const lines = readFileSync(path, 'utf8').split('\n')
  const end = lines.findIndex(line => !line.startsWith('//'))
  return `${lines
    .slice(0, end)
    .map(line => line.slice(3))
    .join('\n')}\n`
}
