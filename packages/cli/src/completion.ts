// Shell completion: the script that a shell loads, and the words that it asks us for. Names of topics
// and groups come from the cluster; when that does not answer quickly there are simply none.
import type { Command, CommandNode, CompletionSource } from './command.ts'
import { nodeName } from './command.ts'
import { UsageError } from './errors.ts'
import type { CliIo } from './io.ts'

/**
 * What every shell takes as it is. A group may be named by anyone who reaches the broker: a name like
 * `$(rm -r ~)` must not get onto the line of who presses Tab.
 */
const HARMLESS_NAME = /^[\w.:/@%+=,-]+$/

const SHELLS: ReadonlyMap<string, string> = new Map([
  [
    'bash',
    `# weir: completion for bash. Load it with:  source <(weir completion bash)
_weir_completions() {
  local reply
  COMPREPLY=()
  while IFS= read -r reply; do COMPREPLY+=("$reply"); done < <(weir --get-completions "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _weir_completions weir
`,
  ],
  [
    'zsh',
    `#compdef weir
# weir: completion for zsh. Load it with:  source <(weir completion zsh)
_weir() {
  local -a replies
  replies=("\${(@f)$(weir --get-completions "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$replies" ]]; then compadd -- $replies; else _files; fi
}
compdef _weir weir
`,
  ],
  [
    'fish',
    `# weir: completion for fish. Load it with:  weir completion fish | source
complete -c weir -f -a '(weir --get-completions (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
  ],
])

/** `shell` is a name or a path that ends in one, as in $SHELL. */
export function completionScript(shell: string): string {
  const name = shell.slice(shell.lastIndexOf('/') + 1)
  const script = SHELLS.get(name)
  if (script === undefined) {
    throw new UsageError(
      `no completion for '${name}': name one of ${[...SHELLS.keys()].join(', ')}`,
    )
  }
  return script
}

/** Prints one candidate a line for the last of the words, which may be empty. */
export async function completeWords(
  io: CliIo,
  tree: readonly CommandNode[],
  words: readonly string[],
): Promise<void> {
  const current = words.at(-1) ?? ''
  const candidates = await candidatesFor(io, tree, words.slice(0, -1), current)
  const matching = candidates.filter(
    candidate => candidate.startsWith(current) && HARMLESS_NAME.test(candidate),
  )
  void io.stdout.write(matching.map(candidate => `${candidate}\n`).join(''))
}

async function candidatesFor(
  io: CliIo,
  tree: readonly CommandNode[],
  before: readonly string[],
  current: string,
): Promise<readonly string[]> {
  let level: readonly CommandNode[] | undefined = tree
  let leaf: CommandNode | undefined
  let depth = 0
  for (const word of before) {
    const found: CommandNode | undefined = level?.find(node => nodeName(node) === word)
    if (found === undefined) continue
    leaf = found
    depth++
    level = found.children
  }
  if (level !== undefined) {
    const names = level.map(nodeName)
    return leaf === undefined
      ? [...names, 'completion', '--help', '--version']
      : [...names, '--help']
  }
  const command = await leaf?.load?.()
  if (command === undefined) return []
  const option = optionNamed(command, before.at(-1) ?? '')
  if (option?.choices !== undefined) return option.choices.map(String)
  if (option?.source !== undefined) return await namesOf(io, option.source, before)
  if (option?.takesValue === true) return []
  if (current.startsWith('-')) {
    return [...Object.keys(command.options).map(name => `--${name}`), '--help']
  }
  const sources = command.completePositional ?? []
  const source = sources[positionalsIn(command, before, depth)] ?? sources.at(-1) ?? 'none'
  return await namesOf(io, source, before)
}

/** How many positionals stand before the word, behind the command's own names. */
function positionalsIn(command: Command, before: readonly string[], depth: number): number {
  const isValue = (index: number): boolean =>
    optionNamed(command, before[index - 1] ?? '')?.takesValue === true
  const words = before.filter((word, index) => !word.startsWith('-') && !isValue(index))
  return Math.max(0, words.length - depth)
}

interface CompletableOption {
  readonly takesValue: boolean
  readonly choices?: readonly unknown[]
  readonly source?: CompletionSource
}

function optionNamed(command: Command, word: string): CompletableOption | null {
  if (!word.startsWith('-')) return null
  const name = word.replace(/^-+/, '')
  for (const [key, option] of Object.entries(command.options)) {
    if (key !== name && option.alias !== name) continue
    const takesValue = option.type !== 'boolean'
    if (Array.isArray(option.choices)) return { takesValue, choices: option.choices }
    if (key === 'group') return { takesValue, source: 'groups' }
    if (key === 'topic' || key === 'topics') return { takesValue, source: 'topics' }
    return { takesValue }
  }
  return null
}

const TIMEOUT = '1s'

async function namesOf(
  io: CliIo,
  source: CompletionSource,
  before: readonly string[],
): Promise<readonly string[]> {
  if (source === 'none') return []
  try {
    if (source === 'settings') return await settingNames()
    const { connect } = await import('./connect.ts')
    const { listGroups, listTopics } = await import('@weir/client')
    const at = before.findIndex(word => word === '--bootstrap' || word === '-b')
    const bootstrap = at < 0 ? undefined : before[at + 1]
    const cluster = connect(io, { bootstrap, timeout: TIMEOUT })
    try {
      const groups = source === 'topics' ? [] : await listGroups(cluster)
      const groupIds = groups.map(group => group.groupId)
      if (source === 'groups') return groupIds
      const topics = await listTopics(cluster)
      const names = topics.filter(topic => !topic.isInternal).map(topic => topic.name)
      if (source === 'topics') return names
      return [
        'broker',
        ...[...cluster.brokers.keys()].map(id => `broker/${id}`),
        ...names.map(name => `topic/${name}`),
        ...groupIds.map(id => `group/${id}`),
      ]
    } finally {
      cluster.close()
    }
  } catch {
    // A shell that completes has no use for the reason why there are no names.
    return []
  }
}

async function settingNames(): Promise<string[]> {
  const { allGroupRows, allTopicRows, brokerRows } = await import('@weir/settings')
  const names = [...allTopicRows(), ...brokerRows(), ...allGroupRows()].map(row => row.key)
  return [...new Set(names)].sort()
}
