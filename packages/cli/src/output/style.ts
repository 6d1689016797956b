// Colours, only where the output is a terminal that wants them.
import { styleText } from 'node:util'
import type { Output } from '../io.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export function styled(output: Output, style: Style, text: string): string {
  return output.hasColors && text !== '' ? styleText(style, text) : text
}
