// What a controller's own file of settings, and the data directory that it names, say about it.
import { join } from 'node:path'
import type { NewVoter } from '@weir/client'
import { parseListener } from '@weir/settings'
import { ToolError } from './option-parser.ts'
import { readProperties } from './tool.ts'

/** Throws ToolError in the words of the Java tool. */
export function newController(path: string): NewVoter {
  const properties = readProperties(path)
  const nodeId = properties.get('node.id')
  if (nodeId === undefined)
    throw new ToolError(
      'node.id not found in configuration file. Is this a valid controller configuration file?',
    )
  const directory = metadataDirectory(properties)
  const directoryId = readProperties(join(directory, 'meta.properties')).get('directory.id')
  if (directoryId === undefined) throw new ToolError(`No directory id found in ${directory}`)
  const roles = properties.get('process.roles') ?? ''
  if (!roles.split(',').some(role => role.trim() === 'controller')) {
    throw new ToolError(
      'process.roles did not contain controller in configuration file. Is this a valid controller configuration file?',
    )
  }
  const names = (properties.get('controller.listener.names') ?? 'CONTROLLER')
    .toUpperCase()
    .split(',')
  const texts = [
    ...split(properties.get('advertised.listeners')),
    ...split(properties.get('listeners')),
  ]
  const listeners = names.flatMap(name => {
    const all = texts.flatMap(text => parseListener(text) ?? [])
    return all.find(each => each.name === name.trim()) ?? []
  })
  if (listeners.length === 0) {
    throw new ToolError(`No controller listeners found in configuration file ${path}`)
  }
  return { nodeId: Number(nodeId), directoryId, listeners }
}

function metadataDirectory(properties: ReadonlyMap<string, string>): string {
  const [first] = split(properties.get('log.dirs') ?? properties.get('log.dir'))
  const directory = properties.get('metadata.log.dir') ?? first
  if (directory === undefined) {
    throw new ToolError(
      'Neither metadata.log.dir nor log.dirs were found. Is this a valid controller configuration file?',
    )
  }
  return directory
}

function split(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}
