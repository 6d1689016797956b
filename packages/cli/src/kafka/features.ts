// kafka-features
import { describeFeatures, type FeatureUpdate, updateFeatures } from '@weir/client'
import { KafkaError } from '@weir/protocol'
import { javaException, javaMessage } from './java-errors.ts'
import {
  featureRequirement,
  METADATA_FEATURE,
  metadataLevel,
  metadataVersionName,
  releaseFeatures,
} from './metadata-versions.ts'
import { ToolError, type ToolOptions } from './option-parser.ts'
import type { KafkaTool, ToolContext } from './tool.ts'

const CHANGE: ToolOptions = {
  feature: { value: 'required', repeats: true, doc: 'FEATURE=LEVEL (repeatable).' },
  metadata: { value: 'required', doc: 'The level of metadata.version, as 4.3-IV0.' },
  'release-version': { value: 'required', doc: 'All features as of this release.' },
  'dry-run': { value: 'none', doc: 'Only check whether it would work.' },
}
const UNSAFE: ToolOptions = {
  unsafe: { value: 'none', doc: 'Also where metadata would be lost.' },
}

export const featuresTool: KafkaTool = {
  description: 'This tool manages feature flags in Kafka.',
  options: {
    'bootstrap-server': { value: 'required', doc: 'The addresses of brokers.' },
    'bootstrap-controller': { value: 'required', doc: 'The addresses of controllers instead.' },
    'command-config': { value: 'required', doc: 'A file of client settings.' },
  },
  subcommands: {
    describe: { 'node-id': { value: 'required', doc: 'Ask this node.' } },
    upgrade: CHANGE,
    downgrade: { ...CHANGE, ...UNSAFE },
    disable: {
      feature: { value: 'required', repeats: true, doc: 'The feature (repeatable).' },
      'dry-run': { value: 'none', doc: 'Only check whether it would work.' },
      ...UNSAFE,
    },
    'version-mapping': {
      'release-version': { value: 'required', doc: 'The release; the newest if left out.' },
    },
    'feature-dependencies': {
      feature: { value: 'required', repeats: true, doc: 'FEATURE=LEVEL (repeatable).' },
    },
  },
  async run(context) {
    switch (context.subcommand) {
      case 'describe':
        return await describe(context)
      case 'upgrade':
      case 'downgrade':
      case 'disable':
        return await change(context, context.subcommand)
      case 'version-mapping':
        return printMapping(context)
      default:
        return printDependencies(context)
    }
  },
  fail(context, error) {
    context.printError(`${javaException(error)}\n`)
    return 1
  },
}

function requireServer({ options }: ToolContext): void {
  if (options.has('bootstrap-server') || options.has('bootstrap-controller')) return
  throw new ToolError(
    'Command line error: You must specify either --bootstrap-controller or --bootstrap-server.. Type --help for help.',
  )
}

async function describe(context: ToolContext): Promise<number> {
  requireServer(context)
  const nodeId = context.options.integer('node-id')
  const { epoch, features } = await describeFeatures(context.cluster, nodeId ?? 'any')
  for (const { name, minVersion, maxVersion, finalizedVersion } of features) {
    const level = (value: number): string =>
      name === METADATA_FEATURE ? metadataVersionName(value) : String(value)
    const cells = [
      `Feature: ${name.padEnd(NAME_WIDTH)}`,
      `SupportedMinVersion: ${level(minVersion).padEnd(LEVEL_WIDTH)}`,
      `SupportedMaxVersion: ${level(maxVersion).padEnd(LEVEL_WIDTH)}`,
      `FinalizedVersionLevel: ${level(finalizedVersion).padEnd(LEVEL_WIDTH)}`,
      `Epoch: ${epoch < 0 ? '-' : epoch}`,
    ]
    context.print(`${cells.join(' ')}\n`)
  }
  return 0
}

const NAME_WIDTH = 41
const LEVEL_WIDTH = 16

