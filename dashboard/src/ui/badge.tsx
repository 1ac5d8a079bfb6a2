const tones: Readonly<Record<string, string>> = {
  active: 'good',
  success: 'good',
  suspended: 'bad',
  disabled: 'bad',
  failed: 'bad',
  locked: 'bad',
}

/** A state in a word; its colour says nothing that the word does not. */
export function Badge({ state }: { state: string }) {
  return <span className={`badge ${tones[state] ?? ''}`}>{state}</span>
}
