/** What every secret of ours that a scanner should find looks like (agents.md §6). */
export const secretPattern = '\\b(?:tm_key|sec)_[0-9A-Za-z]{49}\\b'

const kinds = [
  {
    id: 'trymellon-secret-key',
    type: 'trymellon_secret_key',
    prefix: 'tm_key',
    about: 'TryMellon secret key of an agent',
  },
  { id: 'trymellon-client-secret', type: 'trymellon_client_secret', prefix: 'sec', about: 'TryMellon client secret' },
] as const

const pattern = (prefix: string): string => `\\b${prefix}_[0-9A-Za-z]{49}\\b`

const gitleaks = kinds
  .map(({ id, prefix, about }) =>
    [
      '[[rules]]',
      `id = "${id}"`,
      `description = "${about}"`,
      `regex = '''${pattern(prefix)}'''`,
      `keywords = ["${prefix}_"]`,
    ].join('\n'),
  )
  .join('\n\n')

const trufflehog = [
  'detectors:',
  ...kinds.flatMap(({ id, prefix }) => [
    `  - name: ${id}`,
    '    keywords:',
    `      - ${prefix}_`,
    '    regex:',
    `      secret: '${pattern(prefix)}'`,
  ]),
].join('\n')

/**
 * For whoever scans code for leaked secrets: what ours look like, how to tell a real one without asking, where to report
 * it, and ready rules for two scanners.
 */
export const scanningDocument = (publicUrl: string) => ({
  pattern: secretPattern,
  patterns: kinds.map(({ type, prefix, about }) => ({ type, description: about, regex: pattern(prefix) })),
  checksum: {
    algorithm: 'crc32',
    alphabet: '0-9A-Za-z',
    length: 6,
    description:
      'The last 6 characters are the CRC-32 (IEEE) of all characters before them, in base62, left-padded with 0.',
  },
  report_url: `${publicUrl}/v1/keys/report-leak`,
  rules: { gitleaks: `${gitleaks}\n`, trufflehog: `${trufflehog}\n` },
})
