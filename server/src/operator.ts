import { ConfigError, readConfig } from './config.ts'
import { operate } from './operator/commands.ts'
import { createLog } from './platform/log.ts'
import { open } from './start.ts'

// What only whoever runs the server may do, from its own machine: nothing of it can be reached over HTTP.
const [name = 'help', ...words] = process.argv.slice(2).filter((word) => word !== '--')

try {
  const config = readConfig()
  const { app, release } = await open(config, createLog('warn'))
  try {
    process.stdout.write(`${await operate(app.deps, name, words)}\n`)
  } finally {
    await app.close()
    await release()
  }
} catch (error) {
  const reason = (error as Error).message
  process.stderr.write(`${error instanceof ConfigError ? `The settings are not valid:\n${reason}` : reason}\n`)
  process.exitCode = 1
}
