import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Lists that the pages offer, from the contract: no server source is in the bundle. */
function auditEvents(): string[] {
  const { paths } = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8'))
  const parameters: { name: string; schema: { enum?: string[] } }[] = paths['/v1/audit-logs'].get.parameters
  return [...(parameters.find(({ name }) => name === 'event')?.schema.enum ?? [])].sort()
}

/** Compressed once, here: the server sends what the browser takes. */
const compressed = (): Plugin => ({
  name: 'compressed',
  writeBundle({ dir = '' }, bundle) {
    for (const name of Object.keys(bundle).filter((file) => /\.(?:js|css|svg)$/.test(file))) {
      const bytes = readFileSync(join(dir, name))
      writeFileSync(join(dir, `${name}.br`), brotliCompressSync(bytes))
      writeFileSync(join(dir, `${name}.gz`), gzipSync(bytes))
    }
  },
})

export default defineConfig({
  // The server writes its own path before it (surfaces/dashboard.ts).
  base: './',
  plugins: [react(), compressed()],
  define: { __AUDIT_EVENTS__: JSON.stringify(auditEvents()) },
  build: {
    // Nothing inline: the policy of the page allows neither inline scripts and styles nor `data:` (surfaces/dashboard.ts).
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
  },
})
