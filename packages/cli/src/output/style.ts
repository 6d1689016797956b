// Colours, only where the output is a terminal that wants them.
import { styleText } from 'node:util'
import type { Output } from '../io.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export function styled(output: Output, style: Style, text: string): string {
  if (!output.hasColors || text === '') return text
  // The output has decided already; it need not be the standard one.
  return styleText(style, text, { validateStream: false })
}
