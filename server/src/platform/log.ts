import { pino } from 'pino'

export type Log = pino.Logger

/** Anything shaped like a secret of ours, or a bearer token, wherever it stands in a line. */
const secretShape =
  /\b(?:tm_key|sec|clm|dvc|emt|ac|rt)_[0-9A-Za-z]{20,}\b|\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*|\bwhsec_[\w+/=]{20,}/g

/** Blanks whatever looks like a secret; JSON escaping already neutralises CR, LF and ANSI (security 233). */
export const redact = (line: string): string => line.replace(secretShape, '[redacted]')

/** What is worth reading of an error: drivers hang whole connections on theirs. */
function describe(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack, cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  return { name, message, ...code, stack, ...(cause === undefined ? {} : { cause: describe(cause) }) }
}

/**
 * @param level pino level, or `silent`
 * @param write where a finished line goes; standard output unless a test captures it
 */
export function createLog(
  level: string,
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Log {
  return pino(
    {
      level,
      base: null,
      serializers: { err: describe },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['authorization', '*.authorization', 'cookie', '*.cookie'], censor: '[redacted]' },
    },
    { write: (line: string) => write(redact(line)) },
  )
}
