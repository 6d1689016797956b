// Would a node start with this file of settings?
import { readFileSync } from 'node:fs'
import { errorMessage, OperatorError } from '@weir/core'
import { type BrokerSettings, dataDirectories, loadSettings, nodeListeners } from '@weir/settings'
import { bad, doubtful, type Finding, good } from './finding.ts'

/** A node that is a controller only has none for clients. */
function addresses(settings: BrokerSettings): string {
  const { clients, controller } = nodeListeners(settings)
  const [who, listeners] = clients.length > 0 ? ['clients', clients] : ['controllers', [controller]]
  const shown = listeners.flatMap(each =>
    each ? [`${each.name}://${each.host}:${each.port}`] : [],
  )
  return `${who} at ${shown.join(', ')}`
}

export function checkConfigFile(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Finding[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return [
      bad(
        `${path} cannot be read (${errorMessage(error)})`,
        'Correct the name or its permissions.',
      ),
    ]
  }
  try {
    const { settings, warnings } = loadSettings({ file: { name: path, text }, environment })
    return [
      good(`${path} is valid: node ${settings.get('node.id')}, ${addresses(settings)}`),
      good(`its data is in ${dataDirectories(settings).join(', ')}`),
      ...warnings.map(warning => doubtful(warning, '')),
    ]
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return error.message
      .split('\n')
      .map(line => bad(line, "'weir configs explain NAME' tells what a setting takes."))
  }
}
