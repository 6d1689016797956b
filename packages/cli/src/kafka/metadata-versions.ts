// Names of the levels of metadata.version, and what each Kafka release turns on with its level.
import { ToolError } from './option-parser.ts'

export const METADATA_FEATURE = 'metadata.version'

/** From level 7, the first there was. */
const FIRST_LEVEL = 7
const LEVELS: readonly string[] =
  '3.3-IV3 3.4-IV0 3.5-IV0 3.5-IV1 3.5-IV2 3.6-IV0 3.6-IV1 3.6-IV2 3.7-IV0 3.7-IV1 3.7-IV2 3.7-IV3 3.7-IV4 3.8-IV0 3.9-IV0 4.0-IV0 4.0-IV1 4.0-IV2 4.0-IV3 4.1-IV0 4.1-IV1 4.2-IV0 4.2-IV1 4.3-IV0 4.4-IV0'.split(
    ' ',
  )
/** The newest that is not in the making. */
const NEWEST = '4.3-IV0'

/** Other features, and from which metadata.version on a release has them at which level. */
const FEATURES: readonly (readonly [string, number, number])[] = [
  ['kraft.version', 21, 1],
  ['transaction.version', 24, 2],
  ['group.version', 22, 1],
  ['eligible.leader.replicas.version', 26, 1],
  ['share.version', 28, 1],
  ['streams.version', 29, 1],
]

/** Null: the newest. A level without a name is its number. */
export function metadataVersionName(level: number | null): string {
  return level === null ? NEWEST : (LEVELS[level - FIRST_LEVEL] ?? String(level))
}

/** Of `4.3-IV0` or `4.3`, a release. Throws ToolError. */
export function metadataLevel(name: string): number {
  const exact = LEVELS.indexOf(name)
  const index = exact >= 0 ? exact : LEVELS.findLastIndex(each => each.startsWith(`${name}-IV`))
  if (index >= 0) return index + FIRST_LEVEL
  throw new ToolError(
    `Unknown metadata.version '${name}'. Supported metadata.version are: ${LEVELS.join(', ')}`,
  )
}

/** metadata.version first. Throws ToolError. */
export function releaseFeatures(release: string): Map<string, number> {
  const level = metadataLevel(release)
  return new Map([
    [METADATA_FEATURE, level],
    ...FEATURES.map(([name, since, version]): [string, number] => [
      name,
      level >= since ? version : 0,
    ]),
  ])
}

/** The metadata.version that a feature needs; null for none. Throws ToolError. */
export function featureRequirement(name: string, version: number): number | null {
  if (name === METADATA_FEATURE) return null
  const feature = FEATURES.find(([known]) => known === name)
  if (feature === undefined) throw new ToolError(`Unknown feature: ${name}`)
  if (version > feature[2]) throw new ToolError(`No feature:${name} with feature level ${version}`)
  return name === 'eligible.leader.replicas.version' && version > 0 ? 23 : null
}
