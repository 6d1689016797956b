// Reads scenario files: blocks of a command with its arguments, a line `----`, and the expected
// output up to an empty line. Lines that begin with # are comments and stay where they are.

export interface Step {
  /** Comments in front of the command. */
  readonly comments: readonly string[]
  readonly command: string
  /** Words without `=`. */
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
  readonly line: string
}

const SEPARATOR = '----'

export function parseScript(text: string): Step[] {
  const steps: Step[] = []
  let comments: string[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line.trim() === '' || line.startsWith('#')) {
      if (line !== '' || comments.length > 0) comments.push(line)
      continue
    }
    if (lines[at + 1] !== SEPARATOR) throw new Error(`line ${at + 2}: ${SEPARATOR} expected`)
    at += 2
    while (at < lines.length && lines[at] !== '') at++
    steps.push({ comments, ...parseLine(line), line })
    comments = []
  }
  return steps
}

function parseLine(line: string) {
  const [command = '', ...rest] = line.split(/\s+/)
  const words = rest.filter(each => !each.includes('='))
  const options = new Map<string, string>()
  for (const each of rest) {
    const at = each.indexOf('=')
    if (at > 0) options.set(each.slice(0, at), each.slice(at + 1))
  }
  return { command, words, options }
}

/** The script with the given outputs, one for each step. */
export function formatScript(steps: readonly Step[], outputs: readonly string[]): string {
  const blocks = steps.map((step, index) => {
    const output = outputs[index] ?? ''
    const lines = [...step.comments, step.line, SEPARATOR]
    if (output !== '') lines.push(output)
    return `${lines.join('\n')}\n`
  })
  return blocks.join('\n')
}
