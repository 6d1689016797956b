// weir doctor: looks at an address, a configuration file or a data directory and says what is wrong.
import { defineCommand } from '../command.ts'
import { bootstrapText } from '../connect.ts'
import { checkAddresses } from '../doctor/check-address.ts'
import { checkConfigFile } from '../doctor/check-config.ts'
import { acceptDamage, checkDataDirectory } from '../doctor/check-data.ts'
import { checkMachine } from '../doctor/check-machine.ts'
import type { Finding } from '../doctor/finding.ts'
import { UsageError } from '../errors.ts'
import type { CliIo, Output } from '../io.ts'
import { bootstrapOption, jsonOption, yesOption } from '../options.ts'
import { confirm } from '../output/confirm.ts'
import { printJson } from '../output/json.ts'
import { type Style, styled } from '../output/style.ts'
import { parseDurationMs } from '../values/duration.ts'

export const doctorCommand = defineCommand({
  positionals: {},
  options: {
    ...bootstrapOption,
    ...jsonOption,
    config: { type: 'string', describe: 'Check this file of settings', requiresArg: true },
    'data-dir': { type: 'string', describe: 'Check this data directory', requiresArg: true },
    'accept-loss': {
      type: 'boolean',
      default: false,
      describe: 'Give up the damaged offsets of a data directory whose broker is stopped',
    },
    ...yesOption,
  },
  examples: [
    ['$0 doctor', 'can the broker be reached, and are its addresses right?'],
    ['$0 doctor --config server.properties', 'would a broker start with this?'],
    ['$0 doctor --data-dir ./data', 'is the data sound, is there room?'],
  ],
  async run({ io }, args) {
    const findings: Finding[] = []
    const config = args.config
    const dataDirectory = args['data-dir']
    if (args['accept-loss']) {
      if (dataDirectory === undefined) throw new UsageError('--accept-loss needs --data-dir')
      return await giveUp(io, dataDirectory, args.yes)
    }
    if (config !== undefined) findings.push(...checkConfigFile(config, io.env))
    if (dataDirectory !== undefined) findings.push(...(await checkDataDirectory(dataDirectory)))
    const isLocalOnly = config !== undefined || dataDirectory !== undefined
    if (isLocalOnly) findings.push(...checkMachine())
    if (!isLocalOnly || args.bootstrap !== undefined) {
      const timeoutMs = args.timeout === undefined ? 5_000 : parseDurationMs(args.timeout)
      const text = bootstrapText(io, args)
      const found = await checkAddresses(text, timeoutMs)
      if (found === null) throw new UsageError(`'${text}' is not HOST:PORT[,HOST:PORT...]`)
      findings.push(...found)
    }
    if (args.json) printJson(io, findings)
    else for (const finding of findings) void io.stdout.write(render(io.stdout, finding))
    return findings.some(finding => finding.level === 'bad') ? 1 : 0
  },
})

async function giveUp(io: CliIo, path: string, isConfirmed: boolean): Promise<number> {
  if (!isConfirmed) {
    await confirm(io, {
      warning: `This gives up every damaged offset in ${path}, for good; the damaged bytes are kept beside.`,
      expected: 'accept loss',
    })
  }
  const accepted = await acceptDamage(path)
  for (const { name, ranges } of accepted) {
    for (const { fromOffset, toOffset } of ranges) {
      void io.stdout.write(`Gave up offsets ${fromOffset} to ${toOffset - 1} of ${name}\n`)
    }
  }
  const next =
    accepted.length === 0
      ? 'Nothing is damaged.'
      : 'The next start reads the logs once more, as after a crash.'
  void io.stdout.write(`${next}\n`)
  return 0
}

const MARKS: Readonly<Record<Finding['level'], readonly [string, Style]>> = {
  good: ['ok  ', 'green'],
  doubtful: ['note', 'yellow'],
  bad: ['bad ', 'red'],
}

function render(output: Output, finding: Finding): string {
  const [mark, style] = MARKS[finding.level]
  const advice = finding.advice === '' ? '' : `\n     ${finding.advice}`
  return `${styled(output, style, mark)} ${finding.what}${advice}\n`
}
