// What kafka-reassign-partitions refuses itself, as the Java tool shows it.
import { ToolError } from './option-parser.ts'

export function failure(message: string): ToolError {
  return new ToolError(
    `Error: ${message}\norg.apache.kafka.tools.AdminCommandFailedException: ${message}`,
    { stream: 'stdout' },
  )
}
