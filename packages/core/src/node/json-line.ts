// One line of the log as JSON, in the shape that pino gives it: level and time as numbers, the fields,
// `msg` last. Anything can be a field: what JSON cannot say is said in words, and nothing throws.

import type { LogFields } from '../env.ts'

/** Own properties of an error that say something (`code`, `path`), beside what every error has. */
function plainError(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error
  return { ...error, type: name, message, stack, ...(cause === undefined ? {} : { cause }) }
}

function plainValue(_key: string, value: unknown): unknown {
  if (value instanceof Error) return plainError(value)
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  return typeof value === 'bigint' ? String(value) : value
}

function fieldText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, plainValue)
  } catch {
    // It refers to itself, or its toJSON throws: the line is worth more than the field.
    return '"[cannot be written as JSON]"'
  }
}

export function jsonLine(
  level: number,
  timeMs: number,
  message: string,
  fields: LogFields,
): string {
  let line = `{"level":${level},"time":${timeMs}`
  for (const key of Object.keys(fields)) {
    const text = fieldText(fields[key])
    if (text !== undefined) line += `,${JSON.stringify(key)}:${text}`
  }
  return `${line},"msg":${JSON.stringify(message)}}\n`
}
