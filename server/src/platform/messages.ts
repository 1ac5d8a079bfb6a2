import { z } from 'zod'

const article = (word: string) => (/^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`)

/** Sentences for what Zod finds, where a schema does not bring its own: short, and readable after the field's name. */
function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type')
    return issue.input === undefined ? 'is required' : `must be ${article(String(issue.expected))}`
  if (issue.code === 'invalid_value') {
    return issue.input === undefined
      ? 'is required'
      : `must be one of ${issue.values.slice(0, 12).map(String).join(', ')}`
  }
  return undefined
}

z.config({ customError: sentence })

/** For a schema's own sentence: a value that is absent is said to be required, not to be wrong. */
export const must = (message: string) => ({
  error: (issue: z.core.$ZodRawIssue) => (issue.input === undefined ? 'is required' : message),
})