type Verb = 'upgrade' | 'downgrade' | 'disable'
const PAST: Readonly<Record<Verb, string>> = {
  upgrade: 'upgraded',
  downgrade: 'downgraded',
  disable: 'disabled',
}

async function change(context: ToolContext, verb: Verb): Promise<number> {
  requireServer(context)
  const { options } = context
  const updates = updatesOf(context, verb)
  const isDryRun = options.has('dry-run')
  const target = (update: FeatureUpdate): string => {
    return verb === 'disable' ? '' : ` to ${update.version}`
  }
  try {
    await updateFeatures(context.cluster, updates, { validateOnly: isDryRun })
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    for (const update of updates) {
      context.print(
        `${isDryRun ? 'Can' : 'Could'} not ${verb} ${update.name}${target(update)}. ${javaMessage(error)}\n`,
      )
    }
    throw new ToolError(`${updates.length} out of ${updates.length} operation(s) failed.`)
  }
  for (const update of updates) {
    const did = isDryRun ? 'can be' : 'was'
    context.print(`${update.name} ${did} ${PAST[verb]}${target(update)}.\n`)
  }
  return 0
}

function updatesOf(context: ToolContext, verb: Verb): FeatureUpdate[] {
  const { options } = context
  const down = options.has('unsafe') ? 'unsafe-downgrade' : 'safe-downgrade'
  const type = verb === 'upgrade' ? 'upgrade' : down
  const levels = new Map<string, number>()
  const release = options.value('release-version')
  if (release !== undefined) {
    if (options.has('metadata') || options.has('feature')) {
      throw new ToolError('Can not specify `release-version` with other feature flags.')
    }
    for (const [name, version] of releaseFeatures(release)) levels.set(name, version)
  }
  const metadata = options.value('metadata')
  if (metadata !== undefined) {
    context.print(' `metadata` flag is deprecated and may be removed in a future release.\n')
    levels.set(METADATA_FEATURE, metadataLevel(metadata))
  }
  for (const text of options.values('feature')) {
    if (verb === 'disable') {
      levels.set(text.trim(), 0)
      continue
    }
    const [name, version] = parseFeature(text)
    if (levels.has(name)) throw new ToolError(`Feature ${name} was specified more than once.`)
    levels.set(name, version)
  }
  if (levels.size === 0) throw new ToolError(`You must specify at least one feature to ${verb}`)
  const names = [...levels.keys()].sort()
  return names.map(name => ({ name, version: levels.get(name) ?? 0, type }))
}

function parseFeature(text: string): [string, number] {
  const at = text.indexOf('=')
  if (at < 0) {
    throw new ToolError(`Can't parse feature=level string ${text}: equals sign not found.`)
  }
  const level = text.slice(at + 1).trim()
  if (!/^\d{1,5}$/.test(level)) {
    throw new ToolError(
      `Can't parse feature=level string ${text}: unable to parse ${level} as a short.`,
    )
  }
  return [text.slice(0, at).trim(), Number(level)]
}

function printMapping(context: ToolContext): number {
  const release = context.options.value('release-version') ?? metadataVersionName(null)
  const features = releaseFeatures(release)
  const level = features.get(METADATA_FEATURE) ?? 0
  context.print(`${METADATA_FEATURE}=${level} (${release})\n`)
  for (const [name, version] of features) {
    if (name !== METADATA_FEATURE) context.print(`${name}=${version}\n`)
  }
  return 0
}

function printDependencies(context: ToolContext): number {
  for (const text of context.options.values('feature')) {
    const [name, version] = parseFeature(text)
    const needed = featureRequirement(name, version)
    const shown = name === METADATA_FEATURE ? ` (${metadataVersionName(version)})` : ''
    context.print(
      needed === null
        ? `${name}=${version}${shown} has no dependencies.\n`
        : `${name}=${version} requires:\n    ${METADATA_FEATURE}=${needed} (${metadataVersionName(needed)})\n`,
    )
  }
  return 0
}
