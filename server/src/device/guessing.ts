import { userCodeAlphabet, userCodeLength } from './user-code.ts'

/** Seconds that a user code can be entered (agents.md §15). */
export const codeSeconds = 900

/** Codes that may be live at once on all instances together. */
export const liveCodes = 10_000

/**
 * Entries that hit no code which was ever issued, by everybody together, in one window as long as a code lives. Once they
 * are used up, a code can be entered only from the network that asked for it, until the window ends: a stranger guesses no
 * further, and whoever sits at the same desk as the program is not locked out by one.
 */
export const blindGuesses = 2

/** Windows that the life of one code touches at most: they are fixed, and begin at the first miss. */
export const windowsPerLife = 2

/** How many codes there are. */
export const codeSpace = userCodeAlphabet.length ** userCodeLength

/** Chance that guessing from elsewhere finds one given code within its life. */
export const chanceOfOne = (windowsPerLife * blindGuesses) / codeSpace

/** Codes that guessing from elsewhere finds within one life on average, with so many live. */
export const expectedFinds = (live: number): number => live * chanceOfOne
