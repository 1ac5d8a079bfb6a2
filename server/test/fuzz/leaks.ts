import type { Answer } from '../harness.ts'

/** Words of a stack, a library or the database: nobody outside is to read them. */
const internals =
  /\n\s+at |\bat \S+ \(|node:internal|node_modules|\.[jt]s:\d+|prisma|\bP[12]0\d\d\b|postgres|pglite|sqlstate|syntax error|violates|duplicate key|constraint|relation \\?"|column \\?"|ZodError|TRPCError|FST_ERR|\bE(?:CONN|NOENT|PIPE|ADDR)\w*|(?:Type|Reference|Range|Syntax)Error|cannot read prop|is not a function|is not iterable|unexpected token|file:\/\//i

/** What every secret of this product looks like, and tokens. */
const secretShape =
  /\b(?:tm_key|sec|clm|dvc|emt|ac|rt)_[0-9A-Za-z]{20,}|\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]+|\bwhsec_[\w+/=]{20,}/g
/** Anything as long as a challenge or a key. */
const longRun = /[\w-]{22,}/g

export type LeakWatch = {
  /** A secret that no later answer and no log line may hold. */
  learn(secret: string): void
  /** What is wrong with an answer, in words. */
  inAnswer(answer: Answer): string[]
  /** What is wrong with a finished log line. */
  inLine(line: string): string[]
}

/** Remembers every secret it saw handed out, and finds it where it is told a second time. */
export function watchLeaks(): LeakWatch {
  const known = new Set<string>()

  const told = (text: string) =>
    [...(text.match(longRun) ?? []), ...(text.match(secretShape) ?? [])].filter((run) => known.has(run))

  return {
    learn(secret) {
      known.add(secret)
    },
    inAnswer({ status, headers, body, text }) {
      const found: string[] = []
      const all = `${JSON.stringify(headers)}\n${text}`
      // A stored answer is given again with its secret, to whoever has its key.
      if (headers['idempotent-replayed'] !== 'true') {
        for (const secret of new Set(told(all))) found.push(`a secret is told again: ${secret.slice(0, 12)}…`)
      }
      const secrets = text.match(secretShape) ?? []
      if (status >= 400) {
        if (secrets.length > 0) found.push(`an error with something like a secret: ${secrets[0]?.slice(0, 12)}…`)
      } else {
        for (const secret of secrets) known.add(secret)
        const challenge: unknown = body?.data?.challenge?.challenge
        if (typeof challenge === 'string') known.add(challenge)
      }
      // Of results by the line, each may be an error of its own.
      const words = status >= 400 || headers['content-type']?.includes('ndjson') ? text.match(internals) : null
      if (words) found.push(`an error with words of the inside: ${words[0]}`)
      if (headers['x-injected'] !== undefined) found.push('a header of the caller is in the answer')
      return found
    },
    inLine(line) {
      const found: string[] = []
      for (const run of told(line)) found.push(`a log line has a secret: ${run.slice(0, 12)}…`)
      for (const shape of line.match(secretShape) ?? []) found.push(`a log line has ${shape.slice(0, 12)}…`)
      if (/"level":"(?:error|fatal)"/.test(line)) found.push(`a fault was logged: ${line.slice(0, 2000)}`)
      if (line.trimEnd().includes('\n')) found.push('one log entry has several lines')
      return found
    },
  }
}
