// What the drop-in scripts have in common: options, the cluster, errors, exit codes.
import { readFileSync } from 'node:fs'
import { Cluster, parseAddresses } from '@weir/client'
import { createClientEnv } from '../client-env.ts'
import type { CliIo } from '../io.ts'
import { parseSubcommand } from './argparse.ts'
import { javaException } from './java-errors.ts'
import {
  type ParsedOptions,
  parseOptions,
  renderUsage,
  ToolError,
  type ToolOptions,
} from './option-parser.ts'

/** The version of Kafka whose tools these are. */
const KAFKA_VERSION = '4.3.1'
const REQUEST_TIMEOUT_MS = 30_000
const RETRY_TIMEOUT_MS = 60_000

export interface KafkaTool {
  /** The first line of --help. */
  readonly description: string
  readonly options: ToolOptions
  /** Commands of the tool, with options of their own; exactly one is given then. */
  readonly subcommands?: Readonly<Record<string, ToolOptions>>
  /** Resolves to the exit code. */
  run(context: ToolContext): Promise<number>
  /** How an error that is no ToolError is shown; standard error and exit code 1 if absent. */
  fail?(context: ToolContext, error: unknown): number
}

export class ToolContext {
  readonly io: CliIo
  readonly options: ParsedOptions
  readonly words: readonly string[]
  /** Which of the tool's subcommands; empty if it has none. */
  readonly subcommand: string
  #cluster: Cluster | null = null

  constructor(
    io: CliIo,
    parsed: { readonly options: ParsedOptions; readonly subcommand?: string },
    words: readonly string[],
  ) {
    this.io = io
    this.options = parsed.options
    this.subcommand = parsed.subcommand ?? ''
    this.words = words
  }

  /** The cluster of --bootstrap-server, made on first use. Throws ToolError. */
  get cluster(): Cluster {
    this.#cluster ??= this.#connect()
    return this.#cluster
  }

  print(text: string): void {
    void this.io.stdout.write(text)
  }

  printError(text: string): void {
    void this.io.stderr.write(text)
  }

  /** A line as the Java tools' logger writes it. */
  log(level: 'WARN' | 'ERROR', text: string, logger: string): void {
    const time = new Date().toISOString().replace('T', ' ').replace('.', ',').replace('Z', '')
    this.printError(`[${time}] ${level} ${text} (${logger})\n`)
  }

  close(): void {
    this.#cluster?.close()
  }

  #connect(): Cluster {
    const text =
      this.options.value('bootstrap-server') ?? this.options.value('bootstrap-controller') ?? ''
    const bootstrap = parseAddresses(text)
    if (bootstrap === null) {
      throw new ToolError(`Invalid url in bootstrap.servers: ${text}`)
    }
    const properties = this.#commandConfig()
    return new Cluster(createClientEnv(), {
      bootstrap,
      clientId: properties.get('client.id') ?? 'adminclient-1',
      requestTimeoutMs: timeoutOf(properties, 'request.timeout.ms', REQUEST_TIMEOUT_MS),
      retryTimeoutMs: timeoutOf(properties, 'default.api.timeout.ms', RETRY_TIMEOUT_MS),
    })
  }

  /** Settings for the client from --command-config; those we do not have are ignored. */
  #commandConfig(): Map<string, string> {
    const path = this.options.value('command-config')
    if (path === undefined) return new Map()
    const properties = readProperties(path)
    const protocol = properties.get('security.protocol') ?? 'PLAINTEXT'
    if (protocol !== 'PLAINTEXT') {
      throw new ToolError(`security.protocol ${protocol} is not supported by this script yet`)
    }
    return properties
  }
}

function timeoutOf(properties: Map<string, string>, key: string, defaultMs: number): number {
  const text = properties.get(key)
  if (text === undefined) return defaultMs
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new ToolError(`Invalid value ${text} for configuration ${key}: Not a number of type INT`)
}

/** Runs one script and resolves to its exit code. */
export async function runTool(
  tool: KafkaTool,
  io: CliIo,
  words: readonly string[],
): Promise<number> {
  const table: ToolOptions = {
    ...tool.options,
    help: { value: 'none', doc: 'Print usage information.' },
    version: { value: 'none', doc: 'Display Kafka version.' },
  }
  let context: ToolContext | null = null
  try {
    const parsed =
      tool.subcommands === undefined
        ? { options: parseOptions(words, table) }
        : parseSubcommand(words, table, tool.subcommands)
    const { options } = parsed
    context = new ToolContext(io, parsed, words)
    if (words.length === 0 || options.has('help')) {
      throw new ToolError(tool.description, { showsUsage: true })
    }
    if (options.has('version')) {
      context.print(`${KAFKA_VERSION}\n`)
      return 0
    }
    return await tool.run(context)
  } catch (error) {
    if (error instanceof ToolError) {
      const output = error.stream === 'stdout' ? io.stdout : io.stderr
      void output.write(`${error.message}\n`)
      if (error.showsUsage) void io.stderr.write(usageOf(tool, table))
      return 1
    }
    if (context !== null && tool.fail !== undefined) return tool.fail(context, error)
    void io.stderr.write(`${javaException(error)}\n`)
    return 1
  } finally {
    context?.close()
  }
}

function usageOf(tool: KafkaTool, table: ToolOptions): string {
  const parts = [renderUsage(table)]
  for (const [name, options] of Object.entries(tool.subcommands ?? {})) {
    parts.push(`\n${name}\n${renderUsage(options)}`)
  }
  return parts.join('')
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ToolError(`java.nio.file.NoSuchFileException: ${path}`, { cause: error })
  }
}

export function readProperties(path: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of readText(path).split('\n')) {
    const match = /^\s*([^#!\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line)
    if (match !== null) properties.set(match[1] ?? '', match[2] ?? '')
  }
  return properties
}

/** A name pattern of the Java tools: a list with commas, of which each is a regular expression. */
export function namePattern(text: string): RegExp {
  const cleaned = text.replaceAll(/["'\s]/g, '').replaceAll(',', '|')
  try {
    return new RegExp(`^(?:${cleaned})$`)
  } catch {
    throw new ToolError(`${text} is an invalid regex.`)
  }
}

const INTERNAL_TOPICS = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
])

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** A list of numbers with commas. Throws ToolError. */
export function parseIds(text: string): number[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(item => {
      if (/^\d{1,9}$/.test(item)) return Number(item)
      throw new ToolError(`For input string: "${item}"`)
    })
}

/** printf's %-Ns. */
export function left(text: string | number | null, width: number): string {
  return String(text ?? '-').padEnd(width)
}
